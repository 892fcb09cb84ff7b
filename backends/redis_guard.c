/* What a Redis says of itself that decides whether it may be loaded: who it is, what it has room
 * for, and whether it suffers.
 *
 * All of it comes from INFO or from error replies, so from a server that may say anything: numbers
 * are taken only as far as they make sense, and an identity that is longer than any real one is
 * none. */
#include "backends/redis.h"
#include "engine/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a key, a member of a collection and an element of a list take beside their bytes: dict
 * entries, object headers and allocation classes. (Measured with MEMORY USAGE on Redis 7: 50 to 90
 * for a key, 10 to 60 for a member.) */
#define KEY_OVERHEAD 100.0
#define MEMBER_OVERHEAD 60.0
#define LIST_HELD 8.0 /* elements of a list that rpop keeps short */

/* ---- Who it is ---- */

static bool read_identity(const char *info, const char *field, char *buf, size_t size)
{
    buf[0] = '\0';
    /* "0000...": a replication id that was never used. */
    return redis_info_text(info, field, buf, size) && strlen(buf) + 1 < size &&
           buf[strspn(buf, "0")];
}

int redis_identities(const char *info, int (*allowed)(void *ctx, const char *identity), void *ctx)
{
    static const char *const fields[] = {"run_id", "master_replid", "master_replid2"};
    char identity[64];
    bool any = false;
    int bad = 0;
    for (unsigned i = 0; i < sizeof fields / sizeof *fields && !bad; i++)
        if (read_identity(info, fields[i], identity, sizeof identity)) {
            any = true;
            bad = allowed(ctx, identity);
        }
    return any || bad ? bad : allowed(ctx, NULL);
}

/* ---- What it has room for ---- */

/* What the keys of an operation take when all of them are there, and what one such operation adds
 * at most. */
static void estimate(struct pool *pool, enum redis_op op, double *keys_bytes, double *op_bytes)
{
    const struct options *o = pool_options(pool);
    char prefix[REDIS_PREFIX_MAX + 8];
    redis_key_prefix(prefix, sizeof prefix, option_str(o, REDIS_PREFIX), redis_op_info[op].family);
    double keys = (double)option_u64(o, REDIS_KEYS);
    double size = ((double)option_low(o, REDIS_SIZE) + (double)option_high(o, REDIS_SIZE)) / 2;
    double key = (double)strlen(prefix) + REDIS_DIGITS + KEY_OVERHEAD, value = 0;
    double members = 1;
    switch (redis_op_info[op].family) {
    case FAMILY_STRING:
        value = size;
        break;
    case FAMILY_LIST: /* the weights are not known here: rpop in the mix is taken for its equal */
        value = size + MEMBER_OVERHEAD / 4;
        members = pool_ops_include(pool, REDIS_RPOP) ? LIST_HELD : INFINITY;
        break;
    case FAMILY_HASH:
        value = REDIS_DIGITS + size + MEMBER_OVERHEAD;
        members = REDIS_MEMBERS;
        break;
    case FAMILY_SET:
    case FAMILY_ZSET:
        value = REDIS_DIGITS + MEMBER_OVERHEAD;
        members = REDIS_MEMBERS;
        break;
    default:
        break;
    }
    *keys_bytes = keys * (key + members * value);
    *op_bytes = key + value;
}

int redis_room_allowed(struct pool *pool, const char *info, struct err *err)
{
    struct room room = {.free_bytes = NAN, .of = "memory"};
    double count = pool_count(pool) ? (double)pool_count(pool) : INFINITY, most = 0;
    for (unsigned i = 0; i < REDIS_OPS; i++) {
        double keys_bytes, op_bytes;
        if (!redis_op_info[i].creates || !pool_ops_include(pool, i))
            continue;
        estimate(pool, (enum redis_op)i, &keys_bytes, &op_bytes);
        room.to_come_bytes += keys_bytes;
        most = fmax(most, op_bytes);
    }
    if (most <= 0)
        return 0;
    room.to_come_bytes = fmin(room.to_come_bytes, count * most);
    double used = redis_info_number(info, "used_memory");
    double has = redis_info_number(info, "maxmemory");
    if (!(has > 0))
        has = redis_info_number(info, "total_system_memory");
    if (has > 0 && used >= 0 && isfinite(has) && isfinite(used))
        room.free_bytes = fmax(has - used, 0);
    return pool_room_allowed(pool, &room, err);
}

