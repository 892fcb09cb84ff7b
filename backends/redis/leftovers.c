/* Leftovers of a run: the names of keys that it may have created, and its mark.
 *
 * Keys are numbered from 0, and workers record the highest number written in each family, so the
 * possible keys are a range of names. How many exist is queried only after the load. This is
 * information for the user and the run's file: removal is decided by the mark on the server alone
 * (clean.c). */
#include "backends/redis/leftovers.h"

#include "backends/redis/hello.h"
#include "backends/redis/link.h"
#include "backends/redis/mark.h"
#include "backends/redis/types.h"
#include "engine/base/utf8.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 1000u
#define COUNT_NS (400 * NS_PER_MS)

char *redis_key_name(char *buf, size_t size, const char *prefix, uint64_t key)
{
    snprintf(buf, size, "%s%012llu", prefix, (unsigned long long)key);
    return buf;
}

/* Counts how many of the keys [from, from + n) of a prefix exist, or -1. */
static int64_t exist(struct redis_link *l, const char *prefix, uint64_t from, unsigned n,
                     uint64_t deadline_ns)
{
    static const size_t name_bytes = REDIS_PREFIX_MAX + 24;
    const char **words = calloc(n + 1, sizeof *words);
    char *names = malloc(n * name_bytes);
    int64_t count = -1;
    if (words && names) {
        /* counts existing keys like EXISTS, but is not an operation of the mix, so the server's
         * statistics stay exact */
        words[0] = "TOUCH";
        for (unsigned i = 0; i < n; i++)
            words[i + 1] = redis_key_name(names + i * name_bytes, name_bytes, prefix, from + i);
        redisReply *r = redis_link_ask(l, n + 1, words, deadline_ns, NULL);
        if (r && r->type == REDIS_REPLY_INTEGER && r->integer >= 0 && r->integer <= n)
            count = r->integer;
        if (r)
            freeReplyObject(r);
    }
    free(words);
    free(names);
    return count;
}

/* Counts the existing keys of a family. -1: too many to query now, or the server does not
 * answer. */
static int64_t count_existing(struct redis_pool *p, const char *prefix, uint64_t high,
                              uint64_t deadline_ns)
{
    int64_t sum = 0;
    for (uint64_t from = 0; from < high; from += AT_ONCE) {
        unsigned n = high - from < AT_ONCE ? (unsigned)(high - from) : AT_ONCE;
        int64_t count =
            p->link && clock_ns() < deadline_ns ? exist(p->link, prefix, from, n, deadline_ns) : -1;
        if (count < 0)
            return -1;
        sum += count;
    }
    return sum;
}

static void add_keys(struct pool *pool, struct stats *s, enum redis_family family, uint64_t high,
                     int64_t count, const struct redis_mark *mark)
{
    const struct redis_pool *p = pool_data(pool);
    const struct options *o = pool_options(pool);
    char prefix[REDIS_PREFIX_MAX + 8], first[REDIS_PREFIX_MAX + 24], what[2 * sizeof first];
    redis_key_prefix(prefix, sizeof prefix, option_str(o, REDIS_PREFIX), family);
    snprintf(what, sizeof what, "%s..%012llu", redis_key_name(first, sizeof first, prefix, 0),
             (unsigned long long)high - 1);
    json_t *one = json_pack("{s:s, s:o, s:o, s:i, s:I, s:i, s:b}", "kind", "keys", "what",
                            utf8_json(what), "prefix", utf8_json(prefix), "first", 0, "last",
                            (json_int_t)high - 1, "db", (int)p->db, "marked", (int)mark->stands);
    if (!one)
        return;
    json_object_set_new(one, "count", count < 0 ? json_null() : json_integer((json_int_t)count));
    if (!mark->stands && mark->refusal[0])
        json_object_set_new(one, "unmarked", utf8_json(mark->refusal));
    if (family == FAMILY_STRING && option_u64(o, REDIS_TTL))
        json_object_set_new(one, "ttl_s", json_real((double)option_u64(o, REDIS_TTL) / 1e9));
    json_array_append_new(s->leftovers, one);
}

/* Adds an entry that tells clean where this run may have created keys. */
static void add_mark(struct pool *pool, struct stats *s, const struct redis_mark *mark)
{
    const struct redis_pool *p = pool_data(pool);
    const char *prefix = option_str(pool_options(pool), REDIS_PREFIX);
    char name[REDIS_MARK_NAME];
    json_t *one = json_pack("{s:s, s:o, s:o, s:i}", "kind", "mark", "what",
                            utf8_json(redis_mark_name(name, prefix)), "prefix", utf8_json(prefix),
                            "db", (int)p->db);
    if (!one)
        return;
    json_object_set_new(one, "count", mark->stands ? json_integer(1) : json_null());
    json_array_append_new(s->leftovers, one);
}

/* While the load runs, lists possible keys without counting existing ones. */
void redis_leftovers(struct pool *pool, struct stats *s, const struct redis_totals *t)
{
    struct redis_pool *p = pool_data(pool);
    const char *prefix = option_str(pool_options(pool), REDIS_PREFIX);
    uint64_t deadline_ns = clock_ns() + COUNT_NS;
    if (s->last && !t->running)
        redis_mark_settle(pool, t->high, deadline_ns);
    struct redis_mark mark = redis_mark_now(p);
    for (int i = 0; i < FAMILIES; i++) {
        char keys[REDIS_PREFIX_MAX + 8];
        if (!t->high[i])
            continue;
        redis_key_prefix(keys, sizeof keys, prefix, (enum redis_family)i);
        int64_t count = t->running ? -1 : count_existing(p, keys, t->high[i], deadline_ns);
        /* a late answer may still change the count */
        if (count < 0 && !t->running)
            redis_link_down(p);
        add_keys(pool, s, (enum redis_family)i, t->high[i], count, &mark);
    }
    if (mark.stands || (mark.version && !mark.refusal[0] && !mark.settled))
        add_mark(pool, s, &mark);
}

#endif
