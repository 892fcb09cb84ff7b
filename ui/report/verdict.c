/* The verdict of a report: can the figures be trusted, is the goal met, how much is there, where
 * does it end and why, what failed. In whole words, each with what it stands on.
 *
 * A capacity is never more than was measured: it is that of a capacity search, else the highest
 * steady throughput of a plateau at which the generator was not the limit; else there is none, and
 * the mean is called a mean. Called by the report's formats. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/text.h"
#include "ui/export/json_read.h"
#include "ui/report/doc.h"
#include "ui/report/parts.h"

#define BUFFERS 16

static char *next_buffer(void)
{
    static char buffer[BUFFERS][48];
    static unsigned at;
    return buffer[at++ % BUFFERS];
}

const char *fig_us(double us)
{
    return isfinite(us) ? format_duration(next_buffer(), 48, us * 1000) : "-";
}

const char *fig_number(double v)
{
    return isfinite(v) ? format_number(next_buffer(), 48, v) : "-";
}

const char *fig_count(double v)
{
    return v >= 0 && v < 1e18 ? format_count(next_buffer(), 48, (unsigned long long)v) : "-";
}

const char *fig_share(double v)
{
    char *s = next_buffer();
    if (!isfinite(v))
        return "-";
    snprintf(s, 48, "%.3g %%", 100 * v);
    return s;
}

const char *fig_bytes(double v)
{
    return isfinite(v) ? format_bytes(next_buffer(), 48, v) : "-";
}

const char *fig_seconds(double v)
{
    char *s = next_buffer();
    if (!isfinite(v))
        return "-";
    snprintf(s, 48, "%.1f s", v);
    return s;
}

const char *stamp_of(const json_t *pool)
{
    static const char *const where[] = {"server", "note", "url"};
    if (strcmp(json_txt(pool, "backend"), "null") == 0)
        return "SIMULATED";
    for (unsigned i = 0; i < 3; i++)
        if (strcasestr(json_txt(pool, where[i]), "mock") ||
            strcasestr(json_txt(pool, where[i]), "stand-in"))
            return "MOCK";
    return json_yes(pool, "local") ? "LOOPBACK" : "";
}

const char *stamp_words(const char *stamp)
{
    if (strcmp(stamp, "SIMULATED") == 0)
        return "a simulated service: these figures are of no real system";
    if (strcmp(stamp, "MOCK") == 0)
        return "a mock stood in for the server: these figures are not the real system's";
    return "target and load generator shared one machine: there was no network, and they took CPU "
           "from each other";
}

double best_plateau(const json_t *pool, size_t *at)
{
    double best = NAN;
    for (size_t i = 0; i < json_count(pool, "plateaus"); i++) {
        const json_t *p = json_nth(pool, "plateaus", i);
        double x = json_num(p, "throughput_per_s");
        if (json_yes(p, "valid") && (isnan(best) || x > best)) {
            best = x;
            *at = i;
        }
    }
    return best;
}

/* What this pool can be said to carry. */
static double capacity_of(const json_t *pool)
{
    size_t at;
    double searched = json_num(pool, "capacity/rate_per_s");
    double best = isnan(searched) ? best_plateau(pool, &at) : searched;
    return isnan(best) ? json_num(pool, "throughput_per_s") : best;
}

static void say_validity(struct doc *d, const json_t *run)
{
    if (json_yes(run, "validity/ok"))
        doc_finding(d, TONE_GOOD, "validity",
                    "every check held: the figures can be trusted as "
                    "measured");
    for (size_t i = 0; i < json_count(run, "validity/checks"); i++) {
        const json_t *c = json_nth(run, "validity/checks", i);
        const char *why = json_txt(c, "why");
        if (json_is_false(json_at(c, "ok")))
            doc_finding(d, TONE_BAD, "NOT VALID", "%s: %s%s%s", json_txt(c, "pool"),
                        json_txt(c, "name"), *why ? ": " : "", why);
    }
}

static void say_goal(struct doc *d, const json_t *run)
{
    double goal = json_num(run, "goal_per_s"), sum = 0, capacity = 0;
    if (!(goal > 0))
        return;
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *p = json_nth(run, "pools", i);
        double x = json_num(p, "throughput_per_s"), c = capacity_of(p);
        sum += isfinite(x) ? x : 0;
        capacity += isfinite(c) ? c : 0;
    }
    bool valid = json_yes(run, "validity/ok");
    doc_finding(d, capacity >= goal ? valid ? TONE_GOOD : TONE_WARN : TONE_BAD, "goal",
                "%s/s needed; the highest steady throughput was %s/s: %s, headroom %.2fx (over the "
                "whole run %s/s on average, %.2fx)%s",
                fig_number(goal), fig_number(capacity), capacity >= goal ? "met" : "NOT met",
                capacity / goal, fig_number(sum), sum / goal,
                valid ? "" : ", by figures that are not all valid");
}

