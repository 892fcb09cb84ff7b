/* The run with a screen, from the scenario to the exit code. */
#ifndef LOADTOP_UI_CLI_DASHBOARD_H
#define LOADTOP_UI_CLI_DASHBOARD_H

struct backend;
struct cli;
struct scenario;

/* Starts the engine, shows the dashboard until it is quit, writes the outcome, and returns the exit
 * code. `command` repeats the run and goes into the JSON. */
int dashboard_run(const struct cli *, const struct scenario *,
                  const struct backend *const *backends, const char *command);

#endif
