/* How a comparison is told: see compare_part.h. The answer first, then what makes the two sides
 * hard to compare, each figure with its change and interval, the two laid over each other, and by
 * which method. Called by compare.c. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/text.h"
#include "ui/compare.h"
#include "ui/compare_part.h"
#include "ui/export/json_read.h"
#include "ui/report/doc.h"
#include "ui/report/parts.h"
#include "ui/report/svg.h"

const char compare_method[] =
    "Seconds of one run are not independent: a slow one is followed by a slow one. So each side's "
    "seconds (without the first, a short last one and pauses) are made into at most 30 batch means "
    "(Law and Kelton, Simulation Modeling and Analysis, 9.5.3), and what correlation is left "
    "between these lowers the number of values that count (Bayley and Hammersley 1946; bias in "
    "short series: Marriott and Pope 1954). The means of both sides are compared by Welch's test "
    "(1947), whose 95 % interval stands beside each change. The more figures, the likelier one of "
    "them differs by chance: all are judged together by Holm's procedure (1979), so that the "
    "chance of any false finding is 5 %. Latencies are compared as logarithms: the change is a "
    "factor. Runs differ by more than seconds do; with three runs or more on both sides (--repeat) "
    "each run is one value, and the verdict is of runs.";

/* ---- words ---- */

static const char *shown(const struct row *r, double mean)
{
    if (r->figure == FIGURE_FAILED)
        return fig_share(mean);
    return figure_table[r->figure].latency ? fig_us(exp(mean)) : fig_number(mean);
}

static const char *verdict_of(const struct row *r)
{
    if (isnan(r->d.p))
        return r->by_runs ? "too few runs to tell" : "too few seconds to tell";
    if (!r->d.real)
        return "within noise";
    return row_is_worse(r) ? "WORSE" : "BETTER";
}

static const char *unit_of(const struct row *r)
{
    return r->figure == FIGURE_FAILED ? " points" : " %";
}

/* "throughput -3.1 % (-4.0 to -2.2)" */
static void add_change(struct text *t, const struct row *r)
{
    text_add(t, "%s%s %s %+.2f%s (%+.2f to %+.2f)", t->len ? "; " : "", r->pool,
             figure_table[r->figure].name, 100 * row_change(r, r->d.diff), unit_of(r),
             100 * row_change(r, r->d.low), 100 * row_change(r, r->d.high));
}

static bool is_valid(const struct side *s)
{
    for (size_t i = 0; i < s->runs; i++)
        if (!json_yes(s->run[i], "validity/ok"))
            return false;
    return true;
}

static void say_answer(struct doc *d, const struct row *row, size_t rows, bool valid,
                       double threshold)
{
    struct text worse = {.limit = 600}, better = {.limit = 600};
    double seen = NAN;
    unsigned over = 0, told = 0;
    for (size_t i = 0; i < rows; i++) {
        const struct row *r = &row[i];
        told += isnan(r->d.p) ? 0 : 1;
        if (r->d.real)
            add_change(row_is_worse(r) ? &worse : &better, r);
        over += row_is_worse(r) && fabs(row_change(r, r->d.diff)) > threshold;
        if (r->figure == FIGURE_THROUGHPUT && isfinite(r->d.low))
            seen = fmax(isnan(seen) ? 0 : seen, fabs(row_change(r, (r->d.high - r->d.low) / 2)));
    }
    if (!valid)
        doc_lead(d, TONE_BAD, "NOT VALID",
                 "A side failed its own checks: what differs may be the load generator.");
    if (worse.len)
        doc_lead(d, TONE_BAD, over ? "REGRESSION" : "WORSE", "%s.", text_str(&worse));
    if (better.len)
        doc_lead(d, valid ? TONE_GOOD : TONE_WARN, "BETTER", "%s.", text_str(&better));
    if (!worse.len && !better.len && told)
        doc_lead(d, TONE_PLAIN, "NO DIFFERENCE",
                 "Nothing differs by more than noise. A change of throughput by about %s or more "
                 "would have shown.",
                 fig_share(seen));
    if (!told)
        doc_lead(d, TONE_WARN, "NOT TOLD", "There are too few seconds or runs to tell.");
    if (isfinite(threshold) && (over || !(seen > threshold)))
        doc_lead(d, over ? TONE_BAD : TONE_GOOD, "THRESHOLD", "%u figure%s worse by more than %s.",
                 over, over == 1 ? "" : "s", fig_share(threshold));
    else if (isfinite(threshold))
        doc_lead(d, TONE_WARN, "THRESHOLD",
                 "No figure was shown to be worse by more than %s, but these runs are too short or "
                 "too uneven to show so little: make them longer, or --repeat them.",
                 fig_share(threshold));
    text_free(&worse);
    text_free(&better);
}

/* ---- what makes two runs hard to compare ---- */

static void warn_of(struct doc *d, const json_t *base, const json_t *new, const char *pool)
{
    static const char *const same[] = {"backend",     "target",      "server", "threads",
                                       "clients",     "pattern",     "depth",  "rate_per_s",
                                       "connections", "options/ops", NULL};
    const json_t *a = compare_pool(base, "pools", pool), *b = compare_pool(new, "pools", pool);
    for (unsigned i = 0; same[i]; i++) {
        const json_t *x = json_at(a, same[i]), *y = json_at(b, same[i]);
        if (x && y && !json_equal(x, y)) {
            char *was = json_dumps(x, JSON_ENCODE_ANY), *is = json_dumps(y, JSON_ENCODE_ANY);
            doc_finding(d, TONE_WARN, "differs", "%s: %s was %s, is %s", pool, same[i],
                        was ? was : "?", is ? is : "?");
            free(was);
            free(is);
        }
    }
}

