/* The run without a screen: progress on stderr, then the outcome. */
#ifndef LOADTOP_UI_CLI_HEADLESS_H
#define LOADTOP_UI_CLI_HEADLESS_H

struct backend;
struct cli;
struct scenario;

/* Runs the scenario, --repeat times, writes its outcome, and returns the exit code. `command`
 * repeats the run and goes into the JSON. Call it while the process has one thread, because it
 * blocks and handles the signals of ui/base/end_signal.h. After a signal the engine may still be
 * running when this returns: the caller must end the process. */
int headless_run(const struct cli *, const struct scenario *, const struct backend *const *backends,
                 const char *command);

#endif
