/* Scheduled starts that never become requests: dropped if they were late, otherwise not started. */
#include "engine/load/unplaced.h"

#include "engine/backend.h"
#include "engine/load/worker_state.h"
#include "engine/state/pool.h"

/* The time up to which the load runs: now, or the end if it has passed. */
uint64_t worker_moment(const struct worker *w)
{
    uint64_t now = loop_now(w->loop);
    return now < w->now.end_ns ? now : w->now.end_ns;
}

void starts_dropped(struct worker *w, bool warm, uint64_t n)
{
    struct tally *t = &w->tally;
    t->scheduled += n;
    if (warm) {
        t->warm_offered += n;
        t->warm_dropped += n;
    } else {
        t->offered += n;
        t->dropped += n;
    }
}

void starts_not_started(struct worker *w, bool warm, uint64_t n)
{
    *(warm ? &w->tally.warm_not_started : &w->tally.not_started) += n;
}

/* Counts a start that was taken from the schedule but will not be placed. While the schedule is
 * open it always counts as dropped: it was overdue or could not be placed. */
void start_unplaced(struct worker *w, const struct request *r, uint64_t intended_ns)
{
    bool warm = r->flags & OP_WARM;
    uint64_t until = worker_moment(w), lag = until > intended_ns ? until - intended_ns : 0;
    if (w->schedule.open || lag > atomic_load(&w->pool->atomic.lag_limit_ns)) {
        starts_dropped(w, warm, 1);
        return;
    }
    starts_not_started(w, warm, 1);
    if (w->now.counted && !warm)
        pool_unclaim(w->pool, 1);
}

void arrival_unplaced(struct worker *w, const struct request *r)
{
    if (r->op.n == 1)
        start_unplaced(w, r, r->intended_ns);
    else
        for (uint32_t i = 0; i < r->op.n; i++)
            start_unplaced(w, r, r->row_intended_ns[i]);
}
