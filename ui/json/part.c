/* Pieces of JSON; see part.h. */
#include "ui/json/part.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/config/pool_spec.h"
#include "engine/state/snapshot.h"

void json_put(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) < 0)
        abort();
}

void json_push(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) < 0)
        abort();
}

double json_rounded(double v, bool share)
{
    double unit = share ? 1e6 : 1000, rounded = round(v * unit) / unit;
    return isfinite(rounded) ? rounded : v;
}

json_t *json_number(double v)
{
    return isfinite(v) ? json_real(json_rounded(v, false)) : json_null();
}

json_t *json_share(double v)
{
    return isfinite(v) ? json_real(json_rounded(v, true)) : json_null();
}

json_t *json_us(double ns)
{
    return json_number(ns / 1000);
}

json_t *json_u64(uint64_t n)
{
    return json_integer((json_int_t)n);
}

json_t *json_words(const char *s)
{
    return utf8_json(s);
}

json_t *json_words_or_null(const char *s)
{
    return s && *s ? json_words(s) : json_null();
}

json_t *json_counts(const struct counts *c)
{
    json_t *o = json_object();
    json_put(o, "offered", json_u64(c->offered));
    json_put(o, "completed", json_u64(c->completed));
    json_put(o, "errors", json_u64(c->errors));
    json_put(o, "timeouts", json_u64(c->timeouts));
    json_put(o, "in_flight", json_u64(c->in_flight));
    json_put(o, "dropped", json_u64(c->dropped));
    json_put(o, "not_started", json_u64(c->not_started));
    return o;
}

json_t *json_latency(const struct latency *l)
{
    static const char *const name[QUANTILES] = {
        [Q_P50] = "p50_us", [Q_P90] = "p90_us",     [Q_P95] = "p95_us",
        [Q_P99] = "p99_us", [Q_P99_9] = "p99_9_us", [Q_P99_99] = "p99_99_us"};
    json_t *o = json_object();
    bool any = l->count > 0;
    json_put(o, "min_us", any ? json_us(l->min) : json_null());
    json_put(o, "mean_us", any ? json_us(l->mean) : json_null());
    for (unsigned i = 0; i < QUANTILES; i++)
        json_put(o, name[i], any ? json_us(l->q[i]) : json_null());
    json_put(o, "max_us", any ? json_us(l->max) : json_null());
    json_put(o, "count", json_u64(l->count));
    return o;
}

json_t *json_duration_or_null(uint64_t ns)
{
    char text[48];
    return ns ? json_words(format_exact_duration(text, sizeof text, ns)) : json_null();
}

json_t *json_mix(const struct op_type *types, const double *weight)
{
    struct text mix = {0};
    ops_add(&mix, types, weight);
    json_t *words = json_words(text_str(&mix));
    text_free(&mix);
    return words;
}
