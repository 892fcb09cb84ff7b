/* The panel of the scaling curve; see scaling.h. */
#include "ui/panels/scaling.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/figures/plateau.h"
#include "engine/figures/scaling.h"
#include "engine/state/snapshot.h"
#include "ui/draw/box.h"
#include "ui/draw/layout.h"
#include "ui/draw/table.h"
#include "ui/draw/wrap.h"
#include "ui/panels/curve.h"
#include "ui/panels/curve_plot.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

/* ---- the table of a small panel ---- */

enum { COL_VALUE, COL_N, COL_X, COL_EFF, COL_P99, COL_BAR };

static void row(struct cells *c, const struct table *t, const struct curve *k, int i, int y,
                double top)
{
    const struct plateau *at = k->at[i];
    enum role role = at->valid ? ROLE_TEXT : ROLE_DIM;
    char text[48], number[32];

    snprintf(text, sizeof text, "%.0f", k->value[i]);
    table_put(c, t, y, COL_VALUE, ROLE_STRONG, text);
    table_put(c, t, y, COL_N, role, show_mean(text, sizeof text, at->in_flight));
    snprintf(text, sizeof text, at->valid ? "%s" : "(%s)",
             show_number(number, sizeof number, at->throughput_per_s));
    table_put(c, t, y, COL_X, role, text);
    if (at->valid && !(at->vars.rate_per_s > 0)) /* meaningless for a fixed rate */
        table_put(c, t, y, COL_EFF, role, show_percent(text, sizeof text, curve_efficiency(k, i)));
    table_put(c, t, y, COL_P99, role, show_ns(text, sizeof text, at->p99));
    if (!at->valid) {
        table_put(c, t, y, COL_BAR, ROLE_WARN,
                  t->w[COL_BAR] < 8    ? "out"
                  : t->w[COL_BAR] < 16 ? "left out"
                                       : at->why_not);
        return;
    }
    for (int j = 0; j < t->w[COL_BAR]; j++) {
        bool on = j < (int)(at->throughput_per_s / top * t->w[COL_BAR] + 0.5);

        cells_text(c, t->x[COL_BAR] + j, y, on ? ROLE_SPARK : ROLE_GRID,
                   on ? c->glyphs->bar_full : c->glyphs->bar_empty);
    }
}

static void table(struct cells *c, const struct curve *k, struct rect r)
{
    const struct column columns[] = {
        {k->name, 7, 11, ALIGN_RIGHT, 0}, {"N", 4, 7, ALIGN_RIGHT, 4},
        {"per s", 7, 9, ALIGN_RIGHT, 0},  {"eff", 5, 6, ALIGN_RIGHT, 1},
        {"p99", 6, 8, ALIGN_RIGHT, 3},    {"", 5, 40, ALIGN_LEFT, 2},
        {NULL, 0, 0, ALIGN_LEFT, 0}};
    struct table t;
    double top = 0;
    /* show the rows with the largest N, which matter most */
    int first = k->points > r.h - 1 ? k->points - (r.h - 1) : 0;

    table_fit(&t, columns, r.x + 1, r.w - 2);
    table_head(c, &t, r.y, -1, false);
    for (int i = 0; i < k->points; i++)
        top = fmax(top, k->at[i]->throughput_per_s);
    for (int i = first; i < k->points; i++)
        row(c, &t, k, i, r.y + 1 + i - first, top);
}

/* ---- in words ---- */

static void say_peak(struct text *t, const struct curve *k)
{
    const struct usl_fit *f = curve_fit(k);
    char a[32];

    if (!f)
        text_add(t, "%s", k->scaling.why[0] ? k->scaling.why : "a fit needs 3 valid points");
    else if (!f->fits)
        text_add(
            t,
            "no scaling law describes these points (a cliff?): one is %.0f %% of the most off, "
            "so no line is drawn",
            100 * f->worst_residual);
    else if (f->peak_identified)
        text_add(t, "N* %.0f (%.0f..%.0f), peak %s/s, %s", f->peak_n, f->peak_n_low, f->peak_n_high,
                 show_number(a, sizeof a, f->peak_x), usl_phase_name(f->phase));
    else
        text_add(t, "%s; N* not identified%s%s", usl_phase_name(f->phase),
                 f->why_not[0] ? ": " : "", f->why_not);
}

