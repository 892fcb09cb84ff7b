/* The body of a report: each pool with its tables (and in HTML its plots), then what concerns the
 * whole run. Called by the report's formats. */
#include "ui/report/body.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/pattern.h"
#include "engine/stats/differ.h"
#include "ui/json/read.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/page/html_curve.h"
#include "ui/page/html_plots.h"
#include "ui/page/svg.h"
#include "ui/report/held.h"
#include "ui/report/replay.h"
#include "ui/report/screens.h"
#include "ui/report/sweeps.h"

/* What was asked of it and what came of it. */
static void add_load(struct doc *d, const json_t *p)
{
    static const char *const heads[] = {"<load", "<value", NULL};
    static const char *const ops[][2] = {
        {"offered", "ops/offered"},   {"completed", "ops/completed"}, {"errors", "ops/errors"},
        {"timeouts", "ops/timeouts"}, {"in flight", "ops/in_flight"}, {"dropped", "ops/dropped"},
    };
    double rate = json_num(p, "rate_per_s"), sent = json_num(p, "bytes/sent");
    doc_table(d, heads);
    doc_cell(d, "at the end");
    doc_cell(d, "threads %s x clients %s, connections of a thread %s, pattern %s, depth %s",
             fig_count(json_num(p, "threads")), fig_count(json_num(p, "clients")),
             fig_count(json_num(p, "connections")), json_txt(p, "pattern"),
             fig_count(json_num(p, "depth")));
    doc_cell(d, "arrival");
    doc_cell(d, "%s%s%s", json_txt(p, "arrival"), isfinite(rate) ? ", " : "",
             isfinite(rate) ? fig_number(rate) : "");
    doc_cell(d, "operations");
    doc_cell(d, "%s", json_txt(p, "options/ops"));
    doc_cell(d, "throughput");
    doc_cell(d, "%s/s over %s loaded", fig_number(json_num(p, "throughput_per_s")),
             fig_seconds(json_num(p, "loaded_s")));
    for (unsigned i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        doc_cell(d, "%s", ops[i][0]);
        doc_cell(d, "%s", fig_count(json_num(p, ops[i][1])));
    }
    double not_started = json_num(p, "ops/not_started"); /* older files have none */
    doc_cell(d, "not started");
    doc_cell(d, "%s", fig_count(isfinite(not_started) ? not_started : 0));
    doc_cell(d, "bytes");
    doc_cell(d, "sent %s, received %s", fig_bytes(sent), fig_bytes(json_num(p, "bytes/received")));
    if (json_num(p, "memory/peak_request_bytes") > 0) {
        doc_cell(d, "memory of unthrottled requests");
        doc_cell(d, "%s at most, of a bound of %llu MB a thread",
                 fig_bytes(json_num(p, "memory/peak_request_bytes")),
                 (unsigned long long)(UNTHROTTLED_BYTES >> 20));
    }
    doc_cell(d, "time of the threads");
    doc_cell(d, "generating %s, client work %s, waiting %s, idle by schedule %s",
             fig_share(json_num(p, "time_share/generate")),
             fig_share(json_num(p, "time_share/client")), fig_share(json_num(p, "time_share/wait")),
             fig_share(json_num(p, "time_share/scheduled_idle")));
    doc_table_end(d);
}

static void add_latency_row(struct doc *d, const char *what, const json_t *l)
{
    static const char *const at[] = {"min_us", "mean_us",  "p50_us",    "p90_us", "p95_us",
                                     "p99_us", "p99_9_us", "p99_99_us", "max_us", NULL};
    if (!l || !(json_num(l, "count") > 0))
        return;
    doc_cell(d, "%s", what);
    for (unsigned i = 0; at[i]; i++)
        doc_cell(d, "%s", fig_us(json_num(l, at[i])));
    doc_cell(d, "%s", fig_count(json_num(l, "count")));
}

static void add_latencies(struct doc *d, const json_t *p)
{
    static const char *const heads[] = {"<latency", "min",   "mean",   "p50", "p90",   "p95",
                                        "p99",      "p99.9", "p99.99", "max", "count", NULL};
    const char *op;
    json_t *one;
    char what[80];
    doc_table(d, heads);
    add_latency_row(d, "service (from the send)", json_at(p, "latency/service"));
    add_latency_row(d, "response (from the intended start)", json_at(p, "latency/response"));
    if (json_object_size(json_at(p, "by_op")) > 1)
        json_object_foreach((json_t *)(uintptr_t)json_at(p, "by_op"), op, one)
        {
            text_append(what, sizeof what, 0, "%s, service", op);
            add_latency_row(d, what, json_at(one, "latency/service"));
        }
    add_latency_row(d, "requests (batches)", json_at(p, "batches/latency/service"));
    doc_table_end(d);
}

