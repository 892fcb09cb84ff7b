/* The command that repeats a run. */
#ifndef LOADTOP_UI_REPORT_REPLAY_H
#define LOADTOP_UI_REPORT_REPLAY_H

struct saved_run;
struct text;

/* The command that repeats the run, with what was done by hand; returns how many things
 * that were done could not be told as a command. Nothing is added when the run has no command. */
unsigned report_command(const struct saved_run *run, struct text *);

#endif
