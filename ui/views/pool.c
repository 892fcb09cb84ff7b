/* One pool in full: its plots, percentile ladder, operations, threads, and where its time goes; see
 * parts.h. */
#include "ui/views/parts.h"

#include <math.h>
#include <stdio.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "ui/baseline.h"
#include "ui/box.h"
#include "ui/glyphs.h"
#include "ui/table.h"
#include "engine/base/quantity.h"

static const struct column ladder_columns[] = {
    {"whole run", 9, 10, ALIGN_LEFT, 0}, {"service", 8, 10, ALIGN_RIGHT, 0},
    {"response", 8, 10, ALIGN_RIGHT, 0}, {"now", 8, 10, ALIGN_RIGHT, 1},
    {"", 6, 40, ALIGN_LEFT, 2},          {NULL, 0, 0, ALIGN_LEFT, 0},
};

struct rung {
    const char *name;
    double service, response, now;
};

/* On a log scale from the least to the most of the column: the tail is what one looks for. */
static void rung_bar(struct cells *c, const struct table *t, int y, double v, double lo, double hi)
{
    int w = t->w[4];

    if (w <= 0 || isnan(v) || !(lo > 0) || !(hi > lo))
        return;
    for (int i = 0; i < (int)(log(v / lo) / log(hi / lo) * (w - 1) + 1.5) && i < w; i++)
        cells_text(c, t->x[4] + i, y, ROLE_SPARK, c->glyphs->bar_full);
}

/* With a baseline: how `now` stands to it. Of the base's stretch p50 and p99 are known, no more. */
static const struct column ladder_with_base[] = {
    {"whole run", 9, 10, ALIGN_LEFT, 0}, {"service", 8, 10, ALIGN_RIGHT, 3},
    {"response", 8, 10, ALIGN_RIGHT, 0}, {"now", 8, 10, ALIGN_RIGHT, 1},
    {"to base", 9, 10, ALIGN_RIGHT, 0},  {NULL, 0, 0, ALIGN_LEFT, 0},
};

static void rung_change(struct cells *c, const struct table *t, int y,
                        const struct pool_snapshot *p, const struct baseline *base, int rung)
{
    const char *why = NULL, *said;
    const struct base_stretch *at = baseline_at(base, p, &why);
    const struct latency *now = &p->now_response;
    char text[32] = "-";

    if (at && rung == 0)
        baseline_change(text, sizeof text, now->q[Q_P50], at->response_p50, why != NULL);
    else if (at && rung == 3)
        baseline_change(text, sizeof text, now->q[Q_P99], at->response_p99, why != NULL);
    said = *text == ' ' ? text + 1 : *text ? text : "-";
    table_put(c, t, y, 4, *said == '-' && !said[1] ? ROLE_DIM : ROLE_BASELINE, said);
}

void ladder_panel(struct cells *c, struct screen *sc, const struct pool_snapshot *p,
                  const struct layout *l)
{
    const struct baseline *base = baseline_of(sc, p->number);
    const struct latency *s = &p->service, *r = &p->response, *n = &p->now_response;
    const struct rung rungs[] = {{"p50", s->q[Q_P50], r->q[Q_P50], n->q[Q_P50]},
                                 {"p90", s->q[Q_P90], r->q[Q_P90], n->q[Q_P90]},
                                 {"p95", s->q[Q_P95], r->q[Q_P95], n->q[Q_P95]},
                                 {"p99", s->q[Q_P99], r->q[Q_P99], n->q[Q_P99]},
                                 {"p99.9", s->q[Q_P99_9], r->q[Q_P99_9], n->q[Q_P99_9]},
                                 {"p99.99", s->q[Q_P99_99], r->q[Q_P99_99], n->q[Q_P99_99]},
                                 {"max", s->max, r->max, n->max},
                                 {"mean", s->mean, r->mean, n->mean}};
    char note[64], count[32], text[32];
    struct table t;
    struct rect in;

    snprintf(note, sizeof note, "%s samples", format_count(count, sizeof count, r->count));
    if (!box_panel(c, l, PANEL_LADDER, "percentiles", note, &in))
        return;
    table_fit(&t, base ? ladder_with_base : ladder_columns, in.x + 1, in.w - 2);
    table_head(c, &t, in.y, -1, false);
    for (int i = 0; i < 8 && i + 1 < in.h; i++) {
        int y = in.y + 1 + i;

        table_put(c, &t, y, 0, ROLE_STRONG, rungs[i].name);
        table_put(c, &t, y, 1, ROLE_TEXT, show_ns(text, sizeof text, rungs[i].service));
        table_put(c, &t, y, 2, ROLE_TEXT, show_ns(text, sizeof text, rungs[i].response));
        table_put(c, &t, y, 3, ROLE_P99, show_ns(text, sizeof text, rungs[i].now));
        if (base)
            rung_change(c, &t, y, p, base, i);
        else
            rung_bar(c, &t, y, rungs[i].response, r->min, r->max);
    }
}

