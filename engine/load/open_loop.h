/* Open arrival: turns due starts of the schedule into requests. */
#ifndef LOADTOP_ENGINE_LOAD_OPEN_LOOP_H
#define LOADTOP_ENGINE_LOAD_OPEN_LOOP_H

struct worker;

void arrivals_run(struct worker *);
/* Opens the schedule, changes it or ends it, as the settings say. */
void arrival_restart(struct worker *);
/* updates the counts of due and still due starts, at the end of a turn */
void arrivals_account(struct worker *);

#endif
