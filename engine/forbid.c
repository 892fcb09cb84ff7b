/* What a backend found out that must not be done on its target: pool_forbid, see backend.h.
 *
 * The pool's thread says so while it opens the pool; the supervisor asks before the first load and
 * before each new mix, and the settings that workers get leave those operations out, so that no
 * path leads around it. */
#include "engine/engine_private.h"
#include "engine/pool.h"
#include "engine/text.h"

void pool_forbid(struct pool *p, unsigned type, const char *why)
{
    if (type >= OPS_MAX)
        return;
    pthread_mutex_lock(&p->mutex);
    copy_str(p->forbidden_why, sizeof p->forbidden_why, why);
    pthread_mutex_unlock(&p->mutex);
    atomic_fetch_or(&p->forbidden, 1U << type);
}

int pool_forbids(struct pool *p, const double weight[OPS_MAX], struct err *err)
{
    const struct op_type *ops = p->spec.backend->ops;
    unsigned forbidden = atomic_load(&p->forbidden);
    for (unsigned i = 0; i < OPS_MAX && ops[i].name; i++) {
        if (!(forbidden & 1U << i) || weight[i] <= 0)
            continue;
        pthread_mutex_lock(&p->mutex);
        err_set(err, ERR_REFUSED, "%s: %s %s", p->spec.target.shown, ops[i].name, p->forbidden_why);
        pthread_mutex_unlock(&p->mutex);
        return ERR_REFUSED;
    }
    return 0;
}
