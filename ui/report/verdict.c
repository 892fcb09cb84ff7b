/* The verdict of a report: validity of the figures, goal, capacity, bottleneck, and failures, each
 * with its basis.
 *
 * The main results come first, then a table of the pools, then the basis of each finding. A
 * capacity is never more than was measured: it is the result of a capacity search, else the highest
 * steady throughput of a period at which the generator was not the limit and every threshold held;
 * else there is none, and the mean is called a mean. Called by the report's formats. */
#include "ui/report/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/threshold.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/report/passes.h"

/* The pool's measured capacity within its thresholds; NaN: unknown. */
static double capacity_of(const struct saved_run *run, const struct saved_pool *pool)
{
    double searched = pool->capacity.rate_per_s;
    return isfinite(searched) ? searched : best_of(run, pool).per_s;
}

/* Is the capacity the result of a search, and only a lower bound? */
static bool is_bound(const struct saved_pool *pool)
{
    return isfinite(pool->capacity.rate_per_s) && isnan(pool->capacity.high);
}

/* The combined throughput of all pools, as far as it is known. */
static double throughput_of(const struct saved_run *run)
{
    double sum = 0;
    for (size_t i = 0; i < run->pools; i++)
        sum += isfinite(run->pool[i].throughput_per_s) ? run->pool[i].throughput_per_s : 0;
    return sum;
}

static bool any_completed(const struct saved_run *run)
{
    for (size_t i = 0; i < run->pools; i++)
        if (run->pool[i].counts.completed > 0)
            return true;
    return false;
}

/* ---- the answer ---- */

static void lead_validity(struct doc *d, const struct saved_run *run)
{
    unsigned failed = 0;
    struct text why = {.limit = 400};
    for (size_t i = 0; i < run->checks; i++) {
        const struct saved_check *c = &run->check[i];
        if (c->ok != FLAG_NO)
            continue;
        const char *said = *c->why ? c->why : c->name;
        if (failed++ < 2)
            text_add(&why, "%s%s: %s", failed > 1 ? "; " : "", c->pool, said);
    }
    if (failed || run->valid == FLAG_NO)
        doc_lead(d, TONE_BAD, "NOT VALID",
                 "Do not decide anything by these figures. %u check%s failed%s%s%s", failed,
                 failed == 1 ? "" : "s", failed ? ": " : "", text_str(&why),
                 failed > 2 ? "; and others, below." : ".");
    text_free(&why);
}

/* A threshold's value is in its own unit: us, a share, or operations a second. */
static const char *threshold_value(const struct saved_threshold *t)
{
    double v = t->value;
    struct threshold parsed;
    if (threshold_parse(&parsed, t->expr, NULL) < 0)
        return fig_number(v);
    return parsed.metric == METRIC_ERRORS       ? fig_share(v)
           : parsed.metric == METRIC_THROUGHPUT ? fig_number(v)
                                                : fig_us(v);
}

static void lead_thresholds(struct doc *d, const struct saved_run *run)
{
    size_t n = run->thresholds, failed = 0;
    struct text bad = {.limit = 400}, good = {.limit = 400};
    for (size_t i = 0; i < n; i++) {
        const struct saved_threshold *t = &run->threshold[i];
        bool ok = t->ok == FLAG_YES, known = !isnan(t->value);
        struct text *list = ok ? &good : &bad;
        failed += !ok;
        text_add(list, "%s%s %s%s", list->len ? ", " : "", t->expr,
                 known ? "was " : "could not be judged, which counts as failed",
                 known ? threshold_value(t) : "");
    }
    if (failed)
        doc_lead(d, TONE_BAD, "FAILED", "%zu of %zu threshold%s over the whole run: %s.", failed, n,
                 n == 1 ? "" : "s", text_str(&bad));
    else if (n)
        doc_lead(d, run->valid == FLAG_YES ? TONE_GOOD : TONE_WARN, "PASSED", "%s held: %s.",
                 n == 1 ? "The threshold" : "Every threshold", text_str(&good));
    text_free(&bad);
    text_free(&good);
}

