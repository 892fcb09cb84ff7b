/* Decides from the figures of a Redis server whether it may be loaded: identity, free memory, and
 * overload.
 *
 * INFO and error replies are not trusted: numbers are range-checked, and an identity longer than
 * any real one is ignored. */
#include "backends/redis/guard.h"

#include "backends/redis/types.h"
#include "engine/base/quantity.h"
#include "engine/base/secret.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Overhead in bytes of a key, a member of a collection and an element of a list: dict entries,
 * object headers and allocation classes. (Measured with MEMORY USAGE on Redis 7: 50 to 90 for a
 * key, 10 to 60 for a member.) */
#define KEY_OVERHEAD 100.0
#define MEMBER_OVERHEAD 60.0
#define LIST_OVERHEAD 15.0
#define LIST_LENGTH 8.0  /* typical length of a list that rpop keeps short */
#define FAMILY_INFIX 2.0 /* "l:" */

/* ---- Identity ---- */

static bool read_identity(const char *info, const char *field, char *buf, size_t size)
{
    buf[0] = '\0';
    /* "0000..." is a replication id that was never used */
    return redis_info_text(info, field, buf, size) && strlen(buf) + 1 < size &&
           buf[strspn(buf, "0")];
}

static int each_identity(const char *info, redis_identity_fn *allowed, void *ctx, bool *any)
{
    static const char *const fields[] = {"run_id", "master_replid", "master_replid2"};
    char identity[64];
    int bad = 0;
    for (unsigned i = 0; i < sizeof fields / sizeof *fields && !bad; i++)
        if (read_identity(info, fields[i], identity, sizeof identity)) {
            *any = true;
            bad = allowed(ctx, identity);
        }
    return bad;
}

int redis_identities(const char *info, redis_identity_fn *allowed, void *ctx)
{
    bool any = false;
    int bad = each_identity(info, allowed, ctx, &any);
    return any ? bad : allowed(ctx, NULL);
}

static int still_allowed(void *pool, const char *identity)
{
    return pool_identity_still_allowed(pool, identity) ? 0 : ERR_REFUSED;
}

bool redis_still_allowed(struct pool *pool, const char *info)
{
    return redis_identities(info, still_allowed, pool) == 0;
}

bool redis_part_allowed(struct pool *pool, const char *info, bool *any)
{
    return each_identity(info, still_allowed, pool, any) == 0;
}

/* ---- Free room ---- */

/* The bytes that an operation writes, and those that its keys occupy. */
struct weighed {
    double written; /* by one: data_bytes */
    double one;     /* most bytes that one operation adds on the server */
    double all;     /* bytes of all its keys; INFINITY: they grow without bound */
};

/* The size that the allocator uses for a request: four size classes per power of two, as in
 * jemalloc. */
static double allocated(double bytes)
{
    double step = 16;
    while (step * 8 < bytes)
        step *= 2;
    return ceil(bytes / step) * step;
}

static struct weighed weigh(const struct options *o, const double *weight, enum redis_op op)
{
    double keys = (double)option_u64(o, REDIS_KEYS);
    double size = ((double)option_low(o, REDIS_SIZE) + (double)option_high(o, REDIS_SIZE)) / 2;
    double name = (double)strlen(option_str(o, REDIS_PREFIX)) + REDIS_DIGITS +
                  (redis_op_info[op].family == FAMILY_STRING ? 0 : FAMILY_INFIX);
    double key = allocated(name) + KEY_OVERHEAD, data = REDIS_DIGITS, value = 0, members = 1;
    switch (redis_op_info[op].family) {
    case FAMILY_STRING:
        data = size;
        value = allocated(size);
        break;
    case FAMILY_LIST:
        data = size;
        value = allocated(size + LIST_OVERHEAD);
        members = weight[REDIS_RPOP] >= weight[op] ? LIST_LENGTH : INFINITY;
        break;
    case FAMILY_HASH:
        data = REDIS_DIGITS + size;
        value = allocated(REDIS_DIGITS) + allocated(size) + MEMBER_OVERHEAD;
        members = REDIS_MEMBERS;
        break;
    case FAMILY_SET:
    case FAMILY_ZSET:
        value = allocated(REDIS_DIGITS) + MEMBER_OVERHEAD;
        members = REDIS_MEMBERS;
        break;
    default:
        break;
    }
    return (struct weighed){name + data, key + value, keys * (key + members * value)};
}

