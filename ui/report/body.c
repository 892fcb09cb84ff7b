/* The body of a report: each pool with its tables (and in HTML its plots), then what concerns the
 * whole run. Called by the writers of the report's formats. */
#include "ui/report/body.h"

#include <math.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/pattern.h"
#include "engine/stats/differ.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/page/html_curve.h"
#include "ui/page/html_plots.h"
#include "ui/page/svg.h"
#include "ui/report/passes.h"
#include "ui/report/replay.h"
#include "ui/report/screens.h"
#include "ui/report/sweeps.h"

/* The requested load and its results. */
static void add_load(struct doc *d, const struct saved_pool *p)
{
    static const char *const heads[] = {"<load", "<value", NULL};
    const struct saved_counts *n = &p->counts;
    const struct {
        const char *name;
        double count;
    } ops[] = {
        {"offered", n->offered},         {"completed", n->completed}, {"errors", n->errors},
        {"timeouts", n->timeouts},       {"in flight", n->in_flight}, {"dropped", n->dropped},
        {"not started", n->not_started},
    };
    double rate = p->rate_per_s, sent = p->bytes_sent;
    doc_table(d, heads);
    doc_cell(d, "at the end");
    doc_cell(d, "threads %s x clients %s, connections of a thread %s, pattern %s, depth %s",
             fig_count(p->threads), fig_count(p->clients), fig_count(p->connections), p->pattern,
             fig_count(p->depth));
    if (p->connections_wanted >= 0) {
        doc_cell(d, "connections up");
        doc_cell(d, "%s of %s", fig_count(p->connections_up), fig_count(p->connections_wanted));
    }
    doc_cell(d, "arrival");
    doc_cell(d, "%s%s%s", p->arrival, isfinite(rate) ? ", " : "",
             isfinite(rate) ? fig_number(rate) : "");
    doc_cell(d, "operations");
    doc_cell(d, "%s", p->option_ops);
    doc_cell(d, "throughput");
    doc_cell(d, "%s/s over %s loaded", fig_number(p->throughput_per_s), fig_seconds(p->loaded_s));
    for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        doc_cell(d, "%s", ops[i].name);
        doc_cell(d, "%s", fig_count(ops[i].count));
    }
    doc_cell(d, "bytes");
    doc_cell(d, "sent %s, received %s", fig_bytes(sent), fig_bytes(p->bytes_received));
    if (p->peak_request_bytes > 0) {
        doc_cell(d, "memory of unthrottled requests");
        doc_cell(d, "%s at most, of a bound of %llu MB a thread", fig_bytes(p->peak_request_bytes),
                 (unsigned long long)(UNTHROTTLED_BYTES >> 20));
    }
    doc_cell(d, "time of the threads");
    doc_cell(d, "generating %s, client work %s, waiting %s, idle by schedule %s",
             fig_share(p->generate_share), fig_share(p->client_share), fig_share(p->wait_share),
             fig_share(p->scheduled_idle_share));
    doc_table_end(d);
}

static void add_latency_row(struct doc *d, const char *what, const struct saved_latency *l)
{
    const double us[] = {l->min_us, l->mean_us,  l->p50_us,    l->p90_us, l->p95_us,
                         l->p99_us, l->p99_9_us, l->p99_99_us, l->max_us};
    if (!(l->count > 0))
        return;
    doc_cell(d, "%s", what);
    for (unsigned i = 0; i < sizeof us / sizeof *us; i++)
        doc_cell(d, "%s", fig_us(us[i]));
    doc_cell(d, "%s", fig_count(l->count));
}

static void add_latencies(struct doc *d, const struct saved_pool *p)
{
    static const char *const heads[] = {"<latency", "min",   "mean",   "p50", "p90",   "p95",
                                        "p99",      "p99.9", "p99.99", "max", "count", NULL};
    char what[80];
    doc_table(d, heads);
    add_latency_row(d, "service (from the send)", &p->latency.service);
    add_latency_row(d, "response (from the intended start)", &p->latency.response);
    for (size_t i = 0; i < p->ops && p->ops > 1; i++) {
        text_append(what, sizeof what, 0, "%s, service", p->op[i].name);
        add_latency_row(d, what, &p->op[i].latency.service);
    }
    add_latency_row(d, "batches", &p->batches);
    doc_table_end(d);
}