static const struct column op_columns[] = {
    {"OPERATION", 8, 14, ALIGN_LEFT, 0},   {"NOW/s", 8, 9, ALIGN_RIGHT, 0},
    {"COMPLETED", 10, 16, ALIGN_RIGHT, 2}, {"ERR", 5, 10, ALIGN_RIGHT, 1},
    {"p50", 6, 8, ALIGN_RIGHT, 3},         {"p99", 6, 8, ALIGN_RIGHT, 0},
    {"p99.9", 6, 8, ALIGN_RIGHT, 4},       {NULL, 0, 0, ALIGN_LEFT, 0},
};

/* What an open arrival asks for, what becomes of it, and how late its starts are; as much as there
 * is room for. "" for a closed pool. */
static void open_note(const struct pool_snapshot *p, int room, char *buf, size_t size)
{
    char asked[32], done[32], p50[32], p99[32], most[32], dropped[32], left[32], lost[96];

    buf[0] = '\0';
    if (!(p->load.rate_per_s > 0))
        return;
    show_number(asked, sizeof asked, p->load.rate_per_s);
    show_number(done, sizeof done, p->now_per_s);
    show_ns(p50, sizeof p50, p->lag.q[Q_P50]);
    show_ns(p99, sizeof p99, p->lag.q[Q_P99]);
    show_ns(most, sizeof most, p->lag.max);
    show_count(dropped, sizeof dropped, (double)p->counts.dropped);
    show_count(left, sizeof left, (double)p->counts.not_started);
    snprintf(lost, sizeof lost, "%s dropped", dropped);
    if (p->counts.not_started)
        snprintf(lost, sizeof lost, "%s dropped, %s not started", dropped, left);
    snprintf(buf, size, "%s: %s/s asked, %s/s done, lag p50 %s p99 %s max %s, %s",
             p->load.arrival == ARRIVAL_POISSON ? "poisson" : "constant", asked, done, p50, p99,
             most, lost);
    if (text_width(buf) > room)
        snprintf(buf, size, "%s/s asked, lag p99 %s, %s", asked, p99, lost);
    if (text_width(buf) > room)
        snprintf(buf, size, "%s/s asked, lag p99 %s, %s dropped", asked, p99, dropped);
    if (text_width(buf) > room)
        snprintf(buf, size, "asked %s lag %s", asked, p99);
}

static void operations(struct cells *c, const struct pool_snapshot *p, const struct layout *l)
{
    char note[320];
    struct table t;
    struct rect r;

    open_note(p, l->panel[PANEL_OPS].w - 18, note, sizeof note);
    if (!box_panel(c, l, PANEL_OPS, "operations", note, &r))
        return;
    table_fit(&t, op_columns, r.x + 1, r.w - 2);
    table_head(c, &t, r.y, -1, false);
    for (unsigned i = 0; i < p->ops && (int)i + 1 < r.h; i++) {
        const struct op_snapshot *o = &p->op[i];
        int y = r.y + 1 + (int)i;
        char text[32];

        table_put(c, &t, y, 0, ROLE_STRONG, p->backend->ops[o->type].name);
        table_put(c, &t, y, 1, ROLE_TEXT, show_number(text, sizeof text, o->per_s));
        table_put(c, &t, y, 2, ROLE_TEXT, show_items(text, sizeof text, o->completed, t.w[2]));
        table_put(c, &t, y, 3, o->errors + o->timeouts ? ROLE_BAD : ROLE_TEXT,
                  show_count_in(text, sizeof text, (double)(o->errors + o->timeouts), t.w[3]));
        table_put(c, &t, y, 4, ROLE_P50, show_ns(text, sizeof text, o->response.q[Q_P50]));
        table_put(c, &t, y, 5, ROLE_P99, show_ns(text, sizeof text, o->response.q[Q_P99]));
        table_put(c, &t, y, 6, ROLE_TEXT, show_ns(text, sizeof text, o->response.q[Q_P99_9]));
    }
    if (p->ops == 0)
        cells_field(c, r.x + 1, r.y + 1, r.w - 2, ALIGN_LEFT, ROLE_DIM, "no operation yet");
}