/* The expected data of a whole mix: to_come_bytes is 0 when it creates nothing. */
static struct room weigh_mix(const struct pool *pool, const struct options *o, const double *weight)
{
    struct room room = {.free_bytes = NAN, .of = "memory", .asked = "INFO"};
    double count = pool_count(pool) ? (double)pool_count(pool) : INFINITY, most = 0;
    for (unsigned i = 0; i < REDIS_OPS; i++) {
        if (!redis_op_info[i].creates || !(weight[i] > 0))
            continue;
        struct weighed w = weigh(o, weight, (enum redis_op)i);
        room.to_come_bytes += w.all;
        room.stored_per_byte = fmax(room.stored_per_byte, w.one / w.written);
        most = fmax(most, w.one);
    }
    if (most > 0)
        room.to_come_bytes = fmin(room.to_come_bytes, count * most);
    return room;
}

double redis_to_come(const struct pool *pool, const struct options *o, const double *weight)
{
    return weigh_mix(pool, o, weight).to_come_bytes;
}

double redis_free_memory(const char *info)
{
    double used = redis_info_number(info, "used_memory");
    double has = redis_info_number(info, "maxmemory");
    if (!(has > 0))
        has = redis_info_number(info, "total_system_memory");
    return has > 0 && used >= 0 ? fmax(has - used, 0) : NAN;
}

int redis_room_allowed(struct pool *pool, const char *info, struct err *err)
{
    double weight[REDIS_OPS];
    for (unsigned i = 0; i < REDIS_OPS; i++)
        weight[i] = pool_op_weight(pool, i);
    struct room room = weigh_mix(pool, pool_options(pool), weight);
    room.free_bytes = redis_free_memory(info);
    return pool_room_allowed(pool, &room, err);
}

/* ---- Overload ---- */

/* Reads "errorstat_OOM:count=12" (Redis 6.2). Without such a line there has been no such error, if
 * the server counts them at all. */
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

/* The growth of a counter since the last call; 0 if it fell, as after CONFIG RESETSTAT. */
static double rise(double *was, double is)
{
    double before = *was;
    *was = is;
    return before >= 0 && is > before ? is - before : 0;
}

static const char *plural(double n)
{
    return n == 1 ? "" : "s";
}

void redis_trouble_check(struct pool *pool, const char *info)
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
        pool_strain(pool, STRAIN_EVICTED, "the server has evicted %.0f key%s for want of memory",
                    evicted, plural(evicted));
    if (oom > 0)
        pool_strain(pool, STRAIN_MEMORY, "the server has refused %.0f command%s with OOM", oom,
                    plural(oom));
    if (rejected > 0)
        pool_strain(pool, STRAIN_REFUSED, "the server has rejected %.0f connection%s (maxclients)",
                    rejected, plural(rejected));
    if (now.replicas >= 0 && now.replicas < was->replicas)
        pool_strain(pool, STRAIN_REPLICAS, "the server has %.0f replica%s left, of %.0f",
                    now.replicas, plural(now.replicas), was->replicas);
    was->replicas = now.replicas;
}

void redis_trouble_reply(struct pool *pool, const char *error_class, const char *text)
{
    static const char ours[] = "the server answers ";
    size_t len = strnlen(text, 100);
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
            pool_strain_said(pool, classes[i].kind, text, len, "%s", ours);
    if (redis_error_is_full(text, strlen(text)))
        pool_strain_said(pool, STRAIN_REFUSED, text, len, "%s", ours);
}

#endif
