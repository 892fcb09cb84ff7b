/* What a run leaves behind, and its removal: exactly the keys that it can have made, by their
 * names.
 *
 * Keys are numbered from 0, and workers note the highest that they wrote of each family; so what
 * can exist is a range of names, and clean removes those, never what a pattern finds. How many of
 * them do exist is asked only when the load is over. */
#include "backends/redis.h"
#include "backends/redis_link.h"
#include "engine/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLEAN_NS (10 * NS_PER_S) /* for each thousand names */
#define AT_ONCE 1000u
#define COUNT_NS (400 * NS_PER_MS)

static void put_name(char *buf, size_t size, const char *prefix, uint64_t key)
{
    snprintf(buf, size, "%s%012llu", prefix, (unsigned long long)key);
}

/* How many of prefix's keys [from, from + n) exist, or -1. */
static int64_t exist(struct redis_link *l, const char *prefix, uint64_t from, unsigned n,
                     uint64_t deadline_ns)
{
    static const size_t name_bytes = REDIS_PREFIX_MAX + 24;
    const char **words = calloc(n + 1, sizeof *words);
    char *names = malloc(n * name_bytes);
    int64_t count = -1;
    if (words && names) {
        words[0] = "TOUCH"; /* counts as EXISTS does, and is no operation of the mix */
        for (unsigned i = 0; i < n; i++) {
            put_name(names + i * name_bytes, name_bytes, prefix, from + i);
            words[i + 1] = names + i * name_bytes;
        }
        redisReply *r = redis_link_ask(l, n + 1, words, deadline_ns, NULL);
        if (r && r->type == REDIS_REPLY_INTEGER)
            count = r->integer;
        if (r)
            freeReplyObject(r);
    }
    free(words);
    free(names);
    return count;
}

/* Counts the keys of a family that exist. -1: they are too many to ask for now, or the server does
 * not say. */
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

/* While the load runs nobody is asked how many keys exist: only which ones can. */
void redis_left_behind(struct pool *pool, struct stats *s, const struct redis_totals *t)
{
    struct redis_pool *p = pool_data(pool);
    const struct options *o = pool_options(pool);
    uint64_t deadline_ns = clock_ns() + COUNT_NS;
    for (int i = 0; i < FAMILIES; i++) {
        char prefix[REDIS_PREFIX_MAX + 8], first[REDIS_PREFIX_MAX + 24], what[2 * sizeof first];
        if (!t->high[i])
            continue;
        redis_key_prefix(prefix, sizeof prefix, option_str(o, REDIS_PREFIX), (enum redis_family)i);
        int64_t count = t->running ? -1 : count_existing(p, prefix, t->high[i], deadline_ns);
        if (count < 0 && !t->running)
            redis_link_down(p); /* an answer may still be on its way */
        put_name(first, sizeof first, prefix, 0);
        snprintf(what, sizeof what, "%s..%012llu", first, (unsigned long long)t->high[i] - 1);
        json_t *one =
            json_pack("{s:s, s:s, s:s, s:i, s:I, s:i}", "kind", "keys", "what", what, "prefix",
                      prefix, "first", 0, "last", (json_int_t)t->high[i] - 1, "db", (int)p->db);
        if (!one)
            continue;
        json_object_set_new(one, "count",
                            count < 0 ? json_null() : json_integer((json_int_t)count));
        if (i == FAMILY_STRING && option_u64(o, REDIS_TTL))
            json_object_set_new(one, "ttl_s", json_real((double)option_u64(o, REDIS_TTL) / 1e9));
        json_array_append_new(s->left_behind, one);
    }
}

/* ---- Clean ---- */

/* Removes prefix's keys [from, from + n), one command each, so that no key blocks the server for
 * long. */
static int remove_some(struct redis_link *l, const char *command, const char *prefix, uint64_t from,
                       unsigned n, struct err *err)
{
    struct text bytes = {0};
    char name[REDIS_PREFIX_MAX + 24];
    uint64_t deadline_ns = clock_ns() + CLEAN_NS;
    for (unsigned i = 0; i < n; i++) {
        put_name(name, sizeof name, prefix, from + i);
        redis_words(&bytes, 2, (const char *[]){command, name});
    }
    int rc = bytes.cut ? err_set(err, ERR_FAILED, "out of memory")
                       : redis_link_send(l, text_str(&bytes), bytes.len, deadline_ns, err);
    for (unsigned i = 0; rc == 0 && i < n; i++) {
        redisReply *r = redis_link_reply(l, deadline_ns, err);
        if (!r)
            rc = ERR_UNREACHED;
        else if (r->type == REDIS_REPLY_ERROR)
            rc = err_set(err, ERR_FAILED, "%s: %.160s", command, r->str);
        if (r)
            freeReplyObject(r);
    }
    text_free(&bytes);
    return rc;
}

/* UNLINK (Redis 4) frees in the background; before it there was DEL. */
static const char *removing_command(struct redis_link *l, struct err *err)
{
    redisReply *r = redis_link_ask(l, 2, (const char *[]){"UNLINK", "loadtop:no-such-key"},
                                   clock_ns() + CLEAN_NS, err);
    const char *command = !r ? NULL : r->type == REDIS_REPLY_ERROR ? "DEL" : "UNLINK";
    if (r)
        freeReplyObject(r);
    return command;
}

static int clean_one(struct redis_link *l, const json_t *one, const char *command, struct err *err)
{
    const char *prefix = json_string_value(json_object_get(one, "prefix"));
    const json_t *first = json_object_get(one, "first"), *last = json_object_get(one, "last");
    if (!prefix || strlen(prefix) > REDIS_PREFIX_MAX + 2 || !json_is_integer(first) ||
        !json_is_integer(last) || json_integer_value(first) < 0 ||
        json_integer_value(last) >= (json_int_t)REDIS_KEYS_MAX)
        return err_set(err, ERR_USAGE,
                       "left_behind: an entry of kind keys needs prefix, first and last");
    uint64_t from = (uint64_t)json_integer_value(first),
             end = (uint64_t)json_integer_value(last) + 1;
    int rc = 0;
    for (; rc == 0 && from < end; from += AT_ONCE)
        rc = remove_some(l, command, prefix, from,
                         end - from < AT_ONCE ? (unsigned)(end - from) : AT_ONCE, err);
    return rc;
}

int redis_clean(struct clean *c, struct err *err)
{
    const struct target *t = c->target;
    const struct options *o = c->options;
    const json_t *left_behind = c->left_behind;
    if (!c->remove) {
        c->say(c, CLEAN_OURS, "what the file names", -1, "");
        return 0;
    }
    struct err spare = {0};
    unsigned db;
    const char *command;
    int rc;
    err = err ? err : &spare;
    if (redis_target_db(t, o, &db, err) < 0)
        return err->code;
    struct redis_link *l = redis_link_plain(t, o, db, err);
    if (!l || !(command = removing_command(l, err))) {
        redis_link_free(l);
        return err->code < 0 ? err->code : ERR_UNREACHED;
    }
    rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(left_behind); i++) {
        const json_t *one = json_array_get(left_behind, i), *in = json_object_get(one, "db");
        const char *kind = json_string_value(json_object_get(one, "kind"));
        if (!kind || strcmp(kind, "keys") != 0)
            continue;
        if (json_is_integer(in) && json_integer_value(in) != (json_int_t)db)
            rc = err_set(err, ERR_USAGE, "%s: the run used database %lld", t->shown,
                         (long long)json_integer_value(in));
        else
            rc = clean_one(l, one, command, err);
    }
    redis_link_free(l);
    return rc;
}

#endif
