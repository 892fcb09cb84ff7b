/* A snapshot as JSON: see run.h. The run as a whole; its pools are in pool.c.
 *
 * Reads the snapshot only, so that screen and JSON agree. Doubles are rounded to three decimals,
 * and jansson then writes 15 significant digits: exact for nanoseconds up to ten days. Called by
 * headless, main and the screenshot. */
#include "ui/json/run.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/config/command_text.h"
#include "engine/state/snapshot.h"
#include "ui/json/part.h"
#include "ui/json/pool.h"
#include "ui/json/read.h"
#include "ui/json/sweep.h"

/* RFC 3339 in UTC, with milliseconds. */
static json_t *moment(const struct timespec *t)
{
    char date[32], whole[48];
    struct tm tm;
    if (!gmtime_r(&t->tv_sec, &tm))
        return json_null();
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(whole, sizeof whole, "%s.%03ldZ", date, t->tv_nsec / 1000000);
    return json_string(whole);
}

static json_t *events(const struct snapshot *s)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->events; i++) {
        const struct event *e = &s->event[i];
        json_t *o = json_object();
        json_put(o, "t_s", json_number(e->t_s));
        json_put(o, "pool", json_words_or_null(e->pool));
        json_put(o, "what", json_words(e->what));
        json_put(o, "from", json_words_or_null(e->from));
        json_put(o, "to", json_words_or_null(e->to));
        json_put(o, "by", json_words(origin_name(e->by)));
        if (e->settled) {
            json_put(o, "before_per_s", json_number(e->before_per_s));
            json_put(o, "after_per_s", json_number(e->after_per_s));
            json_put(o, "diff_per_s_ci95",
                     json_pack("[o,o]", json_number(e->diff_low), json_number(e->diff_high)));
            json_put(o, "real", json_boolean(e->real));
        }
        json_push(list, o);
    }
    return list;
}

static json_t *validity(const struct snapshot *s)
{
    json_t *o = json_object(), *checks = json_array();
    for (unsigned p = 0; p < s->pools + s->removed; p++) {
        for (unsigned i = 0; i < s->pool[p].checks; i++) {
            const struct check *c = &s->pool[p].check[i];
            json_t *one = json_object();
            json_put(one, "name", json_words(check_name(c->id)));
            json_put(one, "pool", json_words(s->pool[p].name));
            json_put(one, "ok", c->known ? json_boolean(c->ok) : json_null());
            json_put(one, "value", c->known ? json_share(c->value) : json_null());
            json_put(one, "limit", json_share(c->limit));
            json_put(one, "why", json_words_or_null(c->why));
            json_push(checks, one);
        }
    }
    json_put(o, "ok", json_boolean(s->valid));
    json_put(o, "checks", checks);
    return o;
}

/* The thresholds with their results. One that could not be evaluated counts as failed at the
 * end. */
static json_t *thresholds(const struct snapshot *s)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->thresholds; i++) {
        const struct threshold_state *t = &s->threshold[i];
        json_t *o = json_object();
        json_put(o, "expr", json_words(t->expr));
        json_put(o, "ok", t->known ? json_boolean(t->ok) : s->ended ? json_false() : json_null());
        json_put(o, "value", t->known ? json_share(t->value) : json_null());
        if (t->few) /* fewer than 10 samples above the percentile */
            json_put(o, "few", json_true());
        json_push(list, o);
    }
    return list;
}

static json_t *generator(const struct snapshot *s, double cpu_share)
{
    json_t *o = json_object();
    json_put(o, "cpu_share", json_share(isfinite(cpu_share) ? cpu_share : s->cpu_share));
    json_put(o, "tick_cpu_share", json_share(s->tick_cpu_share));
    json_put(o, "rss_peak_bytes", json_u64(s->rss_peak_bytes));
    json_put(o, "anon_bytes", json_u64(s->anon_bytes));
    json_put(o, "host", json_words(s->host));
    json_put(o, "cores", json_u64(s->cores));
    return o;
}

