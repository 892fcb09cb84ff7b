/* How much may be started: the budget of -n and the ceiling of --max-rate. */
#ifndef LOADTOP_ENGINE_LOAD_BUDGET_H
#define LOADTOP_ENGINE_LOAD_BUDGET_H

#include "engine/load/worker_state.h"

#include <stdbool.h>
#include <stdint.h>

/* Claims n operations from the budget of -n, if there is one; how many were granted. */
uint32_t budget_claim(struct worker *, uint32_t n);
/* Likewise for what arrives unasked, which is of the warm-up by when it comes: a start of the
 * schedule is by when it was due. */
uint32_t budget_claim_received(struct worker *, uint32_t n);
/* How much of it there is for operations to come, up to `most`, as it stands at the moment. */
uint64_t budget_left(const struct worker *, uint64_t most);
void budget_return(struct worker *, uint32_t n); /* claimed at this moment, and not needed */
void budget_unclaim(struct worker *, const struct request *);
/* Is there a --max-rate? Asked on the way of each request, before what follows is called. */
static inline bool cap_is_set(const struct worker *w)
{
    return w->now.cap_per_s > 0;
}
/* --max-rate: may anything be started now? What was not used is not saved up beyond 10 ms. */
bool cap_is_open(struct worker *);
void cap_charge(struct worker *, uint32_t n); /* n operations are started */

#endif