static void add_ops(struct doc *d, const struct saved_pool *p)
{
    static const char *const heads[] = {"<operation", "completed", "errors", "timeouts",
                                        "p50",        "p99",       NULL};
    doc_table(d, heads);
    for (size_t i = 0; i < p->ops; i++) {
        const struct saved_op *one = &p->op[i];
        doc_cell(d, "%s", one->name);
        doc_cell(d, "%s", fig_count(one->completed));
        doc_cell(d, "%s", fig_count(one->errors));
        doc_cell(d, "%s", fig_count(one->timeouts));
        doc_cell(d, "%s", fig_us(one->latency.service.p50_us));
        doc_cell(d, "%s", fig_us(one->latency.service.p99_us));
    }
    doc_table_end(d);
}

static void add_plateaus(struct doc *d, const struct saved_run *run, const struct saved_pool *p)
{
    static const char *const heads[] = {"from",   "to",          "threads",   "clients",
                                        "depth",  "rate",        "in flight", "throughput",
                                        "±95 %",  "p50",         "p99",       "generator CPU",
                                        "<valid", "<thresholds", NULL};
    static const char *const passes[] = {"broken", "not known", "held"};
    bool judged = run->thresholds > 0;
    if (!p->plateaus)
        return;
    doc_heading(d, 3, "Steady stretches (plateaus)");
    doc_table(d, heads);
    for (size_t i = 0; i < p->plateaus; i++) {
        const struct saved_plateau *l = &p->plateau[i];
        doc_cell(d, "%s", fig_seconds(l->start_s));
        doc_cell(d, "%s", fig_seconds(l->end_s));
        doc_cell(d, "%s", fig_count(l->vars.threads));
        doc_cell(d, "%s", fig_count(l->vars.clients));
        doc_cell(d, "%s", fig_count(l->vars.depth));
        doc_cell(d, "%s", fig_number(l->vars.rate_per_s));
        doc_cell(d, "%s", fig_number(l->in_flight));
        doc_cell(d, "%s/s", fig_number(l->throughput_per_s));
        doc_cell(d, "%s", fig_number(l->ci95));
        doc_cell(d, "%s", fig_us(l->p50_us));
        doc_cell(d, "%s", fig_us(l->p99_us));
        doc_cell(d, "%s", fig_share(l->cpu_share));
        doc_cell(d, "%s", l->valid == FLAG_YES ? "yes" : l->why_not);
        doc_cell(d, "%s", judged ? passes[plateau_passes(run, p, l)] : "-");
    }
    doc_table_end(d);
}

static void add_errors(struct doc *d, const char *heading, const struct saved_error *error,
                       size_t errors)
{
    static const char *const heads[] = {"<class",  "count",         "first at",
                                        "last at", "<last message", NULL};
    if (!errors)
        return;
    doc_heading(d, 3, "%s", heading);
    doc_table(d, heads);
    for (size_t i = 0; i < errors; i++) {
        const struct saved_error *e = &error[i];
        doc_cell(d, "%s", e->class);
        doc_cell(d, "%s", fig_count(e->count));
        doc_cell(d, "%s", fig_seconds(e->first_s));
        doc_cell(d, "%s", fig_seconds(e->last_s));
        doc_cell(d, "%s", e->last);
    }
    doc_table_end(d);
}

