/* How much may be started: the budget of -n and the ceiling of --max-rate. */
#ifndef LOADTOP_ENGINE_LOAD_BUDGET_H
#define LOADTOP_ENGINE_LOAD_BUDGET_H

#include <stdint.h>

struct request;
struct worker;

/* Claims n operations from the budget of -n, if there is one; how many were granted. */
uint32_t budget_claim(struct worker *, uint32_t n);
/* Likewise for what arrives unasked, which is of the warm-up by when it comes: a start of the
 * schedule is by when it was due. */
uint32_t budget_claim_received(struct worker *, uint32_t n);
/* How much of it there is for operations to come, up to `most`, as it stands at the moment. */
uint64_t budget_left(const struct worker *, uint64_t most);
void budget_return(struct worker *, uint32_t n); /* claimed at this moment, and not needed */
void budget_unclaim(struct worker *, const struct request *);
uint32_t capped(struct worker *, uint32_t n); /* how many of n --max-rate allows now */

#endif
