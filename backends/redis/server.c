/* Opening and closing a pool: inspects the server and checks whether it may be loaded.
 *
 * Runs on the pool's own thread. Everything has a deadline: a check of the server must end, also
 * while the server is stopped or gone. */
#include "backends/redis/server.h"

#include "backends/redis/guard.h"
#include "backends/redis/hello.h"
#include "backends/redis/link.h"
#include "backends/redis/mark.h"
#include "backends/redis/probe.h"
#include "backends/redis/sibling.h"
#include "backends/redis/stats.h"
#include "backends/redis/target.h"
#include "backends/common/tls.h"
#include "backends/redis/types.h"
#include "engine/base/text.h"

#include <string.h>

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>

/* ---- The pool ---- */

static void note_role(struct pool *pool, const char *info)
{
    char role[24] = "";
    bool writes = false;
    redis_info_text(info, "role", role, sizeof role);
    for (unsigned i = 0; i < REDIS_OPS; i++)
        writes = writes || (redis_op_info[i].creates && pool_ops_include(pool, i));
    if (strcmp(role, "slave") == 0)
        pool_event(pool, "the server is a replica%s", writes ? ": it may refuse what writes" : "");
    if (redis_info_number(info, "cluster_enabled") > 0)
        pool_event(pool,
                   "cluster mode: routing is not built in, keys of other nodes are answered MOVED");
}

static int judge_loading(const char *shown, const char *info, struct err *err)
{
    double percent = redis_info_number(info, "loading_loaded_perc");
    if (redis_info_number(info, "loading") > 0)
        return err_set(err, ERR_UNREACHED, "%s: LOADING: the server is reading its data, %.0f %%",
                       shown, percent < 0 ? 0 : percent);
    return 0;
}

/* A replica that has lost its primary may answer INFO and refuse everything else
 * (replica-serve-stale-data no). */
static int judge_replica(struct redis_pool *p, const char *shown, const char *info,
                         uint64_t deadline_ns, struct err *err)
{
    char primary[8];
    if (!redis_info_text(info, "master_link_status", primary, sizeof primary) ||
        strcmp(primary, "down") != 0)
        return 0;
    redisReply *r = redis_link_ask(p->link, 1, (const char *[]){"PING"}, deadline_ns, err);
    if (!r)
        return err->code;
    int rc = r->type == REDIS_REPLY_ERROR && redis_error_passes(r->str, r->len)
                 ? redis_refused(shown, r, "PING", err)
                 : 0;
    freeReplyObject(r);
    return rc;
}

struct asking {
    struct pool *pool;
    struct err *err;
};

static int ask_pool(void *ctx, const char *identity)
{
    const struct asking *a = ctx;
    return pool_identity_allowed(a->pool, identity, a->err);
}

int redis_meet(struct pool *pool, const char *info, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    int rc = judge_loading(pool_target(pool)->shown, info, err);
    if (rc == 0)
        rc = redis_identities(info, ask_pool, &(struct asking){pool, err});
    p->link_known = rc == 0;
    if (rc == 0)
        rc = redis_room_allowed(pool, info, err);
    if (rc == 0) {
        note_role(pool, info);
        redis_trouble_begin(p, info);
        redis_siblings_join(p, info);
    }
    return rc;
}

/* Tells once what the server does not answer. */
static void tell_missing(struct pool *pool, const struct redis_missing *m)
{
    if (m->name[0])
        pool_event(pool,
                   "CLIENT SETNAME is not answered (%s): the server's list of clients does "
                   "not say whose connections these are",
                   m->name);
    if (m->info[0])
        pool_event(pool,
                   "INFO is not answered (%s): no figures of the server, its free memory and "
                   "its other clients are not known",
                   m->info);
}

/* Inspects the server and checks whether it may be loaded. */
static int look(struct pool *pool, uint64_t deadline_ns, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    struct redis_opening o = {
        .pool = pool, .at = &p->at, .tls = p->tls, .hello = &p->hello, .shown = t->shown};
    redisReply *r = NULL;
    int rc = redis_probe(&o, t, p->db, pool_sender(pool), deadline_ns, &p->missing, &r, err);
    const char *info = r ? r->str : "";
    p->link = o.link;
    p->asks_who = pool_identity_matters(pool) && !p->missing.info_closes;
    if (rc == 0)
        rc = judge_replica(p, t->shown, info, deadline_ns, err);
    if (rc == 0)
        rc = redis_meet(pool, info, err);
    if (!pool_inspects_only(pool) && (rc == 0 || rc == ERR_REFUSED))
        tell_missing(pool, &p->missing);
    if (r)
        freeReplyObject(r);
    return rc;
}

static void forget(struct redis_pool *p)
{
    redis_link_down(p);
    redis_hello_wipe(&p->hello);
    tls_context_free(p->tls);
    p->tls = NULL;
}

int redis_pool_open(struct pool *pool, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    struct redis_mark mark = p->mark; /* from an earlier attempt to open the pool */
    memset(p, 0, sizeof *p);
    p->mark = mark;
    redis_mark_begin(&p->mark);
    workers_init(&p->workers, redis_count, &p->ended, sizeof p->ended);
    const char *destructive = redis_destructive(pool_options(pool));
    if (destructive && !pool_allow_destructive(pool) && !pool_read_only(pool))
        return err_set(err, ERR_REFUSED, "%s: %s", t->shown, destructive);
    int rc = redis_target_db(t, pool_options(pool), &p->db, err);
    if (rc == 0)
        rc = redis_resolve(t, pool, &p->at, err);
    if (rc == 0 && strcmp(t->scheme, "rediss") == 0 &&
        !(p->tls = tls_context_new(pool_options(pool), REDIS_TLS, err)))
        rc = err->code;
    if (rc == 0)
        rc = look(pool, clock_ns() + REDIS_OPEN_NS, err);
    if (rc < 0)
        forget(p);
    return rc;
}

void redis_pool_close(struct pool *pool)
{
    struct redis_pool *p = pool_data(pool);
    redis_siblings_leave(p);
    forget(p);
    workers_fini(&p->workers);
}

#endif