static void say_capacity(struct doc *d, const json_t *pool, const char *name)
{
    size_t at = 0;
    double searched = json_num(pool, "capacity/rate_per_s"), best = best_plateau(pool, &at);
    if (isfinite(searched)) {
        double high = json_num(pool, "capacity/ci95/1");
        doc_finding(d, TONE_PLAIN, "capacity",
                    "%s: %s/s is the highest rate that held every threshold%s%s%s", name,
                    fig_number(searched), isfinite(high) ? "; at " : "",
                    isfinite(high) ? fig_number(high) : ": no rate was seen to fail",
                    isfinite(high) ? "/s one failed" : "");
    }
    if (isfinite(best)) {
        const json_t *p = json_nth(pool, "plateaus", at);
        double half = json_num(p, "ci95");
        doc_finding(d, TONE_PLAIN, "capacity",
                    "%s: highest steady throughput %s/s%s%s with %s in flight (threads %s x "
                    "clients %s, depth %s); p50 %s, p99 %s there",
                    name, fig_number(best), isfinite(half) ? " ±" : "",
                    isfinite(half) ? fig_number(half) : "", fig_number(json_num(p, "in_flight")),
                    fig_count(json_num(p, "vars/threads")), fig_count(json_num(p, "vars/clients")),
                    fig_count(json_num(p, "vars/depth")), fig_us(json_num(p, "p50_us")),
                    fig_us(json_num(p, "p99_us")));
    } else if (!isfinite(searched)) {
        doc_finding(d, TONE_WARN, "capacity",
                    "%s: not measured: no valid steady stretch; on average %s/s were done", name,
                    fig_number(json_num(pool, "throughput_per_s")));
    }
}

static void say_curve(struct doc *d, const json_t *s, const char *name)
{
    const char *var = json_txt(s, "var"), *why = json_txt(s, "why_not");
    double knee = json_num(s, "knee_n"), most = json_num(s, "n_most");
    if (json_is_absent(s, "lambda") || json_is_false(json_at(s, "fits"))) {
        doc_finding(d, TONE_WARN, "scaling", "%s by %s: no curve: %s", name, var,
                    *why ? why : "the points fit none");
        return;
    }
    if (json_yes(s, "peak_identified"))
        doc_finding(d, TONE_PLAIN, "scaling",
                    "%s by %s: %s at the largest load measured (%s in flight); throughput peaks at "
                    "%s in flight (95 %%: %s to %s) with about %s/s",
                    name, var, json_txt(s, "phase"), fig_number(most),
                    fig_number(json_num(s, "peak_n")), fig_number(json_num(s, "peak_n_ci95/0")),
                    fig_number(json_num(s, "peak_n_ci95/1")),
                    fig_number(json_num(s, "peak_throughput_per_s")));
    else
        doc_finding(d, TONE_PLAIN, "scaling",
                    "%s by %s: %s at the largest load measured (%s in flight); the peak is not "
                    "identified: %s",
                    name, var, json_txt(s, "phase"), fig_number(most), why);
    if (isfinite(knee))
        doc_finding(d, TONE_PLAIN, "knee",
                    "%s by %s: from %s in flight on, efficiency is below 90 %%: "
                    "less than nine tenths of what as many single ones would do%s",
                    name, var, fig_number(knee),
                    knee > most ? " (beyond what was measured: an extrapolation)" : "");
}

static void say_bottleneck(struct doc *d, const json_t *pool, const char *name)
{
    const char *kind = json_txt(pool, "bottleneck/kind"), *why = json_txt(pool, "bottleneck/why");
    bool client = strcmp(kind, "client") == 0;
    doc_finding(d, client ? TONE_BAD : TONE_PLAIN, "limited by", "%s: %s%s%s%s", name, kind,
                *why ? ": " : "", why,
                client ? ". The load generator was the limit: these are not the server's figures"
                       : "");
}

static void say_losses(struct doc *d, const json_t *pool, const char *name)
{
    double errors = json_num(pool, "ops/errors"), late = json_num(pool, "ops/timeouts"),
           dropped = json_num(pool, "ops/dropped"), offered = json_num(pool, "ops/offered");
    if (errors + late + dropped > 0)
        doc_finding(d, TONE_BAD, "lost", "%s: %s errors, %s timeouts, %s dropped starts of %s (%s)",
                    name, fig_count(errors), fig_count(late), fig_count(dropped),
                    fig_count(offered), fig_share((errors + late + dropped) / offered));
    else if (offered >= 0)
        doc_finding(d, TONE_GOOD, "lost", "%s: no error, no timeout, nothing dropped of %s", name,
                    fig_count(offered));
}

/* A threshold's value is in its own unit: us, a share, or operations a second. */
static const char *threshold_value(const json_t *t)
{
    double v = json_num(t, "value");
    const char *expr = json_txt(t, "expr");
    if (strstr(expr, "errors"))
        return fig_share(v);
    return strstr(expr, "throughput") ? fig_number(v) : fig_us(v);
}

static void say_thresholds(struct doc *d, const json_t *run)
{
    for (size_t i = 0; i < json_count(run, "thresholds"); i++) {
        const json_t *t = json_nth(run, "thresholds", i);
        bool ok = json_yes(t, "ok");
        if (json_is_absent(t, "value"))
            doc_finding(d, TONE_BAD, "threshold", "%s: could not be judged, which counts as failed",
                        json_txt(t, "expr"));
        else
            doc_finding(d, ok ? TONE_GOOD : TONE_BAD, "threshold", "%s: %s, it was %s",
                        json_txt(t, "expr"), ok ? "held" : "FAILED", threshold_value(t));
    }
}

void report_verdict(struct doc *d, const json_t *run)
{
    doc_findings_begin(d);
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *pool = json_nth(run, "pools", i);
        if (*stamp_of(pool))
            doc_finding(d, TONE_WARN, stamp_of(pool), "%s: %s", json_txt(pool, "name"),
                        stamp_words(stamp_of(pool)));
    }
    say_validity(d, run);
    say_goal(d, run);
    say_thresholds(d, run);
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *pool = json_nth(run, "pools", i);
        const char *name = json_txt(pool, "name");
        say_capacity(d, pool, name);
        for (size_t k = 0; k < json_count(pool, "scaling"); k++)
            say_curve(d, json_nth(pool, "scaling", k), name);
        say_bottleneck(d, pool, name);
        say_losses(d, pool, name);
    }
    doc_findings_end(d);
}
