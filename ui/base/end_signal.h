/* The signals that end the program (TERM, INT, HUP, QUIT), for what may have to wait
 * while they are blocked: a run takes them from a descriptor, so a wait elsewhere would
 * not be broken off by one. */
#ifndef LOADTOP_UI_BASE_END_SIGNAL_H
#define LOADTOP_UI_BASE_END_SIGNAL_H

#include <signal.h>
#include <stdbool.h>

/* Has one come that nobody has taken yet? Any thread. */
bool end_signal_waits(void);

/* Holds them back, with TSTP, while the terminal must not be left as it is; afterwards, with what
 * was blocked before, they do what they do. */
void end_signals_hold(sigset_t *before);
void end_signals_let(const sigset_t *before);

/* From now on each of them that the caller had blocked ends the program at once with 128 + its
 * number. For when everything is written and only tidying is left, which may hang with a target. */
void end_signals_end(void);

#endif