static const struct column thread_columns[] = {
    {"THREAD", 6, 7, ALIGN_RIGHT, 0},
    {"STATE", 7, 9, ALIGN_LEFT, 2},
    {"CPU", 6, 6, ALIGN_RIGHT, 0},
    {"SHARE", 6, 7, ALIGN_RIGHT, 1},
    {"COMPLETED", 10, 16, ALIGN_RIGHT, 3},
    {"ERR", 5, 8, ALIGN_RIGHT, 4},
    {"", 6, 40, ALIGN_LEFT, 5},
    {NULL, 0, 0, ALIGN_LEFT, 0},
};

static void threads(struct cells *c, const struct pool_snapshot *p, const struct layout *l)
{
    static const char *const states[] = {"running", "draining", "ended", "STUCK"};
    uint64_t all = 0;
    char note[96], held[32];
    struct table t;
    struct rect r;
    int row = 1, room = layout_inside(l, PANEL_THREADS).h - 1;

    if ((int)p->threads_running > room && room > 0)
        snprintf(note, sizeof note, "%u running, the newest %d", p->threads_running, room);
    else
        snprintf(note, sizeof note, "%u running", p->threads_running);
    if (p->peak_bytes) /* pattern unthrottled: what it pays with */
        snprintf(note, sizeof note,
                 l->panel[PANEL_THREADS].w < 64
                     ? "requests held %s at most"
                     : "requests held %s at most, bound %llu MB a thread",
                 show_bytes(held, sizeof held, (double)p->peak_bytes),
                 (unsigned long long)(UNTHROTTLED_BYTES >> 20));
    if (!box_panel(c, l, PANEL_THREADS, "threads", note, &r))
        return;
    table_fit(&t, thread_columns, r.x + 1, r.w - 2);
    table_head(c, &t, r.y, -1, false);
    for (unsigned i = 0; i < p->workers; i++)
        all += p->worker[i].state < 2 ? p->worker[i].completed : 0;
    /* The newest first: that is the one just added. Those that ended are in the counts, not in the
     * way. */
    for (unsigned i = p->workers; i-- > 0 && row < r.h;) {
        const struct worker_snapshot *w = &p->worker[i];
        double share = all > 0 ? (double)w->completed / (double)all : NAN;
        int y = r.y + row;
        char text[32];

        if (w->state == 2)
            continue;
        snprintf(text, sizeof text, "%u", w->id);
        table_put(c, &t, y, 0, ROLE_STRONG, text);
        table_put(c, &t, y, 1, w->state == 0 ? ROLE_TEXT : ROLE_WARN, states[w->state & 3]);
        table_put(c, &t, y, 2, w->cpu_share > 0.8 ? ROLE_BAD : ROLE_TEXT,
                  show_percent(text, sizeof text, w->cpu_share));
        table_put(c, &t, y, 3, ROLE_TEXT, show_percent(text, sizeof text, share));
        table_put(c, &t, y, 4, ROLE_TEXT, show_items(text, sizeof text, w->completed, t.w[4]));
        table_put(c, &t, y, 5, w->errors ? ROLE_BAD : ROLE_TEXT,
                  show_count_in(text, sizeof text, (double)w->errors, t.w[5]));
        for (int j = 0; j < t.w[6] && !isnan(w->cpu_share); j++) {
            bool on = j < (int)(w->cpu_share * t.w[6] + 0.5);

            cells_text(c, t.x[6] + j, y, on ? ROLE_CLIENT : ROLE_GRID,
                       on ? c->glyphs->bar_full : c->glyphs->bar_empty);
        }
        row++;
    }
}

void pool_draw(struct cells *c, const struct snapshot *s, struct screen *sc, const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);

    if (!p) {
        struct rect r =
            l->panel[PANEL_THROUGHPUT].w > 0 ? l->panel[PANEL_THROUGHPUT] : l->panel[PANEL_LADDER];

        cells_field(c, r.x, r.y, r.w, ALIGN_LEFT, ROLE_DIM, "no pool: press a to add one");
        return;
    }
    throughput_panel(c, s, sc, l);
    latency_panel(c, s, sc, l);
    if (l->panel[PANEL_HEATMAP].h > 0)
        heatmap_panel(c, s, sc, l);
    ladder_panel(c, sc, p, l);
    if (l->panel[PANEL_BUDGET].h > 0)
        budget_panel(c, s, sc, l);
    operations(c, p, l);
    threads(c, p, l);
    sc->rows[VIEW_POOL] = (int)s->pools;
}
