/* The Redis backend: its descriptor and options, and what a worker does for each operation.
 *
 * On the path of an operation there is no allocation, no lock and no clock: a key is drawn, and a
 * prebuilt request with that key's digits is copied straight into the buffer that the next flush
 * writes. Options that can change while the load runs are copied into the worker by tune(). Called
 * by the engine only. */
#include "backends/redis/clean.h"
#include "backends/redis/conn.h"
#include "backends/redis/guard.h"
#include "backends/redis/mark.h"
#include "backends/redis/server.h"
#include "backends/redis/stats.h"
#include "backends/redis/target.h"
#include "backends/common/tls.h"
#include "backends/redis/types.h"
#include "backends/registry.h"
#include "engine/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#ifdef LOADTOP_HAVE_HIREDIS

/* ---- For a worker ---- */

static void redis_tune(struct worker *worker)
{
    struct redis_worker *w = worker_data(worker);
    const struct options *o = pool_options(worker_pool(worker));
    uint64_t ttl_ns = option_u64(o, REDIS_TTL);
    uint64_t ttl_ms = (ttl_ns + NS_PER_MS - 1) / NS_PER_MS;
    keys_set(&w->keys, option_u64(o, REDIS_KEYS), (enum distribution)option_u64(o, REDIS_DIST));
    w->size_low = option_low(o, REDIS_SIZE);
    w->size_high = option_high(o, REDIS_SIZE);
    if (w->asked_for < w->size_high + REDIS_AROUND)
        w->asked_for = w->size_high + REDIS_AROUND;
    if (ttl_ms != w->ttl_ms) {
        struct redis_template set;
        if (redis_template_make(&set, REDIS_SET, option_str(o, REDIS_PREFIX), ttl_ms) == 0) {
            redis_template_free(&w->template[REDIS_SET]);
            w->template[REDIS_SET] = set;
            w->ttl_ms = ttl_ms;
        }
    }
}

static void redis_worker_close(struct worker *worker)
{
    struct redis_worker *w = worker_data(worker);
    struct redis_pool *p = pool_data(worker_pool(worker));
    workers_leave(&p->workers, &w->entry);
    for (int i = 0; i < REDIS_OPS; i++)
        redis_template_free(&w->template[i]);
    resp_reader_free(w->spare);
    text_free(&w->claim.bytes);
    text_free(&w->said);
    free(w->in);
    free(w->out);
    w->spare = NULL;
    w->in = w->out = NULL;
}

/* Bytes of data that an operation writes besides its value: the key's name, and for some operations
 * a number (a counter, member, field or score). */
static uint32_t written(const struct redis_template *t, enum redis_op op, const char *prefix)
{
    char name[REDIS_PREFIX_MAX + 8];
    if (!redis_op_info[op].creates)
        return 0;
    redis_key_prefix(name, sizeof name, prefix, redis_op_info[op].family);
    unsigned numbers = (t->member_at ? 1U : 0) + (t->score_at ? 1U : 0);
    if (!numbers && !t->value)
        numbers = 1;
    return (uint32_t)strlen(name) + REDIS_DIGITS * (1 + numbers);
}

static int redis_worker_open(struct worker *worker, struct err *err)
{
    struct redis_worker *w = worker_data(worker);
    struct redis_pool *p = pool_data(worker_pool(worker));
    const char *prefix = option_str(pool_options(worker_pool(worker)), REDIS_PREFIX);
    memset(w, 0, sizeof *w);
    w->worker = worker;
    workers_join(&p->workers, &w->entry);
    w->in = malloc(REDIS_IN);
    bool ok = w->in != NULL;
    for (int i = 0; ok && i < REDIS_OPS; i++) {
        ok = redis_template_make(&w->template[i], (enum redis_op)i, prefix, 0) == 0;
        w->written[i] = written(&w->template[i], (enum redis_op)i, prefix);
    }
    if (ok) {
        redis_tune(worker);
        return 0;
    }
    redis_worker_close(worker);
    return err_set(err, ERR_FAILED, "redis: out of memory for a thread");
}

static void redis_fill(struct worker *worker, struct op *op)
{
    struct redis_worker *w = worker_data(worker);
    const struct redis_template *t = &w->template[op->type];
    op->key = t->creates ? keys_choose(&w->keys, worker_pool(worker), op->rnd, 1)
                         : keys_follow(&w->keys, worker_pool(worker), op->rnd, 1);
    if (t->value || t->member_at) {
        op->aux = mix64(op->rnd);
        if (t->value)
            op->size = span_pick(w->size_low, w->size_high, op->aux);
    }
}