/* ---- Whether it suffers ---- */

/* "errorstat_OOM:count=12" (Redis 6.2). Without such a line there was none yet, if it has any. */
static double read_error_count(const char *info, const char *field)
{
    char text[40];
    uint64_t n = 0;
    if (!redis_info_text(info, field, text, sizeof text))
        return redis_info_number(info, "total_error_replies") >= 0 ? 0 : -1;
    return strncmp(text, "count=", 6) == 0 && parse_count(text + 6, &n) == 0 ? (double)n : -1;
}

static struct redis_trouble read_trouble(const char *info)
{
    struct redis_trouble t = {
        .evicted = redis_info_number(info, "evicted_keys"),
        .oom = read_error_count(info, "errorstat_OOM"),
        .rejected = redis_info_number(info, "rejected_connections"),
        .replicas = redis_info_number(info, "connected_slaves"),
    };
    redis_info_text(info, "run_id", t.run_id, sizeof t.run_id);
    return t;
}

void redis_trouble_begin(struct redis_pool *p, const char *info)
{
    p->trouble = read_trouble(info);
}

/* How much a counter rose; where it fell (CONFIG RESETSTAT) it begins anew. */
static double rise(double *was, double is)
{
    bool known = *was >= 0 && is >= 0 && isfinite(*was) && isfinite(is);
    if (!known || is < *was) {
        *was = is;
        return 0;
    }
    return is - *was;
}

void redis_trouble_look(struct pool *pool, const char *info)
{
    struct redis_pool *p = pool_data(pool);
    struct redis_trouble now = read_trouble(info), *was = &p->trouble;
    if (strcmp(now.run_id, was->run_id) != 0) {
        *was = now;
        return;
    }
    double evicted = rise(&was->evicted, now.evicted), oom = rise(&was->oom, now.oom),
           rejected = rise(&was->rejected, now.rejected);
    if (evicted > 0)
        pool_strain(pool, STRAIN_EVICTED, "the server has evicted %.0f keys for want of memory",
                    evicted);
    if (oom > 0)
        pool_strain(pool, STRAIN_MEMORY, "the server has refused %.0f commands with OOM", oom);
    if (rejected > 0)
        pool_strain(pool, STRAIN_REFUSED, "the server has rejected %.0f connections (maxclients)",
                    rejected);
    if (now.replicas >= 0 && now.replicas < was->replicas)
        pool_strain(pool, STRAIN_REPLICAS, "%.0f of the server's %.0f replicas are left",
                    now.replicas, was->replicas);
    if (now.replicas > was->replicas)
        was->replicas = now.replicas;
}

void redis_trouble_reply(struct pool *pool, const char *error_class, const char *text)
{
    static const struct {
        const char *name;
        enum strain kind;
    } classes[] = {
        {"OOM", STRAIN_MEMORY},          {"READONLY", STRAIN_READ_ONLY},
        {"MISCONF", STRAIN_READ_ONLY},   {"MASTERDOWN", STRAIN_READ_ONLY},
        {"NOREPLICAS", STRAIN_REPLICAS},
    };
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(error_class, classes[i].name) == 0)
            pool_strain(pool, classes[i].kind, "the server answers %.100s", text);
    if (strstr(text, "max number of clients"))
        pool_strain(pool, STRAIN_REFUSED, "the server answers %.100s", text);
}

#endif
