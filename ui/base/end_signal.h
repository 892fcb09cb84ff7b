/* The signals that end the program, for code that may wait while they are blocked: a run reads them
 * from a descriptor, so they do not interrupt other waits. */
#ifndef LOADTOP_UI_BASE_END_SIGNAL_H
#define LOADTOP_UI_BASE_END_SIGNAL_H

#include <signal.h>
#include <stdbool.h>

/* TERM, INT, QUIT, and every other whose default action would end the process without a summary or
 * a JSON, with the terminal left as it is: HUP, USR1, USR2, ALRM, XCPU (a limit of CPU time), the
 * real-time signals ... Of the others, those whose action is not the default are left out: HUP
 * under nohup stays ignored, and the PROF of a profiler stays its own. Crashes are not among them. */
void end_signals_fill(sigset_t *);

/* Is one pending? Any thread. */
bool end_signal_waits(void);

/* Blocks them and TSTP while the terminal is in a state that must not be left; restore the mask in
 * `before` afterwards. */
void end_signals_hold(sigset_t *before);
void end_signals_let(const sigset_t *before);

/* From now on, each of these signals that the caller had blocked ends the program at once, with 128
 * + its number. Called when everything is written and only cleaning up remains, which may hang
 * because of a target. */
void end_signals_end(void);

#endif
