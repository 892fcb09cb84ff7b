/* `loadtop clean RUN.json`: removes exactly the leftovers of that run.
 *
 * The saved run lists them, and the backend removes them. Nothing is guessed: objects that the file
 * does not name are kept. */
#ifndef LOADTOP_UI_CLI_CLEAN_H
#define LOADTOP_UI_CLI_CLEAN_H

struct backend;
struct cli;

/* Executes the verb and returns the exit code: 0, 1 (something could not be removed), 2, 3. */
int clean_run(const struct cli *, const struct backend *const *backends);

#endif
