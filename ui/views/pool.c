/* All details of one pool: plots, percentile ladder, operations, threads, and time budget; see
 * pool.h. */
#include "ui/views/pool.h"

#include <math.h>
#include <stdio.h>

#include "engine/backend.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "ui/draw/box.h"
#include "ui/draw/table.h"
#include "ui/panels/judge.h"
#include "ui/panels/ladder.h"
#include "ui/panels/plots.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/run/baseline.h"
#include "ui/term/glyphs.h"

static const struct column op_columns[] = {
    {"OPERATION", 8, 14, ALIGN_LEFT, 0},   {"NOW/s", 8, 9, ALIGN_RIGHT, 0},
    {"COMPLETED", 10, 16, ALIGN_RIGHT, 2}, {"ERR", 5, 10, ALIGN_RIGHT, 1},
    {"p50", 6, 8, ALIGN_RIGHT, 3},         {"p99", 6, 8, ALIGN_RIGHT, 0},
    {"p99.9", 6, 8, ALIGN_RIGHT, 4},       {NULL, 0, 0, ALIGN_LEFT, 0},
};

/* Describes open arrival: the requested rate, what was achieved, and the lateness of starts, as far
 * as there is room. "" for a closed pool. */
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

        table_put(c, &t, y, 0, ROLE_STRONG, p->op_types[o->type].name);
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
    char note[96], most[32];
    struct table t;
    struct rect r;
    int row = 1, room = layout_inside(l, PANEL_THREADS).h - 1;

    if ((int)p->threads_running > room && room > 0)
        snprintf(note, sizeof note, "%u running, the newest %d", p->threads_running, room);
    else
        snprintf(note, sizeof note, p->threads_stuck ? "%u running, %u STUCK" : "%u running",
                 p->threads_running, p->threads_stuck);
    if (p->peak_bytes) /* pattern unthrottled: its memory */
        snprintf(note, sizeof note,
                 l->panel[PANEL_THREADS].w < 64
                     ? "requests held %s at most"
                     : "requests held %s at most, bound %llu MB a thread",
                 show_bytes(most, sizeof most, (double)p->peak_bytes),
                 (unsigned long long)(UNTHROTTLED_BYTES >> 20));
    if (!box_panel(c, l, PANEL_THREADS, "threads", note, &r))
        return;
    table_fit(&t, thread_columns, r.x + 1, r.w - 2);
    table_head(c, &t, r.y, -1, false);
    for (unsigned i = 0; i < p->workers; i++)
        all += p->worker[i].state < 2 ? p->worker[i].completed : 0;
    /* The newest first. Ended threads are included in the counts but not listed. */
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

static void pool_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                      const struct layout *l)
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
    sc->rows[sc->view] = (int)s->pools;
}

/* ---- placing the panels ---- */

static void pool_place(struct layout *l, struct rect r, const struct layout_want *want)
{
    int side_w = l->size == LAYOUT_FULL ? int_max(r.w / 2 - 4, 52) : 40;
    struct rect side = rect_of(r.x + r.w - side_w, r.y, side_w, r.h);

    (void)want;
    if (l->size == LAYOUT_LINE) {
        layout_box(l, PANEL_LADDER, r);
        return;
    }
    if (l->size == LAYOUT_BIG) {
        layout_stack(l, r, PANEL_LADDER, PANEL_OPS, r.h >= 14 ? 11 : r.h);
        return;
    }
    r.w -= side_w + (l->size == LAYOUT_FULL ? 0 : 1);
    if (r.h >= 24)
        layout_box(l, PANEL_HEATMAP, rect_take_rows(&r, -(r.h / 3)));
    layout_stack(l, r, PANEL_THROUGHPUT, PANEL_LATENCY, (r.h + 1) / 2);
    layout_box(l, PANEL_LADDER, rect_take_rows(&side, l->size == LAYOUT_FULL ? 12 : 10));
    if (side.h >= (l->size == LAYOUT_FULL ? 9 : 6))
        layout_box(l, PANEL_BUDGET, rect_take_rows(&side, l->size == LAYOUT_FULL ? 5 : 3));
    layout_stack(l, side, PANEL_OPS, PANEL_THREADS, int_max(side.h / 2, 4));
}

static const signed char pool_alone[] = {
    PANEL_THROUGHPUT, PANEL_LATENCY, PANEL_HEATMAP, PANEL_LADDER,
    PANEL_OPS,        PANEL_THREADS, PANEL_BUDGET,  -1};

const struct view view_pool = {
    .name = "pool",
    .help = "pool: its operations, percentiles, threads, where its time goes",
    .plan = {.place = pool_place, .alone = pool_alone, .title = true},
    .draw = pool_draw,
};
