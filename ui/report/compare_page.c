/* Writes a comparison: see compare_page.h. First the result, then caveats, each figure with its
 * change and interval, plots of both sides, and the method. Called by compare.c. */
#include "ui/report/compare_page.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/stats/differ.h"
#include "ui/base/help_files.h"
#include "ui/json/part.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/page/html_plots.h"
#include "ui/page/svg.h"
#include "ui/report/compare_rows.h"

void compare_add_method(struct doc *d)
{
    size_t len = strlen(help_compare_method) - 1; /* without the newline at its end */
    doc_para(d, "%.*s", (int)len, help_compare_method);
}

/* ---- words ---- */

static const char *shown(const struct row *r, double mean)
{
    if (r->figure == FIGURE_FAILED)
        return fig_share(mean);
    return figure_table[r->figure].latency ? fig_us(exp(mean)) : fig_number(mean);
}

/* The unit after a figure: "/s" for rates; latencies and shares include their unit. */
static const char *per_of(const struct row *r, double mean)
{
    return r->figure == FIGURE_THROUGHPUT && isfinite(mean) ? "/s" : "";
}

static const char *verdict_of(const struct row *r)
{
    if (isnan(r->d.p))
        return r->by_runs ? "too few runs to tell" : "too few seconds to tell";
    if (!r->d.real)
        return differ_word(false);
    return row_is_worse(r) ? "WORSE" : "BETTER";
}

static const char *unit_of(const struct row *r)
{
    return r->figure == FIGURE_FAILED ? " points" : " %";
}

/* Adds a change such as "throughput -3.1 % (-4.0 to -2.2)". */
static void add_change(struct text *t, const struct row *r)
{
    text_add(t, "%s%s %s %+.2f%s (%+.2f to %+.2f)", t->len ? "; " : "", r->pool,
             figure_table[r->figure].name, 100 * row_change(r, r->d.diff), unit_of(r),
             100 * row_change(r, r->d.low), 100 * row_change(r, r->d.high));
}

static bool is_valid(const struct side *s)
{
    for (size_t i = 0; i < s->runs; i++)
        if (s->run[i]->valid != FLAG_YES)
            return false;
    return true;
}

/* Are the response times the same as the service times, because nothing waits before the send? Then
 * p99 is shown once. */