/* The main finding: with one pool, compares the goal with the pool's capacity; with several, whose
 * capacities were not reached at the same time, with their combined throughput. */
static void lead_goal(struct doc *d, const struct saved_run *run)
{
    double goal = run->goal_per_s, mean = throughput_of(run);
    bool valid = run->valid == FLAG_YES, one = run->pools == 1;
    double carried = one ? capacity_of(run, &run->pool[0]) : NAN;
    const char *but = valid ? "" : " By figures that are not all valid";
    if (!(goal > 0))
        return;
    enum tone met = valid ? TONE_GOOD : TONE_WARN;
    if (isfinite(carried))
        doc_lead(d, carried >= goal ? met : TONE_BAD, carried >= goal ? "ENOUGH" : "NOT ENOUGH",
                 "The goal of %s/s is %s: %s/s is the most that was carried steadily%s, headroom "
                 "%.2fx. (Over the whole run %s/s on average.)%s",
                 fig_number(goal), carried >= goal ? "met" : "NOT met", fig_number(carried),
                 run->thresholds ? " with every threshold held" : "", carried / goal,
                 fig_number(mean), but);
    else if (one)
        doc_lead(d, mean >= goal ? TONE_WARN : TONE_BAD, mean >= goal ? "NOT SHOWN" : "NOT ENOUGH",
                 "The goal of %s/s was %s on average (%s/s, %.2fx), but no steady stretch %s: how "
                 "much headroom there is was not measured.%s",
                 fig_number(goal), mean >= goal ? "met" : "NOT met", fig_number(mean), mean / goal,
                 run->thresholds ? "was valid and held every threshold" : "was valid", but);
    else
        doc_lead(d, mean >= goal ? met : TONE_BAD, mean >= goal ? "ENOUGH" : "NOT ENOUGH",
                 "The goal of %s/s is %s: together the pools did %s/s on average over the whole "
                 "run, headroom %.2fx.%s",
                 fig_number(goal), mean >= goal ? "met" : "NOT met", fig_number(mean), mean / goal,
                 but);
}

static void say_leads(struct doc *d, const struct saved_run *run)
{
    bool judged = run->goal_per_s > 0 || run->thresholds;
    doc_findings_begin(d);
    if (!any_completed(run)) {
        const char *why = run->pools ? run->pool[0].state_why : "";
        doc_lead(d, TONE_BAD, "NOTHING MEASURED", "No operation completed%s%s.", *why ? ": " : "",
                 why);
    }
    if (*run->recovered)
        doc_lead(d, TONE_WARN, "CUT OFF", "%s.", run->recovered);
    lead_validity(d, run);
    lead_thresholds(d, run);
    lead_goal(d, run);
    if (!judged)
        doc_lead(d, TONE_PLAIN, "MEASURED",
                 "Neither a goal (--goal) nor a threshold (--threshold) was set: this says what "
                 "was, not whether it is enough.");
    doc_findings_end(d);
}

/* ---- the pools at a glance ---- */

static void say_pools(struct doc *d, const struct saved_run *run)
{
    static const char *const heads[] = {"<pool",
                                        "done / s on average",
                                        "most, steadily",
                                        "p50",
                                        "p99",
                                        "errors",
                                        "late",
                                        "dropped",
                                        "<limited by",
                                        NULL};
    doc_table(d, heads);
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *p = &run->pool[i];
        double carried = capacity_of(run, p);
        doc_cell(d, "%s", p->name);
        doc_cell(d, "%s", fig_number(p->throughput_per_s));
        doc_cell(d, "%s%s", is_bound(p) ? "at least " : "",
                 isfinite(carried) ? fig_number(carried) : "not shown");
        doc_cell(d, "%s", fig_us(p->latency.response.p50_us));
        doc_cell(d, "%s", fig_us(p->latency.response.p99_us));
        doc_cell(d, "%s", fig_count(p->counts.errors));
        doc_cell(d, "%s", fig_count(p->counts.timeouts));
        doc_cell(d, "%s", fig_count(p->counts.dropped));
        doc_cell(d, "%s", p->bottleneck.kind);
    }
    doc_table_end(d);
}