static uint64_t redis_data_bytes(const struct worker *worker, const struct op *op)
{
    const struct redis_worker *w = worker_data((struct worker *)(uintptr_t)worker);
    return w->written[op->type] ? (uint64_t)w->written[op->type] + op->size : 0;
}

/* Records that keys of the family up to this one may exist. */
static void note_created(struct redis_worker *w, enum redis_family family, uint64_t key)
{
    _Atomic uint64_t *high = &w->counts.high[family];
    if (key >= atomic_load_explicit(high, memory_order_relaxed))
        atomic_store_explicit(high, key + 1, memory_order_relaxed);
}

/* May this request create a key that this connection has not claimed on the server? */
static bool is_unclaimed(const struct redis_worker *w, const struct redis_conn *c,
                         const struct redis_template *t, uint64_t key)
{
    return t->creates &&
           (!c->claim || c->claim != w->claim.version || key >= w->claim.bound[t->family]);
}

/* Writes the claim, `len` bytes, before the request that is being submitted. */
static char *put_claim(struct redis_worker *w, struct redis_conn *c, char *out, size_t len)
{
    if (!len)
        return out;
    memcpy(out, text_str(&w->claim.bytes), len);
    c->claim = w->claim.version;
    c->claiming = true;
    c->claim_after = c->conn->requests - 1;
    return out + len;
}

static enum submit redis_submit(struct conn *conn, struct op *op)
{
    struct redis_worker *w = worker_data(conn->worker);
    struct redis_conn *c = conn_data(conn);
    const struct redis_template *t = &w->template[op->type];
    size_t max = redis_request_max(t, op->size), claim = 0;
    if (is_unclaimed(w, c, t, op->key)) {
        c->full = c->claiming; /* only one claim at a time; its answer makes room again */
        if (c->full)
            return SUBMIT_BUSY;
        claim = redis_mark_claim(w, t->family, op->key);
        max += claim;
    }
    bool grows = /* fast path: the connection's piece is the last in the buffer and has room */
        c->out_len && c->out_at + c->out_len == w->out_len && w->out_room - w->out_len >= max;
    char *out = grows ? w->out + w->out_len : redis_out_reserve(c, max);
    if (!out) {
        /* Making room may have sent earlier requests. If that failed, the connection is closed, and
         * this request was ended with the others. */
        return c->state == REDIS_UP ? SUBMIT_BUSY : SUBMIT_QUEUED;
    }
    char *request = claim ? put_claim(w, c, out, claim) : out;
    redis_out_commit(w, c, claim + redis_request(t, request, op->key, op->size, op->aux));
    if (t->creates)
        note_created(w, t->family, op->key);
    return SUBMIT_QUEUED;
}

static uint32_t redis_depth(const struct options *o, const double *weight, uint32_t client_depth)
{
    (void)o;
    (void)weight;
    return client_depth;
}

#endif

/* ---- Targets and options ---- */

