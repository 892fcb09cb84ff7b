/* `loadtop clean RUN.json`: removes exactly what that run left behind.
 *
 * What it was stands in the saved run; how it is removed is the backend's. Nothing is guessed: what
 * the file does not name stays. */
#ifndef LOADTOP_UI_CLI_CLEAN_H
#define LOADTOP_UI_CLI_CLEAN_H

struct backend;
struct cli;

/* Carries out the verb and returns the exit code: 0, 1 (something could not be removed), 2, 3. */
int clean_run(const struct cli *, const struct backend *const *backends);

#endif
