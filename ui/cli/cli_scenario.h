/* The scenario of a command line, and the command line that repeats a run. */
#ifndef LOADTOP_UI_CLI_CLI_SCENARIO_H
#define LOADTOP_UI_CLI_CLI_SCENARIO_H

struct backend;
struct cli;
struct err;
struct scenario;
struct text;

/* Fills an empty scenario with pools, commands, thresholds and limits: first those of the file of
 * -f, then the command line's targets; the command line's limits override the file's. Reads that
 * file; does not ask for passwords. */
int cli_scenario(const struct cli *, struct scenario *, const struct backend *const *backends,
                 struct err *);
/* The command line that repeats the run: as typed, with each target in parsed form and without
 * passwords. */
void cli_command(const struct cli *, const struct scenario *, struct text *);

#endif