static void warn_of_run(struct doc *d, const json_t *run, const char *which)
{
    if (!json_yes(run, "validity/ok"))
        doc_finding(d, TONE_BAD, "NOT VALID", "%s: its own checks did not all hold", which);
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *p = json_nth(run, "pools", i);
        /* `clients` of a second are those of all threads */
        double first = json_num(p, "series/0/clients"), threads = json_num(p, "series/0/threads");
        for (size_t k = 1; k + 1 < json_count(p, "series"); k++) {
            const json_t *s = json_nth(p, "series", k);
            double load = json_num(s, "clients"), now = json_num(s, "threads");
            if ((load > 0 && first > 0 && fabs(load - first) > 0.5) ||
                (now > 0 && threads > 0 && fabs(now - threads) > 0.5)) {
                doc_finding(d, TONE_WARN, "resized",
                            "%s: %s was resized while it ran: its seconds are of different loads",
                            which, json_txt(p, "name"));
                break;
            }
        }
    }
}

/* ---- tables and plots ---- */

static void add_row(struct doc *d, const struct row *r)
{
    doc_cell(d, "%s", r->pool);
    doc_cell(d, "%s", figure_table[r->figure].name);
    doc_cell(d, "%s", shown(r, r->base.mean));
    doc_cell(d, "%s", shown(r, r->new.mean));
    if (isfinite(row_change(r, r->d.diff)))
        doc_cell(d, "%+.2f%s", 100 * row_change(r, r->d.diff), unit_of(r));
    else
        doc_cell(d, "-");
    if (isfinite(row_change(r, r->d.low)) && isfinite(row_change(r, r->d.high)))
        doc_cell(d, "%+.2f to %+.2f%s", 100 * row_change(r, r->d.low),
                 100 * row_change(r, r->d.high), unit_of(r));
    else
        doc_cell(d, "-");
    doc_cell(d, "%s", verdict_of(r));
}

/* The standard deviation between the runs of a side, as a share. */
static double spread_of(const struct row *r, const struct sample *s)
{
    double deviation = sqrt(s->variance * (double)s->n);
    if (r->figure == FIGURE_FAILED)
        return deviation;
    return figure_table[r->figure].log ? expm1(deviation) : deviation / s->mean;
}

static void add_spread(struct doc *d, const struct row *row, size_t rows)
{
    static const char *const heads[] = {
        "<pool", "<figure", "runs of base", "spread", "runs of new", "spread", NULL};
    doc_heading(d, 2, "Spread between runs (standard deviation)");
    doc_table(d, heads);
    for (size_t i = 0; i < rows; i++) {
        doc_cell(d, "%s", row[i].pool);
        doc_cell(d, "%s", figure_table[row[i].figure].name);
        doc_cell(d, "%zu", row[i].base.n);
        doc_cell(d, "%s", fig_share(spread_of(&row[i], &row[i].base)));
        doc_cell(d, "%zu", row[i].new.n);
        doc_cell(d, "%s", fig_share(spread_of(&row[i], &row[i].new)));
    }
    doc_table_end(d);
}

static void add_plots(struct doc *d, const struct row *row, size_t rows, const struct side *base,
                      const struct side *new)
{
    for (size_t i = 0; i < rows; i += FIGURES) {
        const json_t *a = compare_pool(base->run[0], "pools", row[i].pool),
                     *b = compare_pool(new->run[0], "pools", row[i].pool);
        struct svg_sheet sheet = {.t = d->t, .stamp = stamp_of(b)};
        doc_stamped(d, 2, stamp_of(b), "%s", row[i].pool);
        plot_pair(&sheet, a, b);
    }
}

void compare_write(struct doc *d, const struct row *row, size_t rows, const struct side *base,
                   const struct side *new, double threshold)
{
    static const char *const heads[] = {
        "<pool", "<figure", "base", "new", "change", "95 % interval", "<more than noise?", NULL};
    bool html = d->format == DOC_HTML;
    doc_heading(d, 1, "Compared: %s with %s", json_txt(base->run[0], "started"),
                json_txt(new->run[0], "started"));
    if (html)
        text_add(d->t, "<section class=\"verdict\">\n");
    doc_findings_begin(d);
    say_answer(d, row, rows, is_valid(base) && is_valid(new), threshold);
    for (size_t i = 0; i < base->runs; i++)
        warn_of_run(d, base->run[i], "base");
    for (size_t i = 0; i < new->runs; i++)
        warn_of_run(d, new->run[i], "new");
    for (size_t i = 0; i < rows; i += FIGURES)
        warn_of(d, base->run[0], new->run[0], row[i].pool);
    doc_findings_end(d);
    if (html)
        text_add(d->t, "</section>\n");
    doc_table(d, heads);
    for (size_t i = 0; i < rows; i++)
        add_row(d, &row[i]);
    doc_table_end(d);
    if (row[0].by_runs)
        add_spread(d, row, rows);
    if (html) {
        add_plots(d, row, rows, base, new);
        doc_heading(d, 2, "Method");
    }
    if (d->format == DOC_PLAIN) /* on a terminal the method is a help topic */
        doc_para(d, "%s",
                 row[0].by_runs
                     ? "Each run is one value; Welch's test, all figures together by Holm's "
                       "procedure at 5 % (`loadtop help compare`)."
                     : "Batch means of the seconds, fewer where they are correlated; Welch's test, "
                       "all figures together by Holm's procedure at 5 % (`loadtop help compare`). "
                       "Runs differ by more than seconds do: with three runs a side (--repeat) "
                       "the verdict is of runs.");
    else
        doc_para(d, "%s", compare_method);
}
