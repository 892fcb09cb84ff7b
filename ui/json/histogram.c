/* See histogram.h. After a signal the output must be complete within half a second: the whole
 * run's histograms are made first, and intervals stop after 0.1 s. Called by pool.c; read by the
 * reports. */
#include "ui/json/histogram.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/os/loop.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/state/snapshot.h"
#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "ui/json/hdr.h"
#include "ui/json/part.h"

#define INTERVALS_MOST 900
#define BUDGET_S 0.1

static json_t *encoded(const struct packed *p)
{
    char *s = p->len ? hdr_encode(p->bytes, p->len) : NULL;
    json_t *o = s ? json_string(s) : json_null();
    free(s);
    return o;
}

static json_t *both(const struct packed *service, const struct packed *response)
{
    json_t *o = json_object();
    json_put(o, "service", encoded(service));
    json_put(o, "response", encoded(response));
    return o;
}

static const struct packed *second_at(const struct pool_snapshot *p, uint64_t i)
{
    return &p->packed[i / SERIES_BLOCK][i % SERIES_BLOCK];
}

/* Merges seconds [from, from + n) into one interval. `sum` and `one` are scratch memory. */
static json_t *interval(const struct pool_snapshot *p, uint64_t from, uint64_t n,
                        struct histogram *sum, struct histogram *one)
{
    const struct point *first = series_at(&p->seconds, from);
    const struct point *last = series_at(&p->seconds, from + n - 1);
    double start = first->t_s - first->span_s, max = NAN;
    json_t *o = json_object();
    for (uint64_t i = from; i < from + n; i++)
        max = fmax(max, (double)series_at(&p->seconds, i)->max);
    json_put(o, "start_s", json_number(start));
    json_put(o, "length_s", json_number(last->t_s - start));
    json_put(o, "max_us", json_us(max));
    if (n == 1) {
        json_put(o, "service", encoded(second_at(p, from)));
        return o;
    }
    histogram_clear(sum);
    for (uint64_t i = from; i < from + n; i++) {
        const struct packed *k = second_at(p, i);
        if (k->len && histogram_unpack(one, k->bytes, k->len) == 0)
            histogram_merge(sum, one);
    }
    struct packed all = packed_of(sum);
    json_put(o, "service", encoded(&all));
    free(all.bytes);
    return o;
}

static double wall_now_s(void)
{
    return (double)clock_ns() / 1e9;
}

static void put_intervals(json_t *o, const struct pool_snapshot *p, bool hurry)
{
    struct histogram sum = {0}, one = {0};
    const struct series *s = &p->seconds;
    uint64_t n = s->n - s->first, width = (n + INTERVALS_MOST - 1) / INTERVALS_MOST;
    json_t *list = json_array();
    double until = hurry ? wall_now_s() + BUDGET_S : INFINITY;
    if (!histogram_init(&sum) && !histogram_init(&one))
        for (uint64_t i = s->first; i < s->n && wall_now_s() < until; i += width)
            json_push(list, interval(p, i, s->n - i < width ? s->n - i : width, &sum, &one));
    histogram_fini(&sum);
    histogram_fini(&one);
    json_put(o, "interval_s", json_u64(width));
    json_put(o, "intervals", list);
}

json_t *json_histograms(const struct pool_snapshot *p)
{
    const struct packed_pool *h = p->histograms;
    if (!h || !hdr_available())
        return json_null();
    json_t *o = json_object(), *by_op = json_object();
    bool hurry = p->ended_by == END_BY_SIGNAL;
    json_put(o, "encoding", json_string("HdrHistogram V2 compressed, base64"));
    json_put(o, "unit", json_string("ns"));
    json_put(o, "service", encoded(&h->service));
    json_put(o, "response", encoded(&h->response));
    for (unsigned i = 0; i < p->ops; i++) {
        unsigned type = p->op[i].type;
        json_put(by_op, p->op_types[type].name, both(&h->op_service[type], &h->op_response[type]));
    }
    json_put(o, "by_op", by_op);
    if (p->packed)
        put_intervals(o, p, hurry);
    return o;
}

int json_histogram_read(struct histogram *h, const char *encoded)
{
    if (!*encoded)
        return -1;
    return hdr_decode(h, encoded, strlen(encoded)) ? ERR_USAGE : 0;
}