static void add_pool(struct doc *d, const struct saved_run *run, const struct saved_pool *p)
{
    bool plots = d->format == DOC_HTML;
    doc_stamped(d, 2, stamp_of(p), "%s%s", p->name, p->removed == FLAG_YES ? " (removed)" : "");
    struct svg_sheet sheet = {.t = d->t, .stamp = stamp_of(p)};
    for (size_t i = 0; plots && i < p->curves; i++)
        plot_curve(&sheet, p, &p->curve[i], run->goal_per_s);
    if (plots) {
        plot_seconds(&sheet, run, p);
        plot_percentiles(&sheet, p);
        plot_heat(&sheet, p);
    }
    add_latencies(d, p);
    if (p->ops) {
        doc_heading(d, 3, "Operations");
        add_ops(d, p);
    }
    report_sweeps(d, p);
    add_plateaus(d, run, p);
    add_errors(d, "Errors", p->error, p->errors);
    add_errors(d, "Connections refused or lost", p->conn_error, p->conn_errors);
    doc_heading(d, 3, "Load and counts");
    add_load(d, p);
}

static void add_notes(struct doc *d, const struct saved_run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->events; i++) {
        const struct saved_event *e = &run->event[i];
        if (strcmp(e->what, "mark") != 0)
            continue;
        if (!any) {
            doc_heading(d, 2, "Notes");
            doc_findings_begin(d);
        }
        any = true;
        char at[32];
        copy_str(at, sizeof at, "");
        doc_finding(d, TONE_PLAIN, format_clock(at, sizeof at, e->t_s), "%s", e->to);
    }
    if (any)
        doc_findings_end(d);
}

static void add_events(struct doc *d, const struct saved_run *run)
{
    static const char *const heads[] = {
        "at", "<by", "<pool", "<what", "<from", "<to", "<what it changed", NULL};
    if (!run->events)
        return;
    doc_heading(d, 2, "Events");
    doc_table(d, heads);
    for (size_t i = 0; i < run->events; i++) {
        const struct saved_event *e = &run->event[i];
        doc_cell(d, "%s", fig_seconds(e->t_s));
        doc_cell(d, "%s", e->by);
        doc_cell(d, "%s", e->pool);
        doc_cell(d, "%s", e->what);
        doc_cell(d, "%s", e->from);
        doc_cell(d, "%s", e->to);
        if (isnan(e->after_per_s))
            doc_cell(d, "%s", "");
        else
            doc_cell(d, "%s/s to %s/s: %s", fig_number(e->before_per_s), fig_number(e->after_per_s),
                     differ_word(e->real == FLAG_YES));
    }
    doc_table_end(d);
    double total = run->events_total;
    if (total > (double)run->events)
        doc_para(d, "Of %s events the last %zu were kept.", fig_count(total), run->events);
}

static void add_validity(struct doc *d, const struct saved_run *run)
{
    static const char *const heads[] = {"<pool", "<check", "<held", "value", "limit", "<why", NULL};
    doc_heading(d, 2, "Can the figures be trusted?");
    doc_table(d, heads);
    for (size_t i = 0; i < run->checks; i++) {
        const struct saved_check *c = &run->check[i];
        bool known = c->ok != FLAG_UNKNOWN;
        doc_cell(d, "%s", c->pool);
        doc_cell(d, "%s", c->name);
        doc_cell(d, "%s", !known ? "does not apply" : c->ok == FLAG_YES ? "yes" : "NO");
        doc_cell(d, "%s", known ? fig_number(c->value) : "-");
        doc_cell(d, "%s", fig_number(c->limit));
        doc_cell(d, "%s", c->why);
    }
    doc_table_end(d);
}

static void add_left(struct doc *d, const struct saved_run *run)
{
    bool any = false;
    doc_heading(d, 2, "Left behind");
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *p = &run->pool[i];
        for (size_t k = 0; k < p->lefts; k++) {
            const struct saved_left *l = &p->left[k];
            if (!any)
                doc_findings_begin(d);
            any = true;
            doc_finding(d, TONE_WARN, "left", "%s: %s %s %s", p->name, fig_count(l->count), l->kind,
                        l->what);
        }
    }
    if (any) {
        doc_findings_end(d);
        doc_para(d, "loadtop clean RUN.json removes it.");
    } else {
        doc_para(d, "Nothing.");
    }
}

