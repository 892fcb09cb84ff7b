/* See capacity.h. */
#include "engine/capacity.h"
#include "engine/engine_private.h"
#include "engine/pool.h"
#include "engine/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOLD_NS (3 * NS_PER_S)
#define SETTLE_NS (15 * NS_PER_S)
#define GAP 0.02
#define HELD 0.99
#define START_PER_S 100
#define PROBES_MOST 60
#define GROWS 3

void capacity_begin(struct capacity_search *s, const struct pool *p, uint64_t hold_ns)
{
    double now = p->spec.load.rate_per_s;
    s->hold_ns = hold_ns ? hold_ns : HOLD_NS;
    s->rate = s->from > 0 ? s->from : now > 0 ? now : START_PER_S;
    if (s->to > 0 && s->rate > s->to)
        s->rate = s->to;
    s->phase = CAPACITY_SET;
}

double capacity_measure(const struct pool *p, const struct threshold *t)
{
    const struct stretch *s = &p->plateaus.now;
    const struct tally *total = &p->monitor.total;
    const struct histogram *h = t->service ? &s->service : &s->response;
    uint64_t bad = total->errors + total->timeouts - s->errors_from;
    uint64_t ended = total->completed + total->errors + total->timeouts - s->ended_from;
    if (t->metric == METRIC_PERCENTILE && h->count)
        return (double)histogram_quantile(h, t->quantile) / 1e3;
    if (t->metric == METRIC_MEAN && h->count)
        return histogram_mean(h) / 1e3;
    if (t->metric == METRIC_MAX && h->count)
        return (double)h->max / 1e3;
    if (t->metric == METRIC_ERRORS && ended)
        return (double)bad / (double)ended;
    return t->metric == METRIC_THROUGHPUT ? stretch_rate(p) : NAN;
}

bool capacity_holds(const struct pool *p, const struct threshold *t)
{
    if (*t->pool && !threshold_is_for(t, p->spec.name, p->number))
        return true;
    double v = capacity_measure(p, t);
    return !isnan(v) && threshold_holds(t, v);
}

static bool passes(const struct engine *e, const struct capacity_search *s, const struct pool *p)
{
    if (stretch_rate(p) < HELD * s->rate || p->monitor.total.dropped > p->plateaus.now.dropped_from)
        return false;
    for (unsigned i = 0; i < e->scenario.thresholds; i++)
        if (!capacity_holds(p, &e->scenario.threshold[i]))
            return false;
    return true;
}

static bool over(struct capacity_search *s, const char *why)
{
    s->found.known = s->passed > 0;
    s->found.rate_per_s = s->passed;
    s->found.low = s->passed;
    s->found.high = s->failed > 0 ? s->failed : NAN;
    char rate[32];
    snprintf(s->why, sizeof s->why, "%s: %s/s", why,
             s->passed > 0 ? format_number(rate, sizeof rate, s->passed) : "0");
    return true;
}

/* The probe at s->rate is judged: what next? True when the search is over. */
static bool judged(struct capacity_search *s, bool pass)
{
    s->probes++;
    s->phase = CAPACITY_SET;
    if (pass)
        s->passed = s->rate > s->passed || s->passed >= s->failed ? s->rate : s->passed;
    else
        s->failed = s->failed <= 0 || s->rate < s->failed ? s->rate : s->failed;
    if (s->failed > 0 && s->passed >= s->failed) { /* an end changed its mind: begin lower */
        s->passed = 0;
        s->rate = 0.9 * s->failed;
    } else if (pass && s->to > 0 && s->rate >= s->to) {
        return over(s, "the highest rate allowed holds");
    } else if (s->failed <= 0) {
        s->rate *= 2;
    } else if (s->passed <= 0) {
        s->rate = s->failed / 2;
    } else if (s->failed / s->passed > 1 + GAP) {
        s->rate = (s->passed + s->failed) / 2;
    } else if (s->repeats++ == 0) {
        s->rate = s->passed;
    } else if (s->repeats == 2) {
        return over(s, "found");
    }
    if (s->to > 0 && s->rate > s->to)
        s->rate = s->to;
    return s->probes >= PROBES_MOST ? over(s, "given up after 60 probes, the highest that held")
                                    : false;
}

static bool set_rate(struct engine *e, struct capacity_search *s, struct pool *p, uint64_t now_ns)
{
    struct command c = {.verb = VERB_RATE, .kind = AMOUNT_SET, .amount = s->rate};
    char rate[32];
    uint64_t refused = e->message_serial;
    copy_str(c.pool, sizeof c.pool, p->spec.name);
    execute(e, &c, BY_SWEEP);
    snprintf(s->now, sizeof s->now, "rate %s/s", format_number(rate, sizeof rate, s->rate));
    s->phase = CAPACITY_SETTLE;
    s->phase_ns = now_ns;
    s->growing = 0;
    s->last_lag = 0;
    return e->message_serial == refused;
}

bool capacity_tick(struct engine *e, struct capacity_search *s, struct pool *p, uint64_t now_ns)
{
    if (s->phase == CAPACITY_SET) {
        if (set_rate(e, s, p, now_ns))
            return false;
        s->failed = s->failed > 0 ? fmin(s->failed, s->rate) : s->rate; /* a ceiling */
        return over(s, "the ceiling is reached, the highest that held");
    }
    uint64_t held = now_ns - s->phase_ns;
    if (s->phase == CAPACITY_SETTLE) {
        if (held < NS_PER_S + (uint64_t)s->growing * NS_PER_S)
            return false;
        double lag = p->monitor.last_lag.q[Q_P50],
               limit = fmax(5e6, 2 * p->monitor.last_service.q[Q_P50]);
        if (!(lag > limit) || held > SETTLE_NS) {
            plateau_restart(p, engine_seconds(e, now_ns));
            s->phase = CAPACITY_WATCH;
            s->phase_ns = now_ns;
            return false;
        }
        s->growing = lag > s->last_lag ? s->growing + 1 : 1;
        s->last_lag = lag;
        return s->growing > GROWS ? judged(s, false) : false;
    }
    if (held < s->hold_ns + 300 * NS_PER_MS)
        return false;
    bool pass = passes(e, s, p);
    if (pass && (s->rate >= s->passed || s->passed >= s->failed))
        for (unsigned i = 0; i < e->scenario.thresholds; i++)
            s->value[i] = capacity_measure(p, &e->scenario.threshold[i]);
    return judged(s, pass);
}
