/* See ceilings.h. */
#include "engine/pools/ceilings.h"

#include "engine/backend.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/config/limits.h"
#include "engine/state/pool.h"
#include "engine/load/workers.h"

#include <stdatomic.h>

/* Connections of ending threads, which stay open until drained. */
static uint64_t draining_connections(const struct pool *p)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < pool_sup(p)->workers; i++) {
        const struct supervised_worker *w = pool_sup(p)->worker[i];
        if (!w->reaped && worker_ordered(w->worker) != ORDER_RUN)
            n += w->seen.connected;
    }
    return n;
}

/* Checks the connections of all remote pools together, with the requested load for this one. */
static int connections_allowed(const struct engine *e, const struct pool *p,
                               const struct load *load, struct err *err)
{
    uint64_t most = limits_connections(&e->scenario.limits), own = pool_connections_of(p, load);
    uint64_t sum = own;
    for (unsigned i = 0; i < engine_sup(e)->pools; i++) {
        const struct pool *other = engine_sup(e)->pool[i];
        if (pool_sup(other)->local)
            continue;
        sum += draining_connections(other);
        if (other != p && !pool_sup(other)->removed && pool_sup(other)->state != POOL_ENDED)
            sum += pool_connections_of(other, &pool_sup(other)->load);
    }
    if (sum <= most)
        return 0;
    return err_set(err, ERR_REFUSED,
                   "connections: %llu%s are above the ceiling of %llu in all for targets that are "
                   "not on this machine (--max-connections raises it)",
                   (unsigned long long)sum,
                   sum > own ? " with those of other pools and of threads that end" : "",
                   (unsigned long long)most);
}

int spec_allowed(const struct engine *e, const struct pool *p, const struct pool_spec *s,
                 struct err *err)
{
    int code = limits_check(&e->scenario.limits, pool_sup(p)->local, &s->load, err);
    if (!code && !pool_sup(p)->local)
        code = connections_allowed(e, p, &s->load, err);
    /* checked again once it is open */
    if (code < 0 || s->ops_pending)
        return code;
    struct err why = {0};
    if (limits_check_mix(&e->scenario.limits, s->op_types, s->load.weight, &why) < 0)
        return err_set(err, why.code, "%s: %s", s->name, why.msg);
    return 0;
}