/* The target and the load generator's machine. */
static void add_target(struct doc *d, const struct saved_pool *p)
{
    double items = p->data_items, bytes = p->data_bytes, rtt = p->rtt_us, others = p->other_clients;
    const char *version = p->server, *address = p->address;
    struct text size = {.limit = 64};
    if (*p->option_size_text)
        text_add(&size, "%s", p->option_size_text);
    else if (isfinite(p->option_size))
        text_add(&size, "%s", fig_count(p->option_size));
    doc_cell(d, "%s", p->name);
    doc_cell(d, "%s", p->target);
    doc_cell(d, "%s", *version ? version : "not known");
    doc_cell(d, "%s", *address ? address : "-");
    doc_cell(d, "%s%s%s%s%s", items >= 0 ? fig_count(items) : "not known", bytes >= 0 ? ", " : "",
             bytes >= 0 ? fig_bytes(bytes) : "", size.len ? "; size " : "", text_str(&size));
    doc_cell(d, "%s", isfinite(rtt) ? fig_us(rtt) : "not known");
    doc_cell(d, "%s", others >= 0 ? fig_count(others) : "not known");
    text_free(&size);
}

static void add_tested(struct doc *d, const struct saved_run *run)
{
    static const char *const heads[] = {
        "<pool",      "<target",       "<version", "<address", "<data (items, bytes)",
        "round trip", "other clients", NULL};
    doc_heading(d, 2, "What was tested");
    doc_table(d, heads);
    for (size_t i = 0; i < run->pools; i++)
        add_target(d, &run->pool[i]);
    doc_table_end(d);
    doc_para(d,
             "The load came from host %s (%s cores); the generator used %s of their CPU over the "
             "run and at most %s of memory. The round trip is the shortest that the kernel saw on "
             "a connection without load: the network's part of each latency.",
             run->host, fig_count(run->cores), fig_share(run->cpu_share),
             fig_bytes(run->rss_peak_bytes));
}

/* For --repeat: the spread between runs. */
static void add_spread(struct doc *d, const struct saved_run *run)
{
    static const char *const heads[] = {"<pool",  "<figure", "runs", "mean", "standard deviation",
                                        "lowest", "highest", NULL};
    if (!run->spreads)
        return;
    doc_heading(d, 2, "Spread between runs");
    doc_para(d, "This is a run of %zu; all figures above are of the last.", run->repeats);
    doc_table(d, heads);
    for (size_t i = 0; i < 2 * run->spreads; i++) {
        const struct saved_pool_spread *p = &run->spread[i / 2];
        const struct saved_spread *s = i % 2 ? &p->response_p99_us : &p->throughput_per_s;
        const char *(*said)(double) = i % 2 ? fig_us : fig_number;
        doc_cell(d, "%s", p->pool);
        doc_cell(d, "%s", i % 2 ? "response p99" : "throughput / s");
        doc_cell(d, "%s", fig_count(s->n));
        doc_cell(d, "%s", said(s->mean));
        doc_cell(d, "%s (%s)", said(s->stdev), fig_share(s->stdev / s->mean));
        doc_cell(d, "%s", said(s->min));
        doc_cell(d, "%s", said(s->max));
    }
    doc_table_end(d);
}

static void add_command(struct doc *d, const struct saved_run *run)
{
    struct text command = {0};
    unsigned left_out = report_command(run, &command);
    if (command.len) {
        doc_heading(d, 2, "To repeat it");
        doc_command(d, text_str(&command));
        if (left_out)
            doc_para(d,
                     "%u thing%s that %s done by hand (such as adding a pool) %s not "
                     "in it: see the events.",
                     left_out, left_out == 1 ? "" : "s", left_out == 1 ? "was" : "were",
                     left_out == 1 ? "is" : "are");
    }
    text_free(&command);
}

void report_body(struct doc *d, const struct saved_run *run)
{
    add_tested(d, run);
    add_notes(d, run);
    for (size_t i = 0; i < run->pools; i++)
        add_pool(d, run, &run->pool[i]);
    report_screens(d, run);
    add_events(d, run);
    add_validity(d, run);
    add_left(d, run);
    add_spread(d, run);
    add_command(d, run);
}
