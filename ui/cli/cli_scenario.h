/* The scenario that a command line asks for, and the line that repeats a run. */
#ifndef LOADTOP_UI_CLI_CLI_SCENARIO_H
#define LOADTOP_UI_CLI_CLI_SCENARIO_H

struct backend;
struct cli;
struct err;
struct scenario;
struct text;

/* The pools, commands, thresholds and limits that the line asks for, into an empty scenario: what
 * the file of -f says first, the line's targets after it, and the line's own limits over both.
 * Reads that file; asks for no password. */
int cli_scenario(const struct cli *, struct scenario *, const struct backend *const *backends,
                 struct err *);
/* The line that repeats the run: as typed, with each target as it was
 * understood and no password. */
void cli_command(const struct cli *, const struct scenario *, struct text *);

#endif
