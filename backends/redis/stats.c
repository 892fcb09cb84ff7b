/* A server's figures, once a second on the pool's thread: INFO, changes since the last one, and the
 * number of other clients.
 *
 * A query must end within a second, even if the server is stopped or gone: then its figures are
 * absent instead of outdated. */
#include "backends/redis/stats.h"

#include "backends/redis/guard.h"
#include "backends/redis/hello.h"
#include "backends/redis/leftovers.h"
#include "backends/redis/link.h"
#include "backends/redis/sibling.h"
#include "backends/redis/types.h"
#include "engine/base/json.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define STATS_NS (800 * NS_PER_MS)
#define REOPEN_NS (400 * NS_PER_MS)
#define RATE_MIN_NS (100 * NS_PER_MS) /* rates of less are noise, but of a whole run that is over */

/* ---- Figures ---- */

void redis_count(void *sum, const struct workers_entry *entry)
{
    struct redis_totals *t = sum;
    const struct redis_counts *c = &((const struct redis_worker *)(const void *)entry)->counts;
    t->hits += atomic_load_explicit(&c->hits, memory_order_relaxed);
    t->misses += atomic_load_explicit(&c->misses, memory_order_relaxed);
    t->connected += atomic_load_explicit(&c->connected, memory_order_relaxed);
    for (int i = 0; i < FAMILIES; i++) {
        uint64_t high = atomic_load_explicit(&c->high[i], memory_order_relaxed);
        if (high > t->high[i])
            t->high[i] = high;
    }
}

static double both(const char *info, const char *a, const char *b)
{
    double x = redis_info_number(info, a), y = redis_info_number(info, b);
    return x < 0 || y < 0 ? NAN : x + y;
}

static struct redis_info read_info(const char *info)
{
    double server_us = redis_info_number(info, "server_time_usec");
    return (struct redis_info){
        .at_ns = server_us > 0 ? (uint64_t)server_us * 1000 : clock_ns(),
        .cpu = both(info, "used_cpu_sys", "used_cpu_user"),
        .cpu_main = both(info, "used_cpu_sys_main_thread", "used_cpu_user_main_thread"),
        .hits = redis_info_number(info, "keyspace_hits"),
        .misses = redis_info_number(info, "keyspace_misses"),
        .evicted = redis_info_number(info, "evicted_keys"),
        .expired = redis_info_number(info, "expired_keys"),
    };
}

static void put_number(json_t *o, const char *name, double v)
{
    json_object_set_new(o, name, json_real_or_null(v));
}

static void put_info(json_t *o, const char *info, const char *field, const char *name)
{
    double v = redis_info_number(info, field);
    json_object_set_new(o, name, v < 0 ? json_null() : json_integer((json_int_t)v));
}

static void put_rates(struct stats *s, const struct redis_info *was, const struct redis_info *is)
{
    double t = is->at_ns > was->at_ns && was->at_ns ? (double)(is->at_ns - was->at_ns) / 1e9 : NAN;
    double asked = is->hits - was->hits + is->misses - was->misses;
    double hit_ratio = t > 0 && asked > 0 ? (is->hits - was->hits) / asked : NAN;
    double cpu = (is->cpu - was->cpu) / t, cpu_main = (is->cpu_main - was->cpu_main) / t;
    double evicted = (is->evicted - was->evicted) / t, expired = (is->expired - was->expired) / t;
    s->server_cpu_share = isfinite(cpu_main) ? cpu_main : isfinite(cpu) ? cpu : NAN;
    put_number(s->json, "span_s", t);
    put_number(s->json, "server_cpu_share", cpu);
    put_number(s->json, "server_main_thread_cpu_share", cpu_main);
    put_number(s->json, "hit_ratio", hit_ratio);
    s->column[s->columns++] =
        (struct stat_column){"hit ratio", COLUMN_HITS, COLUMN_MEAN, hit_ratio};
    put_number(s->json, "evicted_per_s", evicted);
    put_number(s->json, "expired_per_s", expired);
    size_t len = 0;
    if (isfinite(s->server_cpu_share))
        len = text_append(s->note, sizeof s->note, len, "cpu %.0f %%", s->server_cpu_share * 100);
    if (s->other_clients > 0)
        len = text_append(s->note, sizeof s->note, len, "%s%lld other client%s", len ? ", " : "",
                          (long long)s->other_clients, s->other_clients == 1 ? "" : "s");
    if (isfinite(hit_ratio))
        len = text_append(s->note, sizeof s->note, len, "%shit ratio %.1f %%", len ? ", " : "",
                          hit_ratio * 100);
    if (evicted > 0)
        text_append(s->note, sizeof s->note, len, "%sevicts %.0f keys/s", len ? ", " : "", evicted);
}

void redis_stats_begin(struct redis_pool *p, const char *info)
{
    p->first = p->last = read_info(info);
}

/* Rates are those of the last second while the load runs, and of the whole run afterwards, because
 * the time after the load's end is not representative. */