static void add_ops(struct doc *d, const json_t *p)
{
    static const char *const heads[] = {"<operation", "completed", "errors", "timeouts",
                                        "p50",        "p99",       NULL};
    const char *op;
    json_t *one;
    doc_table(d, heads);
    json_object_foreach((json_t *)(uintptr_t)json_at(p, "by_op"), op, one)
    {
        doc_cell(d, "%s", op);
        doc_cell(d, "%s", fig_count(json_num(one, "completed")));
        doc_cell(d, "%s", fig_count(json_num(one, "errors")));
        doc_cell(d, "%s", fig_count(json_num(one, "timeouts")));
        doc_cell(d, "%s", fig_us(json_num(one, "latency/service/p50_us")));
        doc_cell(d, "%s", fig_us(json_num(one, "latency/service/p99_us")));
    }
    doc_table_end(d);
}

static void add_plateaus(struct doc *d, const json_t *run, const json_t *p)
{
    static const char *const heads[] = {"from",   "to",          "threads",   "clients",
                                        "depth",  "rate",        "in flight", "throughput",
                                        "±95 %",  "p50",         "p99",       "generator CPU",
                                        "<valid", "<thresholds", NULL};
    static const char *const held[] = {"broken", "not known", "held"};
    bool judged = json_count(run, "thresholds") > 0;
    if (!json_count(p, "plateaus"))
        return;
    doc_heading(d, 3, "Steady stretches (plateaus)");
    doc_table(d, heads);
    for (size_t i = 0; i < json_count(p, "plateaus"); i++) {
        const json_t *l = json_nth(p, "plateaus", i);
        doc_cell(d, "%s", fig_seconds(json_num(l, "start_s")));
        doc_cell(d, "%s", fig_seconds(json_num(l, "end_s")));
        doc_cell(d, "%s", fig_count(json_num(l, "vars/threads")));
        doc_cell(d, "%s", fig_count(json_num(l, "vars/clients")));
        doc_cell(d, "%s", fig_count(json_num(l, "vars/depth")));
        doc_cell(d, "%s", fig_number(json_num(l, "vars/rate_per_s")));
        doc_cell(d, "%s", fig_number(json_num(l, "in_flight")));
        doc_cell(d, "%s/s", fig_number(json_num(l, "throughput_per_s")));
        doc_cell(d, "%s", fig_number(json_num(l, "ci95")));
        doc_cell(d, "%s", fig_us(json_num(l, "p50_us")));
        doc_cell(d, "%s", fig_us(json_num(l, "p99_us")));
        doc_cell(d, "%s", fig_share(json_num(l, "cpu_share")));
        doc_cell(d, "%s", json_yes(l, "valid") ? "yes" : json_txt(l, "why_not"));
        doc_cell(d, "%s", judged ? held[plateau_held(run, p, l)] : "-");
    }
    doc_table_end(d);
}

static void add_errors(struct doc *d, const json_t *p)
{
    static const char *const heads[] = {"<class",  "count",         "first at",
                                        "last at", "<last message", NULL};
    if (!json_count(p, "error_classes"))
        return;
    doc_heading(d, 3, "Errors");
    doc_table(d, heads);
    for (size_t i = 0; i < json_count(p, "error_classes"); i++) {
        const json_t *e = json_nth(p, "error_classes", i);
        doc_cell(d, "%s", json_txt(e, "class"));
        doc_cell(d, "%s", fig_count(json_num(e, "count")));
        doc_cell(d, "%s", fig_seconds(json_num(e, "first_s")));
        doc_cell(d, "%s", fig_seconds(json_num(e, "last_s")));
        doc_cell(d, "%s", json_txt(e, "last"));
    }
    doc_table_end(d);
}