static void say_next(struct text *t, const struct curve *k)
{
    const struct usl_fit *f = curve_fit(k);

    if (!f || !f->fits || isnan(k->scaling.next_n))
        return;
    text_add(t, "measure %s %.0f next (N %.0f)", k->name, k->scaling.next_value, k->scaling.next_n);
}

static void say_model(struct text *t, const struct curve *k)
{
    const struct usl_fit *f = curve_fit(k);

    if (!f || !f->fits)
        return;
    text_add(t, "sigma %.3g", f->sigma);
    if (f->se_sigma > 0)
        text_add(t, " (se %.1g)", f->se_sigma);
    text_add(t, ", kappa %.3g", f->kappa);
    if (f->se_kappa > 0)
        text_add(t, " (se %.1g)", f->se_kappa);
    if (f->knee_n > 0)
        text_add(t, "; 90 %% efficient up to N %.3g", f->knee_n);
    text_add(t, "; %s is enough", usl_model_name(f->best));
    if (f->best == USL_FULL)
        text_add(t, ": contention and coherency");
    if (!isnan(f->r2))
        text_add(t, "; R2 %.3f", f->r2);
}

/* A summary of the curve in up to `rows` lines that end above y; returns how many. */
static int curve_words(struct cells *c, const struct curve *k, int x, int y, int w, int rows)
{
    const struct usl_fit *f = curve_fit(k);
    enum role role = f && !f->fits ? ROLE_WARN : f ? ROLE_FIT : ROLE_LABEL;
    struct text line[3] = {{0}};
    int used = 0;

    say_peak(&line[0], k);
    say_next(&line[1], k);
    say_model(&line[2], k);
    if (line[1].len &&
        (rows == 1 || text_width(text_str(&line[0])) + 2 + text_width(text_str(&line[1])) <= w)) {
        text_add(&line[0], "; %s", text_str(&line[1]));
        line[1].len = 0;
    }
    int first = text_wrap(NULL, 0, 0, w, 0, role, text_str(&line[0]));

    first = first < rows ? first : rows;
    int all = first + (line[1].len > 0) + (line[2].len > 0);

    y -= all < rows ? all : rows;
    if (first > 1)
        text_wrap(c, x, y, w, first, role, text_str(&line[0]));
    else
        cells_field(c, x, y, w, ALIGN_LEFT, role, text_str(&line[0]));
    used = first;
    for (int i = 1; i < 3 && used < rows; i++)
        if (line[i].len)
            cells_field(c, x, y + used++, w, ALIGN_LEFT, ROLE_LABEL, text_str(&line[i]));
    for (int i = 0; i < 3; i++)
        text_free(&line[i]);
    return used;
}

/* ---- the panel ---- */

static bool sweeps(const struct snapshot *s, const struct pool_snapshot *p)
{
    return s->sweep.on && p && !strcmp(s->sweep.pool, p->name);
}

static void panel_note(const struct snapshot *s, const struct pool_snapshot *p,
                       const struct curve *k, char *note, size_t size)
{
    char left[24];

    if (!sweeps(s, p)) {
        snprintf(note, size, "%d point%s", k->points, k->points == 1 ? "" : "s");
        return;
    }
    show_left(left, sizeof left, ", ", s->sweep.left_s);
    if (s->sweep.steps)
        snprintf(note, size, "SWEEP %u of %u%s",
                 s->sweep.step < s->sweep.steps ? s->sweep.step + 1 : s->sweep.steps,
                 s->sweep.steps, left);
    else
        snprintf(note, size, "SWEEP step %u", s->sweep.step + 1);
}

static void nothing_yet(struct cells *c, const struct pool_snapshot *p, struct rect r)
{
    const char *how = "no point yet: one is made when nothing was resized for some seconds";
    int used = text_wrap(c, r.x + 1, r.y, r.w - 2, r.h, ROLE_DIM,
                         p->plateau_why[0] ? p->plateau_why : how);

    if (used + 2 < r.h && p->state == POOL_LOADING)
        text_wrap(c, r.x + 1, r.y + used + 1, r.w - 2, r.h - used - 1, ROLE_LABEL,
                  "S sweeps a variable: threads 1, 2, 4, 8 ..., each held until it is steady");
}

