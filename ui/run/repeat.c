/* The spread between runs: see repeat.h. Pools are distinguished by name, so one that an `--at`
 * adds has its own line. Called by headless and outcome. */
#include "ui/run/repeat.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "ui/json/part.h"
#include "ui/json/run.h"

void repeats_init(struct repeats *r, unsigned wanted)
{
    *r = (struct repeats){.wanted = wanted, .list = json_array()};
}

void repeats_fini(struct repeats *r)
{
    json_decref(r->list);
}

static struct repeat_pool *find_pool(struct repeats *r, const char *name)
{
    for (unsigned i = 0; i < r->pools; i++)
        if (strcmp(r->pool[i].name, name) == 0)
            return &r->pool[i];
    if (r->pools == POOLS_RUN_MAX)
        return NULL;
    copy_str(r->pool[r->pools].name, POOL_NAME_MAX, name);
    return &r->pool[r->pools++];
}

void repeats_add(struct repeats *r, const struct snapshot *s, int exit_code)
{
    json_push(r->list, json_repeat(s, ++r->runs, exit_code));
    for (unsigned i = 0; i < s->pools; i++) {
        struct repeat_pool *p = find_pool(r, s->pool[i].name);
        if (!p)
            continue;
        spread_add(&p->throughput, s->pool[i].throughput_per_s);
        spread_add(&p->p99, s->pool[i].response.count ? s->pool[i].response.q[Q_P99] : NAN);
    }
}

/* scale: divisor of the values; three decimals are kept. */
static json_t *spread_json(const struct spread *s, double scale)
{
    json_t *o = json_object();
    json_put(o, "n", json_u64(s->n));
    json_put(o, "mean", json_number(spread_mean(s) / scale));
    json_put(o, "stdev", json_number(spread_stdev(s) / scale));
    json_put(o, "min", s->n ? json_number(s->min / scale) : json_null());
    json_put(o, "max", s->n ? json_number(s->max / scale) : json_null());
    return o;
}

void repeats_json(const struct repeats *r, json_t *run)
{
    json_t *spread = json_array();
    for (unsigned i = 0; i < r->pools; i++) {
        json_t *o = json_object();
        json_put(o, "pool", json_words(r->pool[i].name));
        json_put(o, "throughput_per_s", spread_json(&r->pool[i].throughput, 1));
        json_put(o, "response_p99_us", spread_json(&r->pool[i].p99, 1000));
        json_push(spread, o);
    }
    json_put(run, "repeats", json_incref(r->list));
    json_put(run, "spread", spread);
}

static void add_spread(struct text *t, const char *pool, const char *what, const struct spread *s,
                       char *(*format)(char *buf, size_t size, double v))
{
    char mean[32] = "-", stdev[32] = "-", min[32] = "-", max[32] = "-";
    double deviation = spread_stdev(s);
    if (s->n) {
        format(mean, sizeof mean, spread_mean(s));
        format(min, sizeof min, s->min);
        format(max, sizeof max, s->max);
    }
    if (isfinite(deviation))
        format(stdev, sizeof stdev, deviation);
    text_add(t, "  %-14s %-14s %8s  stdev %8s", pool, what, mean, stdev);
    if (isfinite(deviation) && spread_mean(s) > 0)
        text_add(t, " (%.1f %%)", 100 * deviation / spread_mean(s));
    text_add(t, "  min %8s  max %8s", min, max);
    text_add(t, "  of %u run%s\n", s->n, s->n == 1 ? "" : "s");
}

void repeats_text(const struct repeats *r, struct text *t)
{
    text_add(t, "\nspread over %u of %u runs (the figures above are of the last)\n", r->runs,
             r->wanted);
    for (unsigned i = 0; i < r->pools; i++) {
        add_spread(t, r->pool[i].name, "throughput /s", &r->pool[i].throughput, format_number);
        add_spread(t, r->pool[i].name, "response p99", &r->pool[i].p99, format_duration);
    }
}