static json_t *run_since(const struct snapshot *s, const char *command, double cpu_share,
                         double since_s)
{
    json_t *run = json_object(), *pools = json_array();
    json_put(run, "loadtop", json_string(LOADTOP_VERSION));
    json_put(run, "schema", json_integer(JSON_SCHEMA));
    json_put(run, "run_id", json_words_or_null(s->run_id));
    json_put(run, "started", moment(&s->started));
    json_put(run, "elapsed_s", json_number(s->now_s));
    json_put(run, "ended_by", json_words_or_null(end_reason_name(s->ended_by)));
    json_put(run, "command", json_words_or_null(command));
    json_put(run, "goal_per_s", s->goal_per_s > 0 ? json_number(s->goal_per_s) : json_null());
    for (unsigned i = 0; i < s->pools + s->removed; i++) { /* include removed pools */
        json_t *pool = json_pool(&s->pool[i], i >= s->pools, since_s);
        json_put(pool, "sweeps", json_sweeps(s, &s->pool[i]));
        json_push(pools, pool);
    }
    json_put(run, "pools", pools);
    json_put(run, "events", events(s));
    json_put(run, "events_total", json_u64(s->events_total));
    json_put(run, "validity", validity(s));
    json_put(run, "thresholds", thresholds(s));
    json_put(run, "generator", generator(s, cpu_share));
    return run;
}

json_t *json_run(const struct snapshot *s, const char *command, double cpu_share)
{
    return run_since(s, command, cpu_share, NAN);
}

json_t *json_with_screens(const struct snapshot *s, const char *command, double cpu_share,
                          const json_t *screens)
{
    json_t *run = json_run(s, command, cpu_share);
    if (json_array_size(screens))
        json_put(run, "screens", json_copy((json_t *)(uintptr_t)screens));
    return run;
}

json_t *json_run_since(const struct snapshot *s, const char *command, double since_s)
{
    return run_since(s, command, NAN, since_s);
}

json_t *json_repeat(const struct snapshot *s, unsigned run, int exit_code)
{
    json_t *o = json_object(), *pools = json_array();
    json_put(o, "run", json_u64(run));
    json_put(o, "started", moment(&s->started));
    json_put(o, "elapsed_s", json_number(s->now_s));
    json_put(o, "ended_by", json_words_or_null(end_reason_name(s->ended_by)));
    json_put(o, "exit_code", json_integer(exit_code));
    json_put(o, "valid", json_boolean(s->valid));
    for (unsigned i = 0; i < s->pools + s->removed; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        json_t *pool = json_object();
        json_put(pool, "name", json_words(p->name));
        json_put(pool, "ops", json_counts(&p->counts));
        json_put(pool, "throughput_per_s", json_number(p->throughput_per_s));
        json_put(pool, "p50_us", json_us(p->service.q[Q_P50]));
        json_put(pool, "p99_us", json_us(p->service.q[Q_P99]));
        json_put(pool, "response_p99_us", json_us(p->response.q[Q_P99]));
        json_push(pools, pool);
    }
    json_put(o, "pools", pools);
    return o;
}

static void add_escaped(struct text *t, uint32_t ch)
{
    if (ch >= 0x10000) {
        text_add(t, "\\u%04x", (unsigned)(0xd800 + ((ch - 0x10000) >> 10)));
        ch = 0xdc00 + ((ch - 0x10000) & 0x3ff);
    }
    text_add(t, "\\u%04x", (unsigned)ch);
}

/* Escapes characters that jansson writes as they are but that a terminal would interpret, or that
 * reverse a line. They occur only in strings, where the escape means the same. */
static void add_harmless(struct text *t, const char *s)
{
    const char *from = s;
    uint32_t shown = 0, ch;
    while (*s) {
        if (*s > 0 && *s < 0x7f) { /* the fast path: a saved run may have 50 MiB */
            shown = (uint32_t)*s++;
            continue;
        }
        int n = utf8_decode(s, &ch);
        utf8_next_shown(s, &shown);
        if (ch != shown) {
            text_put(t, from, (size_t)(s - from));
            add_escaped(t, ch);
            from = s + n;
        }
        s += n;
    }
    text_put(t, from, (size_t)(s - from));
}

char *json_text(const json_t *json, size_t *len)
{
    struct text whole = {.limit = SIZE_MAX / 4};
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (!text)
        abort();
    add_harmless(&whole, text);
    text_put(&whole, "\n", 1);
    free(text);
    if (whole.cut)
        abort();
    *len = whole.len;
    return whole.s;
}