static void add_pool(struct doc *d, const json_t *run, const json_t *p)
{
    bool plots = d->format == DOC_HTML;
    doc_stamped(d, 2, stamp_of(p), "%s%s", json_txt(p, "name"),
                json_yes(p, "removed") ? " (removed)" : "");
    struct svg_sheet sheet = {.t = d->t, .stamp = stamp_of(p)};
    for (size_t i = 0; plots && i < json_count(p, "scaling"); i++)
        plot_curve(&sheet, p, json_nth(p, "scaling", i), json_num(run, "goal_per_s"));
    if (plots) {
        plot_seconds(&sheet, run, p);
        plot_percentiles(&sheet, p);
        plot_heat(&sheet, p);
    }
    add_latencies(d, p);
    if (json_object_size(json_at(p, "by_op")) > 0) {
        doc_heading(d, 3, "Operations");
        add_ops(d, p);
    }
    report_sweeps(d, p);
    add_plateaus(d, run, p);
    add_errors(d, p);
    doc_heading(d, 3, "Load and counts");
    add_load(d, p);
}

static void add_notes(struct doc *d, const json_t *run)
{
    bool any = false;
    for (size_t i = 0; i < json_count(run, "events"); i++) {
        const json_t *e = json_nth(run, "events", i);
        if (strcmp(json_txt(e, "what"), "mark") != 0)
            continue;
        if (!any) {
            doc_heading(d, 2, "Notes");
            doc_findings_begin(d);
        }
        any = true;
        char at[32];
        copy_str(at, sizeof at, "");
        doc_finding(d, TONE_PLAIN, format_clock(at, sizeof at, json_num(e, "t_s")), "%s",
                    json_txt(e, "to"));
    }
    if (any)
        doc_findings_end(d);
}

static void add_events(struct doc *d, const json_t *run)
{
    static const char *const heads[] = {
        "at", "<by", "<pool", "<what", "<from", "<to", "<what it changed", NULL};
    if (!json_count(run, "events"))
        return;
    doc_heading(d, 2, "Events");
    doc_table(d, heads);
    for (size_t i = 0; i < json_count(run, "events"); i++) {
        const json_t *e = json_nth(run, "events", i);
        doc_cell(d, "%s", fig_seconds(json_num(e, "t_s")));
        doc_cell(d, "%s", json_txt(e, "by"));
        doc_cell(d, "%s", json_txt(e, "pool"));
        doc_cell(d, "%s", json_txt(e, "what"));
        doc_cell(d, "%s", json_txt(e, "from"));
        doc_cell(d, "%s", json_txt(e, "to"));
        if (json_is_absent(e, "after_per_s"))
            doc_cell(d, "%s", "");
        else
            doc_cell(d, "%s/s to %s/s: %s", fig_number(json_num(e, "before_per_s")),
                     fig_number(json_num(e, "after_per_s")), differ_word(json_yes(e, "real")));
    }
    doc_table_end(d);
    double total = json_num(run, "events_total");
    if (total > (double)json_count(run, "events"))
        doc_para(d, "Of %s events the last %zu were kept.", fig_count(total),
                 json_count(run, "events"));
}

static void add_validity(struct doc *d, const json_t *run)
{
    static const char *const heads[] = {"<pool", "<check", "<held", "value", "limit", "<why", NULL};
    doc_heading(d, 2, "Can the figures be trusted?");
    doc_table(d, heads);
    for (size_t i = 0; i < json_count(run, "validity/checks"); i++) {
        const json_t *c = json_nth(run, "validity/checks", i);
        bool known = !json_is_absent(c, "ok");
        doc_cell(d, "%s", json_txt(c, "pool"));
        doc_cell(d, "%s", json_txt(c, "name"));
        doc_cell(d, "%s", !known ? "does not apply" : json_yes(c, "ok") ? "yes" : "NO");
        doc_cell(d, "%s", known ? fig_number(json_num(c, "value")) : "-");
        doc_cell(d, "%s", fig_number(json_num(c, "limit")));
        doc_cell(d, "%s", json_txt(c, "why"));
    }
    doc_table_end(d);
}

static void add_left(struct doc *d, const json_t *run)
{
    bool any = false;
    doc_heading(d, 2, "Left behind");
    for (size_t i = 0; i < json_count(run, "pools"); i++) {
        const json_t *p = json_nth(run, "pools", i);
        for (size_t k = 0; k < json_count(p, "left_behind"); k++) {
            const json_t *l = json_nth(p, "left_behind", k);
            if (!any)
                doc_findings_begin(d);
            any = true;
            doc_finding(d, TONE_WARN, "left", "%s: %s %s %s", json_txt(p, "name"),
                        fig_count(json_num(l, "count")), json_txt(l, "kind"), json_txt(l, "what"));
        }
    }
    if (any) {
        doc_findings_end(d);
        doc_para(d, "loadtop clean RUN.json removes it.");
    } else {
        doc_para(d, "Nothing.");
    }
}

