/* Opening and closing a pool: inspects the server and checks whether it may be loaded.
 *
 * Runs on the pool's own thread. Everything has a deadline: a check of the server must end, also
 * while the server is stopped or gone. */
#include "backends/redis/server.h"

#include "backends/redis/guard.h"
#include "backends/redis/hello.h"
#include "backends/redis/leftovers.h"
#include "backends/redis/link.h"
#include "backends/redis/mark.h"
#include "backends/redis/probe.h"
#include "backends/redis/sibling.h"
#include "backends/redis/stats.h"
#include "backends/redis/target.h"
#include "backends/common/tls.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <string.h>

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>

#define KEYS_ASKED 8u /* a proxy spreads them over its servers */

/* ---- The server's state ---- */

/* A server that is in no state to work answers the handshake all the same, and INFO says whether it
 * loads its data, whether a replica has lost its primary and whether it belongs to a cluster. What
 * else there is to know is asked:
 *
 * - a replica without its primary: PING, which it refuses where it refuses everything;
 * - a member of a cluster: CLUSTER INFO;
 * - without INFO: the TTL of some keys of the load (no operation of a mix: what the server counts of
 *   those stays exact). A proxy answers PING by itself, but a key only with the server behind it, and
 *   it may have several servers, of which one is enough. PING, where TTL is not known or not
 *   allowed. */

/* Is it an error that says nothing of the server's state, but of this command, this user or this
 * key? */
static bool is_of_command(const redisReply *r)
{
    static const char *const classes[] = {"NOPERM", "MOVED", "ASK"};
    static const char word[] = "command"; /* unknown, unsupported, not allowed */
    char name[RESP_CLASS_MAX];
    resp_error_class(name, r->str, r->len);
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(name, classes[i]) == 0)
            return true;
    return memmem(r->str, r->len, word, sizeof word - 1) != NULL;
}

/* An error reply that tells the state for certain: one that passes, or a password that is missing.
 * 0 for any other reply. */
static int judge_reply(const struct redis_opening *o, const redisReply *r, const char *command,
                       struct err *err)
{
    char name[RESP_CLASS_MAX];
    if (r->type != REDIS_REPLY_ERROR ||
        (!redis_error_passes(r->str, r->len) &&
         strcmp(resp_error_class(name, r->str, r->len), "NOAUTH") != 0))
        return 0;
    return redis_refused(o->shown, r, command, err);
}

static int ping(struct redis_opening *o, struct err *err)
{
    redisReply *r = NULL;
    int rc = redis_ask_optional(o, 1, (const char *[]){"PING"}, &r, err);
    if (rc == 0 && r)
        rc = judge_reply(o, r, "PING", err);
    if (r)
        freeReplyObject(r);
    return rc;
}

/* *known: the answer tells that requests reach a server that works. */
static int judge_key(const struct redis_opening *o, const redisReply *r, bool *known,
                     struct err *err)
{
    char said[121];
    int rc = judge_reply(o, r, "TTL", err);
    *known = r->type != REDIS_REPLY_ERROR;
    if (rc < 0 || *known || is_of_command(r))
        return rc;
    return err_set(err, ERR_UNREACHED, "%s: TTL: %s (is the server behind the proxy running?)",
                   o->shown, secret_said(said, sizeof said, r->str, r->len));
}

static int ask_keys(struct redis_opening *o, const char *prefix, struct err *err)
{
    char name[REDIS_PREFIX_MAX + 24];
    bool known = false;
    int rc = ERR_UNREACHED;
    for (unsigned i = 0; rc == ERR_UNREACHED && i < KEYS_ASKED; i++) {
        redisReply *r = NULL;
        redis_key_name(name, sizeof name, prefix, i);
        rc = redis_ask_optional(o, 2, (const char *[]){"TTL", name}, &r, err);
        if (!r)
            break;
        rc = judge_key(o, r, &known, err);
        freeReplyObject(r);
    }
    return rc < 0 || known ? rc : ping(o, err);
}

static int ask_cluster(struct redis_opening *o, struct err *err)
{
    char state[16];
    redisReply *r = NULL;
    int rc = redis_ask_optional(o, 2, (const char *[]){"CLUSTER", "INFO"}, &r, err);
    if (rc == 0 && r)
        rc = judge_reply(o, r, "CLUSTER INFO", err);
    if (rc == 0 && r && r->type == REDIS_REPLY_STRING &&
        redis_info_text(r->str, "cluster_state", state, sizeof state) && strcmp(state, "fail") == 0)
        rc = err_set(err, ERR_UNREACHED, "%s: CLUSTERDOWN: CLUSTER INFO says cluster_state:fail",
                     o->shown);
    if (r)
        freeReplyObject(r);
    return rc;
}

/* Asks on the open link what INFO (NULL: it is not answered) leaves open. ERR_UNREACHED: the server,
 * or the one behind a proxy, is in a state that passes by itself, or is not reached; ERR_FAILED: it
 * wants a password. The link may be another one afterwards. */
static int judge_state(struct redis_opening *o, const char *prefix, const char *info,
                       struct err *err)
{
    char primary[8];
    int rc = 0;
    if (!info)
        return ask_keys(o, prefix, err);
    if (redis_info_text(info, "master_link_status", primary, sizeof primary) &&
        strcmp(primary, "down") == 0)
        rc = ping(o, err);
    if (rc == 0 && redis_info_number(info, "cluster_enabled") > 0)
        rc = ask_cluster(o, err);
    return rc;
}

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
static int look(struct pool *pool, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    struct redis_opening o = {.pool = pool,
                              .at = &p->at,
                              .tls = p->tls,
                              .scheme = redis_scheme(t),
                              .hello = &p->hello,
                              .shown = t->shown,
                              .open_ns = REDIS_OPEN_NS};
    redisReply *r = NULL;
    int rc = redis_probe(&o, t, p->db, pool_sender(pool), &p->missing, &r, err);
    const char *info = r ? r->str : "";
    p->asks_who = pool_identity_matters(pool) && !p->missing.info_breaks;
    if (rc == 0)
        rc = judge_state(&o, option_str(pool_options(pool), REDIS_PREFIX), r ? info : NULL, err);
    p->link = o.link;
    if (rc == 0)
        rc = redis_meet(pool, info, err);
    if (rc == 0 && r)
        redis_stats_begin(p, info);
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
        !(p->tls = tls_context_new(pool_options(pool), REDIS_TLS, redis_scheme(t), err)))
        rc = err->code;
    if (rc == 0)
        rc = look(pool, err);
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
