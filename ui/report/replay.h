/* The command that repeats a run. */
#ifndef LOADTOP_UI_REPORT_REPLAY_H
#define LOADTOP_UI_REPORT_REPLAY_H

struct saved_run;
struct text;

/* Adds the command that repeats the run, including interactive changes; returns how many of these
 * could not be expressed. Adds nothing when the run has no command. */
unsigned report_command(const struct saved_run *run, struct text *);

#endif