static bool is_the_same(const struct row *row, size_t i)
{
    return row[i].figure == FIGURE_RESPONSE_P99 && i > 0 && row[i - 1].figure == FIGURE_P99 &&
           fabs(row[i].base.mean - row[i - 1].base.mean) < 1e-12 &&
           fabs(row[i].new.mean - row[i - 1].new.mean) < 1e-12;
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
        if (r->d.real && !is_the_same(row, i))
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

/* ---- caveats ---- */

static void warn_if_other(struct doc *d, const char *pool, const char *what, const json_t *x,
                          const json_t *y)
{
    if (!x || !y || json_equal(x, y))
        return;
    char *was = json_dumps(x, JSON_ENCODE_ANY), *is = json_dumps(y, JSON_ENCODE_ANY);
    doc_finding(d, TONE_WARN, "differs", "%s: %s was %s, is %s", pool, what, was ? was : "?",
                is ? is : "?");
    free(was);
    free(is);
}

/* Takes x and y over. */
static void warn_if_changed(struct doc *d, const char *pool, const char *what, json_t *x, json_t *y)
{
    warn_if_other(d, pool, what, x, y);
    json_decref(x);
    json_decref(y);
}

static void warn_of_text(struct doc *d, const char *pool, const char *what, const char *x,
                         const char *y)
{
    warn_if_changed(d, pool, what, json_words_or_null(x), json_words_or_null(y));
}

static json_t *count_or_null(double n)
{
    return n >= 0 && n < 1e18 ? json_u64((uint64_t)n) : json_null();
}

static void warn_of_count(struct doc *d, const char *pool, const char *what, double x, double y)
{
    warn_if_changed(d, pool, what, count_or_null(x), count_or_null(y));
}

static void warn_of(struct doc *d, const struct saved_pool *a, const struct saved_pool *b)
{
    const char *name;
    json_t *value;
    warn_of_text(d, a->name, "backend", a->backend, b->backend);
    warn_of_text(d, a->name, "target", a->target, b->target);
    warn_of_text(d, a->name, "server", a->server, b->server);
    warn_of_count(d, a->name, "threads", a->threads, b->threads);
    warn_of_count(d, a->name, "clients", a->clients, b->clients);
    warn_of_text(d, a->name, "pattern", a->pattern, b->pattern);
    warn_of_count(d, a->name, "depth", a->depth, b->depth);
    warn_if_changed(d, a->name, "rate_per_s", json_number(a->rate_per_s),
                    json_number(b->rate_per_s));
    warn_of_count(d, a->name, "connections", a->connections, b->connections);
    if (a->connections_wanted >= 0 && b->connections_wanted >= 0) /* older files do not tell */
        warn_of_count(d, a->name, "connections_up", a->connections_up, b->connections_up);
    /* jansson's iteration does not take a const object */
    json_object_foreach((json_t *)(uintptr_t)a->options, name, value)
    {
        warn_if_other(d, a->name, name, value, json_object_get(b->options, name));
    }
}

/* Warns if the machines differ, because that can explain a difference as well as different
 * loads. */
static void warn_of_place(struct doc *d, const struct saved_run *base, const struct saved_run *new)
{
    if (strcmp(base->host, new->host) != 0)
        doc_finding(d, TONE_WARN, "differs", "the load came from host %s, then %s", base->host,
                    new->host);
    if (strcmp(base->loadtop, new->loadtop) != 0)
        doc_finding(d, TONE_WARN, "differs", "loadtop %s, then %s", base->loadtop, new->loadtop);
}

/* Did the number of threads or clients change while the pool ran? */
static bool was_resized(const struct saved_pool *p)
{
    for (size_t k = 1; k + 1 < p->seconds; k++) {
        const struct saved_second *first = &p->second[0], *s = &p->second[k];
        /* the `clients` of a second are those of all threads together */
        if ((s->clients > 0 && first->clients > 0 && fabs(s->clients - first->clients) > 0.5) ||
            (s->threads > 0 && first->threads > 0 && fabs(s->threads - first->threads) > 0.5))
            return true;
    }
    return false;
}

static void warn_of_run(struct doc *d, const struct saved_run *run, const char *which)
{
    if (run->valid != FLAG_YES) {
        struct text why = {.limit = 300};
        for (size_t i = 0; i < run->checks; i++) {
            const struct saved_check *c = &run->check[i];
            if (c->ok == FLAG_NO)
                text_add(&why, "%s %s: %s", why.len ? ";" : "", c->pool,
                         *c->why ? c->why : c->name);
        }
        doc_finding(d, TONE_BAD, "NOT VALID", "%s: its own checks did not all hold%s%s", which,
                    why.len ? ":" : "", text_str(&why));
        text_free(&why);
    }
    for (size_t i = 0; i < run->pools; i++)
        if (was_resized(&run->pool[i]))
            doc_finding(d, TONE_WARN, "resized",
                        "%s: %s was resized while it ran: its seconds are of different loads",
                        which, run->pool[i].name);
}

/* ---- tables and plots ---- */

static void add_row(struct doc *d, const struct row *r, bool with_pool)
{
    if (with_pool)
        doc_cell(d, "%s", r->pool);
    doc_cell(d, "%s", figure_table[r->figure].name);
    doc_cell(d, "%s%s", shown(r, r->base.mean), per_of(r, r->base.mean));
    doc_cell(d, "%s%s", shown(r, r->new.mean), per_of(r, r->new.mean));
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

/* ---- the compared runs ---- */

/* The requested load at the end of the run. */
static void load_cell(struct doc *d, const struct saved_pool *p)
{
    double rate = p->rate_per_s;
    struct text t = {.limit = 200};
    text_add(&t, "%s threads x %s clients, %s", fig_count(p->threads), fig_count(p->clients),
             p->pattern);
    if (p->depth > 1)
        text_add(&t, " of %s", fig_count(p->depth));
    text_add(&t, rate > 0 ? ", open: %s/s" : ", closed", fig_number(rate));
    if (*p->option_ops)
        text_add(&t, "; %s", p->option_ops);
    doc_cell(d, "%s", text_str(&t));
    text_free(&t);
}

static void text_row(struct doc *d, const char *what, const char *a, const char *b)
{
    doc_cell(d, "%s", what);
    doc_cell(d, "%s", *a ? a : "-");
    doc_cell(d, "%s", *b ? b : "-");
}

static void add_pool_facts(struct doc *d, const struct saved_pool *a, const struct saved_pool *b)
{
    const struct saved_pool *const side[2] = {a, b};
    text_row(d, "target", a->target, b->target);
    text_row(d, "server", a->server, b->server);
    doc_cell(d, "load (at the end)");
    load_cell(d, a);
    load_cell(d, b);
    doc_cell(d, "data (items, bytes)");
    for (int i = 0; i < 2; i++)
        doc_cell(d, "%s, %s", fig_count(side[i]->data_items), fig_bytes(side[i]->data_bytes));
    doc_cell(d, "operations completed");
    for (int i = 0; i < 2; i++)
        doc_cell(d, "%s", fig_count(side[i]->counts.completed));
    doc_cell(d, "errors, timeouts, dropped, not started");
    for (int i = 0; i < 2; i++) {
        doc_cell(d, "%s, %s, %s, %s", fig_count(side[i]->counts.errors),
                 fig_count(side[i]->counts.timeouts), fig_count(side[i]->counts.dropped),
                 fig_count(side[i]->counts.not_started));
    }
    text_row(d, "limited by", a->bottleneck.kind, b->bottleneck.kind);
}

static void add_facts(struct doc *d, const struct row *row, size_t rows, const struct side *base,
                      const struct side *new)
{
    static const char *const heads[] = {"<what was compared", "<base", "<new", NULL};
    const struct side *const side[2] = {base, new};
    doc_table(d, heads);
    doc_cell(d, "started");
    for (int i = 0; i < 2; i++)
        doc_cell(d, side[i]->runs > 1 ? "%s, and %zu more" : "%s", side[i]->run[0]->started,
                 side[i]->runs - 1);
    doc_cell(d, "lasted");
    for (int i = 0; i < 2; i++)
        doc_cell(d, "%s, ended by %s", fig_seconds(side[i]->run[0]->elapsed_s),
                 side[i]->run[0]->ended_by);
    doc_cell(d, "load came from");
    for (int i = 0; i < 2; i++)
        doc_cell(d, "%s (%s cores), loadtop %s", side[i]->run[0]->host,
                 fig_count(side[i]->run[0]->cores), side[i]->run[0]->loadtop);
    text_row(d, "its checks", is_valid(base) ? "all held" : "NOT all held",
             is_valid(new) ? "all held" : "NOT all held");
    for (size_t i = 0; i < rows; i += FIGURES) {
        if (rows > FIGURES)
            text_row(d, "pool", row[i].pool, row[i].pool);
        add_pool_facts(d, saved_pool_of(base->run[0], row[i].pool),
                       saved_pool_of(new->run[0], row[i].pool));
    }
    doc_table_end(d);
    for (int i = 0; i < 2 && d->format != DOC_PLAIN; i++) {
        doc_para(d, "%s was made by", i ? "new" : "base");
        doc_command(d, side[i]->run[0]->command);
    }
}

static void add_plots(struct doc *d, const struct row *row, size_t rows, const struct side *base,
                      const struct side *new)
{
    for (size_t i = 0; i < rows; i += FIGURES) {
        const struct saved_pool *a = saved_pool_of(base->run[0], row[i].pool),
                                *b = saved_pool_of(new->run[0], row[i].pool);
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
    doc_heading(d, 1, "Compared: %s with %s", base->run[0]->started, new->run[0]->started);
    if (html)
        text_add(d->t, "<section class=\"verdict\">\n");
    doc_findings_begin(d);
    say_answer(d, row, rows, is_valid(base) && is_valid(new), threshold);
    for (size_t i = 0; i < base->runs; i++)
        warn_of_run(d, base->run[i], "base");
    for (size_t i = 0; i < new->runs; i++)
        warn_of_run(d, new->run[i], "new");
    warn_of_place(d, base->run[0], new->run[0]);
    for (size_t i = 0; i < rows; i += FIGURES)
        warn_of(d, saved_pool_of(base->run[0], row[i].pool),
                saved_pool_of(new->run[0], row[i].pool));
    doc_findings_end(d);
    if (html)
        text_add(d->t, "</section>\n");
    /* HTML with one pool: leave out its name, to save room on small screens */
    bool with_pool = !html || rows > FIGURES;
    doc_table(d, with_pool ? heads : heads + 1);
    for (size_t i = 0; i < rows; i++)
        add_row(d, &row[i], with_pool);
    doc_table_end(d);
    doc_gap(d);
    if (row[0].by_runs)
        add_spread(d, row, rows);
    add_facts(d, row, rows, base, new);
    doc_gap(d);
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
        compare_add_method(d);
}