/* ---- the basis of the findings ---- */

static void say_stamps(struct doc *d, const struct saved_run *run)
{
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *pool = &run->pool[i];
        if (*stamp_of(pool))
            doc_finding(d, TONE_WARN, stamp_of(pool), "%s: %s", pool->name,
                        stamp_words(stamp_of(pool)));
    }
}

static void say_validity(struct doc *d, const struct saved_run *run)
{
    if (run->valid == FLAG_YES)
        doc_finding(d, TONE_GOOD, "valid",
                    "every check held: the figures can be trusted as measured");
    for (size_t i = 0; i < run->checks; i++) {
        const struct saved_check *c = &run->check[i];
        const char *why = c->why;
        if (c->ok == FLAG_NO)
            doc_finding(d, TONE_BAD, "NOT VALID", "%s: %s%s%s", c->pool, c->name, *why ? ": " : "",
                        why);
    }
}

static void say_most(struct doc *d, const struct saved_pool *pool, size_t at, const char *name)
{
    const struct saved_plateau *p = &pool->plateau[at];
    double half = p->ci95;
    doc_finding(d, TONE_PLAIN, "capacity",
                "%s: %s/s%s%s is the most that was carried steadily, with %s in flight (threads %s "
                "x clients %s, depth %s); p50 %s, p99 %s there",
                name, fig_number(p->throughput_per_s), isfinite(half) ? " ±" : "",
                isfinite(half) ? fig_number(half) : "", fig_number(p->in_flight),
                fig_count(p->vars.threads), fig_count(p->vars.clients), fig_count(p->vars.depth),
                fig_us(p->p50_us), fig_us(p->p99_us));
}

/* The result of a search is the server's capacity only if the server failed at the next rate. */
static void say_searched(struct doc *d, const struct saved_pool *pool, const char *name)
{
    const char *by = pool->capacity.limited_by, *why = pool->capacity.why;
    const char *rate = fig_number(pool->capacity.rate_per_s);
    if (strcmp(by, "machine") == 0)
        doc_finding(d, TONE_WARN, "capacity",
                    "%s: at least %s/s. That is a lower bound: beyond it the machine that makes "
                    "the load was the limit (%s), not the server",
                    name, rate, why);
    else if (isnan(pool->capacity.high))
        doc_finding(d, TONE_WARN, "capacity", "%s: at least %s/s. That is a lower bound: %s", name,
                    rate, *why ? why : "no rate was seen to fail");
    else
        doc_finding(d, TONE_PLAIN, "capacity",
                    "%s: %s/s is the highest rate that held every threshold; at %s/s %s%s", name,
                    rate, fig_number(pool->capacity.high), *why ? why : "one failed",
                    strcmp(by, "clients") == 0
                        ? ". Nearly all clients of the pool were in use: this is what so many "
                          "clients get through, and more of them might carry more"
                        : "");
}

static void say_capacity(struct doc *d, const struct saved_run *run, const struct saved_pool *pool,
                         const char *name)
{
    double searched = pool->capacity.rate_per_s;
    struct best b = best_of(run, pool);
    if (isfinite(searched))
        say_searched(d, pool, name);
    if (isfinite(b.per_s))
        say_most(d, pool, b.at, name);
    else if (b.valid)
        doc_finding(d, TONE_BAD, "capacity",
                    "%s: none that was shown: of %u steady stretches %u broke a threshold and %u "
                    "could not be judged; on average %s/s were done",
                    name, b.valid, b.failed, b.unknown, fig_number(pool->throughput_per_s));
    else if (!isfinite(searched))
        doc_finding(d, TONE_WARN, "capacity",
                    "%s: not measured: no steady stretch was valid; on average %s/s were done. %s",
                    name, fig_number(pool->throughput_per_s),
                    pool->sweeps
                        ? "Longer steps (hold=T) or a quieter machine make stretches steady"
                        : "A sweep finds it (S in the dashboard, or --sweep)");
}

