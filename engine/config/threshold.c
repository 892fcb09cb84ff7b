/* Reads a threshold: [POOL:][service.|response.]METRIC OP VALUE.
 *
 * METRIC is p50, p99.9 ..., mean, max, errors or throughput; OP is < <= > >=. A misread threshold
 * would let a bad run pass, so nothing is guessed: units are required where a metric has them. */
#include "engine/config/threshold.h"

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLES "p99<5ms, errors<0.1%%, throughput>50k/s, service.p99<1ms, redis:p99.9<20ms"

static int refuse(const char *expr, const char *why, struct err *err)
{
    return err_set(err, ERR_USAGE, "threshold %.60s: %s (e.g. " EXAMPLES ")", *expr ? expr : "''",
                   why);
}

/* Copies the piece without its outer blanks; false when it does not fit. */
static bool trim(const char *at, size_t len, char *dst, size_t size)
{
    while (len && (*at == ' ' || *at == '\t')) {
        at++;
        len--;
    }
    while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    if (len >= size)
        return false;
    memcpy(dst, at, len);
    dst[len] = '\0';
    return true;
}

static int read_metric(struct threshold *t, const char *word, const char *expr, struct err *err)
{
    static const char *const names[] = {"p50",  "p90", "p95",    "p99",        "p99.9", "p99.99",
                                        "mean", "max", "errors", "throughput", NULL};
    double percent;
    const char *metric = word;
    bool kind = false;
    if (strncmp(word, "service.", 8) == 0) {
        t->service = true;
        metric += 8;
        kind = true;
    } else if (strncmp(word, "response.", 9) == 0) {
        metric += 9;
        kind = true;
    }
    if (strcmp(metric, "mean") == 0) {
        t->metric = METRIC_MEAN;
    } else if (strcmp(metric, "max") == 0) {
        t->metric = METRIC_MAX;
    } else if (strcmp(metric, "errors") == 0 && !kind) {
        t->metric = METRIC_ERRORS;
    } else if (strcmp(metric, "throughput") == 0 && !kind) {
        t->metric = METRIC_THROUGHPUT;
    } else if (*metric == 'p' && metric[1] >= '0' && metric[1] <= '9' &&
               parse_real(metric + 1, &percent) == 0 && percent > 0 && percent < 100) {
        t->metric = METRIC_PERCENTILE;
        t->quantile = percent / 100;
    } else {
        const char *near = nearest_name(metric, names);
        return err_set(
            err, ERR_USAGE,
            "threshold %.60s: unknown metric '%.40s'%s%s%s, allowed: p50 ... p99.99, mean, max "
            "(also service.p99), errors, throughput",
            expr, word, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    }
    return 0;
}

static int read_bound(struct threshold *t, char *value, const char *expr, struct err *err)
{
    uint64_t ns;
    size_t len = strlen(value);
    switch (t->metric) {
    case METRIC_THROUGHPUT:
        if (parse_rate(value, &t->bound))
            return refuse(expr, "throughput wants a rate such as 50k/s", err);
        return 0;
    case METRIC_ERRORS:
        if (len && value[len - 1] == '%') {
            value[len - 1] = '\0';
            if (parse_real(value, &t->bound) == 0 && t->bound >= 0 && t->bound <= 100) {
                t->bound /= 100;
                return 0;
            }
        } else if (parse_real(value, &t->bound) == 0 && t->bound >= 0 && t->bound <= 1) {
            return 0;
        }
        return refuse(expr, "errors wants a share: 0.1%, or 0 to 1", err);
    default:
        if (parse_duration(value, &ns))
            return refuse(expr, "a latency wants a duration with its unit, such as 5ms", err);
        t->bound = (double)ns / 1000;
        return 0;
    }
}

int threshold_parse(struct threshold *t, const char *expr, struct err *err)
{
    char metric[96] = "", value[64] = "";
    uint64_t number;
    *t = (struct threshold){0};
    if (!trim(expr, strlen(expr), t->expr, sizeof t->expr))
        return refuse(expr, "too long", err);
    const char *sign = t->expr + strcspn(t->expr, "<>");
    if (!*sign)
        return refuse(expr, "'<' or '>' is missing", err);
    const char *name = t->expr, *colon = memchr(name, ':', (size_t)(sign - name));
    if (colon) {
        if (!trim(name, (size_t)(colon - name), t->pool, sizeof t->pool) ||
            !(pool_name_ok(t->pool) || parse_count(t->pool, &number) == 0))
            return refuse(expr, "before ':' a pool's name is expected, or its number", err);
        name = colon + 1;
    }
    t->above = *sign == '>';
    t->inclusive = sign[1] == '=';
    const char *bound = sign + 1 + t->inclusive;
    if (!trim(name, (size_t)(sign - name), metric, sizeof metric) ||
        !trim(bound, strlen(bound), value, sizeof value))
        return refuse(expr, "too long", err);
    int bad = read_metric(t, metric, expr, err);
    return bad ? bad : read_bound(t, value, expr, err);
}

bool threshold_is_for(const struct threshold *t, const char *name, unsigned number)
{
    uint64_t wanted;
    return strcmp(t->pool, name) == 0 || (parse_count(t->pool, &wanted) == 0 && wanted == number);
}

bool threshold_holds(const struct threshold *t, double v)
{
    if (t->above)
        return t->inclusive ? v >= t->bound : v > t->bound;
    return t->inclusive ? v <= t->bound : v < t->bound;
}