/* Arranges the panel: text at the bottom, then a plot, then a table unless it is shown
 * elsewhere. */
static void fill(struct cells *c, struct screen *sc, const struct layout *l, const struct curve *k,
                 struct rect r)
{
    bool full = screen_view(sc)->curve;
    int rows = full && r.h >= 14 ? 3 : r.h >= 8 ? 2 : 1, table_rows;

    if (r.h > 2) {
        if (!curve_fit(k)) { /* no fit: say why, in all the lines it takes if they fit */
            const char *why = k->pool->plateau_why[0] ? k->pool->plateau_why
                              : k->scaling.why[0]     ? k->scaling.why
                                                      : "a fit needs 3 valid points";
            int lines = text_wrap(NULL, 0, 0, r.w - 2, 0, ROLE_LABEL, why);

            rows = lines < 1                     ? 1
                   : lines < r.h - k->points - 1 ? lines
                   : r.h > 4 && lines > 1        ? 2
                                                 : 1;
            text_wrap(c, r.x + 1, r.y + r.h - rows, r.w - 2, rows, ROLE_LABEL, why);
        } else {
            rows = curve_words(c, k, r.x + 1, r.y + r.h, r.w - 2, rows);
        }
        r.h -= rows;
    }
    table_rows = k->points + 1 < r.h / 2 ? k->points + 1 : r.h / 2;
    /* the curve is more important than its table */
    if (k->points > 2 && r.h >= 9 && r.h - table_rows < 6)
        table_rows = r.h - 6;
    /* they are in a separate table beside it */
    if (full && l->panel[PANEL_MAIN].h > 0)
        table_rows = 0;
    if (r.h - table_rows >= 5 && r.w >= 30 && k->points > 1) {
        curve_plot(c, sc, k, rect_of(r.x, r.y, r.w, r.h - table_rows), full);
        r.y += r.h - table_rows;
        r.h = table_rows;
    }
    if (r.h >= 2)
        table(c, k, r);
}

/* Axes that followed the points of another curve start over: they would shrink only slowly. */
static void axes_of_family(struct screen *sc, const struct curve *k, const struct plateau *like)
{
    uint64_t h = like ? like->setting : 0;

    for (unsigned i = 0; like && i < SCALINGS_MAX; i++)
        h = h * 31 + (strcmp(scaling_var(i), k->name)
                          ? (uint64_t)scaling_value(scaling_var(i), like)
                          : i + UINT64_C(1000003));
    if (sc->axis_family == h)
        return;
    sc->axis_family = h;
    for (int i = AXIS_SCALING; i <= AXIS_SCALING_MEMORY; i++)
        sc->axis[i] = (struct axis){0};
}

void scaling_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                   const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char title[96] = "scaling", note[64] = "";
    static struct curve k;
    struct rect r;

    if (p) {
        curve_collect(&k, p, curve_like(sc, p), curve_choice(sc));
        axes_of_family(sc, &k, curve_like(sc, p));
        if (k.points > 0)
            snprintf(title, sizeof title,
                     l->size == LAYOUT_FULL ? "scaling of %s by %s" : "%s by %s", p->name, k.name);
        panel_note(s, p, &k, note, sizeof note);
    }
    if (!box_panel(c, l, PANEL_SCALING, title, note, &r) || !p)
        return;
    if (sweeps(s, p) && r.h > 2 && l->panel[PANEL_GRID].h == 0) {
        cells_field(c, r.x + 1, r.y + r.h - 1, r.w - 2, ALIGN_LEFT, ROLE_ACCENT, s->sweep.now);
        r.h--;
    }
    if (!sweeps(s, p) && r.h > 3 && p->capacity.known) {
        char capacity[256], text[280];

        snprintf(text, sizeof text, "capacity %s",
                 capacity_words(&p->capacity, capacity, sizeof capacity));
        cells_field(c, r.x + 1, r.y + r.h - 1, r.w - 2, ALIGN_LEFT, ROLE_ACCENT, text);
        r.h--;
    }
    if (k.points == 0)
        nothing_yet(c, p, r);
    else
        fill(c, sc, l, &k, r);
}