static void say_peak(struct doc *d, const struct saved_curve *s, const char *name)
{
    const char *var = s->var, *phase = s->phase;
    double most = s->n_most;
    if (s->peak_identified == FLAG_YES)
        doc_finding(d, TONE_PLAIN, "scaling",
                    "%s by %s: %s at the largest load measured (%s in flight); throughput peaks at "
                    "%s in flight (95 %%: %s to %s) with about %s/s",
                    name, var, phase, fig_number(most), fig_number(s->peak_n),
                    fig_number(s->peak_n_low), fig_number(s->peak_n_high),
                    fig_number(s->peak_throughput_per_s));
    else
        doc_finding(d, TONE_PLAIN, "scaling",
                    "%s by %s: %s at the largest load measured (%s in flight); the peak is not "
                    "identified: %s",
                    name, var, phase, fig_number(most), s->why_not);
}

static void say_curve(struct doc *d, const struct saved_curve *s, const char *name)
{
    const char *var = s->var, *why = s->why_not;
    double knee = s->knee_n;
    if (isnan(s->lambda) || s->fits == FLAG_NO) {
        doc_finding(d, TONE_WARN, "scaling", "%s by %s: no curve: %s", name, var,
                    *why ? why : "the points fit none");
        return;
    }
    say_peak(d, s, name);
    if (isfinite(knee))
        doc_finding(d, TONE_PLAIN, "knee",
                    "%s by %s: at %s in flight: more than that together do less than nine tenths "
                    "of what as many single ones would%s",
                    name, var, fig_number(knee),
                    knee > s->n_most ? " (beyond what was measured: an extrapolation)" : "");
}

static void say_bottleneck(struct doc *d, const struct saved_pool *pool, const char *name)
{
    const char *kind = pool->bottleneck.kind, *why = pool->bottleneck.why;
    bool client = strcmp(kind, "client") == 0;
    doc_finding(d, client ? TONE_BAD : TONE_PLAIN, "limited by", "%s: %s%s%s%s", name, kind,
                *why ? ": " : "", why,
                client ? ". The load generator was the limit: these are not the server's figures"
                       : "");
}

static void say_losses(struct doc *d, const struct saved_pool *pool, const char *name)
{
    double errors = pool->counts.errors, late = pool->counts.timeouts,
           dropped = pool->counts.dropped, offered = pool->counts.offered;
    if (errors + late + dropped > 0)
        doc_finding(d, TONE_BAD, "lost", "%s: %s errors, %s timeouts, %s dropped starts of %s (%s)",
                    name, fig_count(errors), fig_count(late), fig_count(dropped),
                    fig_count(offered), fig_share((errors + late + dropped) / offered));
    else if (offered >= 0)
        doc_finding(d, TONE_GOOD, "lost", "%s: no error, no timeout, nothing dropped of %s", name,
                    fig_count(offered));
}

void report_verdict(struct doc *d, const struct saved_run *run)
{
    say_leads(d, run);
    say_pools(d, run);
    doc_findings_begin(d);
    say_stamps(d, run);
    say_validity(d, run);
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *pool = &run->pool[i];
        const char *name = pool->name;
        say_capacity(d, run, pool, name);
        for (size_t k = 0; k < pool->curves; k++)
            say_curve(d, &pool->curve[k], name);
        say_bottleneck(d, pool, name);
        say_losses(d, pool, name);
    }
    doc_findings_end(d);
}