/* What was loaded and from where: for those who were not there. */
static void add_target(struct doc *d, const json_t *p)
{
    double items = json_num(p, "target_info/data_items"),
           bytes = json_num(p, "target_info/data_bytes"), rtt = json_num(p, "target_info/rtt_us"),
           others = json_num(p, "target_info/other_clients");
    const char *version = json_txt(p, "server"), *address = json_txt(p, "address");
    struct text size = {.limit = 64};
    if (json_is_string(json_at(p, "options/size")))
        text_add(&size, "%s", json_txt(p, "options/size"));
    else if (json_is_number(json_at(p, "options/size")))
        text_add(&size, "%s", fig_count(json_num(p, "options/size")));
    doc_cell(d, "%s", json_txt(p, "name"));
    doc_cell(d, "%s", json_txt(p, "target"));
    doc_cell(d, "%s", *version ? version : "not known");
    doc_cell(d, "%s", *address ? address : "-");
    doc_cell(d, "%s%s%s%s%s", items >= 0 ? fig_count(items) : "not known", bytes >= 0 ? ", " : "",
             bytes >= 0 ? fig_bytes(bytes) : "", size.len ? "; size " : "", text_str(&size));
    doc_cell(d, "%s", isfinite(rtt) ? fig_us(rtt) : "not known");
    doc_cell(d, "%s", others >= 0 ? fig_count(others) : "not known");
    text_free(&size);
}

static void add_tested(struct doc *d, const json_t *run)
{
    static const char *const heads[] = {
        "<pool",      "<target",       "<version", "<address", "<data (items, bytes)",
        "round trip", "other clients", NULL};
    doc_heading(d, 2, "What was tested");
    doc_table(d, heads);
    for (size_t i = 0; i < json_count(run, "pools"); i++)
        add_target(d, json_nth(run, "pools", i));
    doc_table_end(d);
    doc_para(d,
             "The load came from host %s (%s cores); the generator used %s of their CPU over the "
             "run and at most %s of memory. The round trip is the shortest that the kernel saw on "
             "a connection without load: the network's part of each latency.",
             json_txt(run, "generator/host"), fig_count(json_num(run, "generator/cores")),
             fig_share(json_num(run, "generator/cpu_share")),
             fig_bytes(json_num(run, "generator/rss_peak_bytes")));
}

/* Of --repeat: how far the same run's figures are apart. */
static void add_spread(struct doc *d, const json_t *run)
{
    static const char *const heads[] = {"<pool",  "<figure", "runs", "mean", "standard deviation",
                                        "lowest", "highest", NULL};
    static const char *const what[] = {"throughput_per_s", "response_p99_us"};
    if (!json_count(run, "spread"))
        return;
    doc_heading(d, 2, "Spread between runs");
    doc_para(d, "This is a run of %zu; all figures above are of the last.",
             json_count(run, "repeats"));
    doc_table(d, heads);
    for (size_t i = 0; i < 2 * json_count(run, "spread"); i++) {
        const json_t *p = json_nth(run, "spread", i / 2), *s = json_at(p, what[i % 2]);
        const char *(*said)(double) = i % 2 ? fig_us : fig_number;
        doc_cell(d, "%s", json_txt(p, "pool"));
        doc_cell(d, "%s", i % 2 ? "response p99" : "throughput / s");
        doc_cell(d, "%s", fig_count(json_num(s, "n")));
        doc_cell(d, "%s", said(json_num(s, "mean")));
        doc_cell(d, "%s (%s)", said(json_num(s, "stdev")),
                 fig_share(json_num(s, "stdev") / json_num(s, "mean")));
        doc_cell(d, "%s", said(json_num(s, "min")));
        doc_cell(d, "%s", said(json_num(s, "max")));
    }
    doc_table_end(d);
}

static void add_command(struct doc *d, const json_t *run)
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

void report_body(struct doc *d, const json_t *run)
{
    add_tested(d, run);
    add_notes(d, run);
    for (size_t i = 0; i < json_count(run, "pools"); i++)
        add_pool(d, run, json_nth(run, "pools", i));
    report_screens(d, run);
    add_events(d, run);
    add_validity(d, run);
    add_left(d, run);
    add_spread(d, run);
    add_command(d, run);
}