static int redis_check(const struct target *t, const struct options *o, struct err *err)
{
    unsigned db;
    size_t prefix = strlen(option_str(o, REDIS_PREFIX));
    bool local = strcmp(t->scheme, "redis+unix") == 0;
    if (strcmp(t->scheme, "rediss") == 0 && tls_check(t->shown, err) < 0)
        return ERR_USAGE;
    if (local && (t->hosts || !t->path[0]))
        return err_set(err, ERR_USAGE, "%s: a path is needed, such as redis+unix:///run/redis.sock",
                       t->shown);
    if (local && strlen(t->path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return err_set(err, ERR_USAGE, "%s: the socket's path is longer than %zu bytes", t->shown,
                       sizeof((struct sockaddr_un *)0)->sun_path - 1);
    if (!local && t->hosts != 1)
        return err_set(err, ERR_USAGE, "%s: one host is needed, such as redis://localhost:6379/0",
                       t->shown);
    if (prefix > REDIS_PREFIX_MAX)
        return err_set(err, ERR_USAGE, "prefix: %zu bytes, at most %d are allowed", prefix,
                       REDIS_PREFIX_MAX);
    return redis_target_db(t, o, &db, err);
}

static const struct option_spec redis_options[] = {
    [REDIS_KEYS] = {"keys", OPTION_COUNT, OPTION_LIVE, "10000", 1, 1e12, NULL,
                    "how many different keys of each kind are used"},
    [REDIS_DIST] = {"dist", OPTION_CHOICE, OPTION_LIVE, "uniform", 0, 0, DIST_CHOICES,
                    "how keys are drawn: all alike, a few of them most of the time, or one by one"},
    [REDIS_SIZE] = {"size", OPTION_SPAN, OPTION_LIVE, "32", 0, 64 << 20, NULL,
                    "bytes of a value: one number, or low-high"},
    [REDIS_PREFIX] = {"prefix", OPTION_TEXT, 0, "loadtop:", 0, 0, NULL,
                      "what every key begins with; an empty one needs --allow-destructive"},
    [REDIS_TTL] = {"ttl", OPTION_DURATION, OPTION_LIVE, "0", 0, 3.6e12 * 24 * 365, NULL,
                   "expiry of what set writes; 0: none"},
    [REDIS_DB] = {"db", OPTION_COUNT, 0, "0", 0, 65535, NULL,
                  "database number; redis://host/3 says the same"},
    TLS_OPTION_ROWS(REDIS_TLS, "rediss", NULL, NULL),
    {.name = NULL},
};

static const struct op_type redis_ops[] = {
    [REDIS_GET] =
        {.name = "get", .help = "reads a string", .weight = 80, .reads = true, .noun = "op"},
    [REDIS_SET] = {.name = "set",
                   .help = "writes a string of `size` bytes",
                   .weight = 20,
                   .noun = "op"},
    [REDIS_INCR] = {.name = "incr", .help = "adds one to a counter", .noun = "op"},
    [REDIS_DEL] = {.name = "del", .help = "removes a string", .noun = "op"},
    [REDIS_EXISTS] = {.name = "exists",
                      .help = "asks whether a string exists",
                      .reads = true,
                      .noun = "op"},
    [REDIS_LPUSH] = {.name = "lpush",
                     .help = "puts `size` bytes in front of a list; rpop is its counterpart",
                     .noun = "op"},
    [REDIS_RPOP] = {.name = "rpop", .help = "takes the last of a list", .noun = "op"},
    [REDIS_SADD] = {.name = "sadd", .help = "adds one of 128 members to a set", .noun = "op"},
    [REDIS_HSET] = {.name = "hset",
                    .help = "writes `size` bytes to one of 128 fields of a hash",
                    .noun = "op"},
    [REDIS_HGET] = {.name = "hget", .help = "reads a field of a hash", .reads = true, .noun = "op"},
    [REDIS_ZADD] = {.name = "zadd",
                    .help = "gives one of 128 members of a sorted set a score",
                    .noun = "op"},
    [REDIS_ZRANGE] = {.name = "zrange",
                      .help = "reads the ten lowest of a sorted set",
                      .reads = true,
                      .noun = "op"},
    [REDIS_PING] = {.name = "ping",
                    .help = "an answer without any data",
                    .reads = true,
                    .noun = "op"},
    [REDIS_OPS] = {.name = NULL},
};

const struct backend backend_redis = {
    .name = "redis",
    .summary = "Redis and what speaks its protocol, over TCP, TLS or a unix socket",
    .schemes = "redis rediss redis+unix",
    .url_forms = "redis://[USER:PASS@]HOST[:6379][/DB], rediss:// with TLS, redis+unix:///SOCKET",
    .connections = "one for each client",
    .example = "redis://localhost:6379/0?threads=2&ops=get:80,set:20",
    .default_port = 6379,
    .options = redis_options,
    .ops = redis_ops,
#ifndef LOADTOP_HAVE_HIREDIS
    .unavailable =
        "built without hiredis: install libhiredis-dev (dnf: hiredis-devel) and build again",
    .check = redis_check,
    .destructive = redis_destructive,
#else
    .pool_size = sizeof(struct redis_pool),
    .worker_size = sizeof(struct redis_worker),
    .conn_size = sizeof(struct redis_conn),
    .check = redis_check,
    .destructive = redis_destructive,
    .pool_open = redis_pool_open,
    .pool_stats = redis_pool_stats,
    .pool_close = redis_pool_close,
    .clean = redis_clean,
    .depth = redis_depth,
    .to_come = redis_to_come,
    .worker_open = redis_worker_open,
    .worker_close = redis_worker_close,
    .tune = redis_tune,
    .fill = redis_fill,
    .data_bytes = redis_data_bytes,
    .open = redis_open,
    .submit = redis_submit,
    .flush = redis_flush,
    .close = redis_close,
#endif
};
