/* How much may be started: the budget of -n and the ceiling of --max-rate. */
#ifndef LOADTOP_ENGINE_LOAD_BUDGET_H
#define LOADTOP_ENGINE_LOAD_BUDGET_H

#include "engine/load/worker_state.h"

#include <stdbool.h>
#include <stdint.h>

/* Claims n operations from the budget of -n, if there is one. Returns how many were granted. */
uint32_t budget_claim(struct worker *, uint32_t n);
/* The same for received messages. Whether they belong to the warm-up is decided by their time of
 * arrival (for a scheduled start, by its due time). */
uint32_t budget_claim_received(struct worker *, uint32_t n);
/* How many operations, at most `most`, the budget allows in addition now. */
uint64_t budget_left(const struct worker *, uint64_t most);
/* returns operations to the budget that were claimed and not started */
void budget_return(struct worker *, uint32_t n);
void budget_unclaim(struct worker *, const struct request *);
/* Is there a --max-rate? Asked for each request, before cap_is_open and cap_charge are called. */
static inline bool cap_is_set(const struct worker *w)
{
    return w->now.cap_per_s > 0;
}
/* Does --max-rate allow a start now? Unused allowance is saved up for at most 10 ms. */
bool cap_is_open(struct worker *);
void cap_charge(struct worker *, uint32_t n); /* counts n operations as started */

#endif
