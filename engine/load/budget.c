/* How much may be started: the budget of -n, shared by all threads, and the ceiling of --max-rate. */
#include "engine/load/budget.h"

#include "engine/backend.h"
#include "engine/load/worker_state.h"
#include "engine/state/pool.h"

#define CAP_BURST_NS (10 * NS_PER_MS)

static uint32_t claim(struct worker *w, uint32_t n, bool warm)
{
    if (!w->now.counted || warm)
        return n;
    uint32_t granted = (uint32_t)pool_claim(w->pool, n);
    if (!granted)
        w->budget_empty = true;
    return granted;
}

uint32_t budget_claim(struct worker *w, uint32_t n)
{
    return claim(w, n, w->start_warm);
}

uint32_t budget_claim_received(struct worker *w, uint32_t n)
{
    return claim(w, n, w->warm);
}

uint64_t budget_left(const struct worker *w, uint64_t most)
{
    if (!w->now.counted || w->start_warm)
        return most;
    int64_t left = atomic_load_explicit(&w->pool->atomic.budget, memory_order_relaxed);
    return left <= 0 ? 0 : (uint64_t)left < most ? (uint64_t)left : most;
}

void budget_return(struct worker *w, uint32_t n)
{
    if (w->now.counted && !w->start_warm)
        pool_unclaim(w->pool, n);
}

void budget_unclaim(struct worker *w, const struct request *r)
{
    if (w->now.counted && !(r->flags & OP_WARM))
        pool_unclaim(w->pool, r->op.n);
}

/* The time between two operations under --max-rate. */
static uint64_t cap_interval(const struct worker *w, uint32_t n)
{
    double step = 1e9 / w->now.cap_per_s * n;
    return step < 1e18 ? (uint64_t)step : (uint64_t)1e18;
}

bool cap_is_open(struct worker *w)
{
    uint64_t now = loop_now(w->loop);
    if (!cap_is_set(w))
        return true;
    /* At the start there is no unused allowance, so no burst is possible. The threads start
     * staggered, otherwise their first operations together would exceed the ceiling. */
    if (!w->cap_next_ns)
        w->cap_next_ns =
            now + cap_interval(w, w->bulk_most) / w->now.workers * (w->index % w->now.workers);
    if (now > CAP_BURST_NS && w->cap_next_ns < now - CAP_BURST_NS)
        w->cap_next_ns = now - CAP_BURST_NS;
    return w->cap_next_ns <= now;
}

void cap_charge(struct worker *w, uint32_t n)
{
    if (cap_is_set(w))
        w->cap_next_ns += cap_interval(w, n);
}