void redis_stats_info(struct pool *pool, struct stats *s, const struct redis_totals *t,
                      const char *info)
{
    char text[48];
    struct redis_pool *p = pool_data(pool);
    static const struct redis_info none;
    struct redis_info now = read_info(info);
    if (redis_info_text(info, "redis_version", text, sizeof text)) {
        secret_hide_values(text);
        snprintf(s->version, sizeof s->version, "Redis %s", text);
    }
    if (!redis_same_server(p, info) || now.hits < p->last.hits || now.cpu < p->last.cpu)
        /* the server was restarted, or its statistics were reset */
        p->first = p->last = (struct redis_info){0};
    s->other_clients = redis_other_clients(p, info, t->connected);
    s->data_items = redis_info_keys(info, p->db);
    double dataset = redis_info_number(info, "used_memory_dataset");
    s->data_bytes = dataset < 0 ? -1 : (int64_t)dataset;
    s->free_bytes = redis_free_memory(info);
    s->free_of = "memory";
    bool loaded = workers_were(&p->workers);
    bool over = loaded && !t->running, soon = now.at_ns < p->last.at_ns + RATE_MIN_NS;
    put_rates(s, over ? &p->first : soon ? &none : &p->last, &now);
    p->last = now;
    /* no worker had come when INFO was answered, so nothing was sent before it */
    if (!loaded || !p->first.at_ns)
        p->first = now;
    put_info(s->json, info, "connected_clients", "connected_clients");
    put_info(s->json, info, "used_memory", "used_memory_bytes");
    put_info(s->json, info, "maxmemory", "maxmemory_bytes");
    put_info(s->json, info, "rejected_connections", "rejected_connections");
    json_object_set_new(s->json, "keys",
                        s->data_items < 0 ? json_null() : json_integer((json_int_t)s->data_items));
    if (redis_info_text(info, "role", text, sizeof text)) {
        secret_hide_values(text);
        json_object_set_new(s->json, "role", utf8_json(text));
    }
}

/* Does the server refuse INFO because of a state that passes by itself? */
static bool passes(const redisReply *r)
{
    return r->type == REDIS_REPLY_ERROR && redis_error_passes(r->str, r->len);
}

/* Checks that the server may be loaded; otherwise the link is not used any more. A server that
 * temporarily refuses INFO (BUSY) counts as the same one. */
static bool judge_link(struct pool *pool, const redisReply *r)
{
    struct redis_pool *p = pool_data(pool);
    if (r->type == REDIS_REPLY_STRING)
        p->link_known = redis_still_allowed(pool, r->str);
    else if (!p->link_known && !(p->asks_who && passes(r)))
        p->link_known = redis_still_allowed(pool, "");
    if (!p->link_known)
        redis_link_down(p);
    return p->link_known;
}

/* INFO on the pool's link, or an error reply. NULL: there is no answer now, or, where the link is
 * still up, never. */
static redisReply *ask(struct pool *pool, uint64_t now, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    if (!p->link && redis_link_up(pool, now + REOPEN_NS, err) < 0)
        return NULL;
    redis_link_keep(p->link); /* leftovers are queried after the pool has ended */
    if (!p->missing.info_breaks) {
        redisReply *r = redis_ask_info(p, now + STATS_NS, err);
        if (p->missing.info_breaks)
            pool_event(pool, "INFO is not asked any more: its answer is too large");
        return r;
    }
    if (!redis_link_quiet(p->link)) /* the next call opens another one */
        redis_link_down(p);
    return NULL;
}

void redis_pool_stats(struct pool *pool, struct stats *s)
{
    struct redis_pool *p = pool_data(pool);
    uint64_t now = clock_ns();
    struct err err = {0};
    struct redis_totals t;
    s->server_cpu_share = NAN;
    s->other_clients = s->data_items = -1;
    t.running = workers_sum(&p->workers, &t);
    redisReply *r = ask(pool, now, &err);
    address_text(addresses_current(&p->at), s->address, sizeof s->address);
    if (p->link)
        s->rtt_ns = redis_link_round_trip_ns(p->link);
    /* the server may have no room for another client */
    else
        redis_trouble_reply(pool, "", err.msg);
    if (r && !judge_link(pool, r)) {
        freeReplyObject(r);
        r = NULL;
    }
    if (r && r->type == REDIS_REPLY_STRING) {
        redis_stats_info(pool, s, &t, r->str);
        redis_trouble_check(pool, r->str);
    } else {
        p->last = (struct redis_info){0};
        if (p->missing.info_breaks || (r && !passes(r)))
            copy_str(s->note, sizeof s->note, "INFO is not answered");
    }
    if (r)
        freeReplyObject(r);
    json_object_set_new(s->json, "get_hits", json_integer((json_int_t)t.hits));
    json_object_set_new(s->json, "get_misses", json_integer((json_int_t)t.misses));
    redis_leftovers(pool, s, &t);
}

#endif
