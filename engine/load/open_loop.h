/* Open arrival: what the schedule makes due becomes requests. */
#ifndef LOADTOP_ENGINE_LOAD_OPEN_LOOP_H
#define LOADTOP_ENGINE_LOAD_OPEN_LOOP_H

struct worker;

void arrivals_run(struct worker *);
/* Opens the schedule, changes it or ends it, as the settings say. */
void arrival_restart(struct worker *);
void arrivals_account(struct worker *); /* both sides of the account, at the end of a turn */

#endif
