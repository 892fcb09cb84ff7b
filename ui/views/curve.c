/* The scaling curve: measured points, the ideal line, the fitted law and its peak; see parts.h.
 *
 * The points are the plateaus that differ from the newest in one variable; those that are not valid
 * are shown hollow and in brackets, and are in no fit. Efficiency is throughput / (N x throughput
 * at one), by the fitted law where there is one and by the first point where there is none. */
#include "ui/views/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/text.h"
#include "ui/box.h"
#include "ui/glyphs.h"
#include "ui/plot.h"
#include "ui/table.h"

#define POINTS_MAX 64
enum var { VAR_THREADS, VAR_CLIENTS, VAR_CONNECTIONS, VAR_DEPTH, VAR_ROWS, VARS };

struct curve {
    const struct scaling *scaling; /* NULL: fewer than two values */
    enum var var;
    const char *name;
    double value[POINTS_MAX], n[POINTS_MAX], x[POINTS_MAX], p99[POINTS_MAX];
    bool valid[POINTS_MAX];
    int points; /* ascending by value; of each value the newest */
};

static const char *const var_names[VARS] = {"threads", "clients", "connections", "depth", "rows"};

static double var_of(const struct plateau *t, enum var var)
{
    const double v[VARS] = {t->vars.threads, t->vars.clients, t->vars.connections, t->vars.depth,
                            t->bulk};

    return v[var];
}

/* Do two plateaus differ in nothing but `var`? Connections follow clients and depth unless they
 * were set. */
static bool comparable(const struct plateau *a, const struct plateau *b, enum var var)
{
    for (int i = 0; i < VARS; i++)
        if (i != (int)var && i != VAR_CONNECTIONS &&
            fabs(var_of(a, (enum var)i) - var_of(b, (enum var)i)) > 0.5)
            return false;
    return a->vars.pattern == b->vars.pattern &&
           fabs(a->vars.rate_per_s - b->vars.rate_per_s) < 1e-9;
}

static int values_of(const struct pool_snapshot *p, enum var var)
{
    const struct plateau *last = &p->plateau[p->plateaus - 1];
    int n = 0;

    for (unsigned i = 0; i < p->plateaus; i++) {
        bool seen = !comparable(&p->plateau[i], last, var);

        for (unsigned j = 0; j < i && !seen; j++)
            seen = comparable(&p->plateau[j], last, var) &&
                   fabs(var_of(&p->plateau[j], var) - var_of(&p->plateau[i], var)) < 0.5;
        n += !seen;
    }
    return n;
}

static void choose_var(struct curve *k, const struct pool_snapshot *p)
{
    int most = 0;

    for (unsigned i = 0; i < p->scalings; i++)
        if (p->scaling[i].has && (!k->scaling || p->scaling[i].points > k->scaling->points))
            k->scaling = &p->scaling[i];
    for (int i = 0; i < VARS; i++) {
        if (k->scaling && !strcmp(k->scaling->var, var_names[i])) {
            k->var = (enum var)i;
            break;
        }
        if (!k->scaling && values_of(p, (enum var)i) > most) {
            most = values_of(p, (enum var)i);
            k->var = (enum var)i;
        }
    }
    k->name = var_names[k->var];
}

static void insert_point(struct curve *k, const struct plateau *t)
{
    double v = var_of(t, k->var);
    int at = 0;

    while (at < k->points && k->value[at] < v - 0.5)
        at++;
    if (at == k->points || k->value[at] > v + 0.5) {
        size_t rest = (size_t)(k->points - at);

        if (k->points == POINTS_MAX)
            return;
        memmove(&k->value[at + 1], &k->value[at], sizeof(double) * rest);
        memmove(&k->n[at + 1], &k->n[at], sizeof(double) * rest);
        memmove(&k->x[at + 1], &k->x[at], sizeof(double) * rest);
        memmove(&k->p99[at + 1], &k->p99[at], sizeof(double) * rest);
        memmove(&k->valid[at + 1], &k->valid[at], sizeof(bool) * rest);
        k->points++;
    }
    k->value[at] = v;
    k->n[at] = t->in_flight;
    k->x[at] = t->throughput_per_s;
    k->p99[at] = t->p99;
    k->valid[at] = t->valid;
}

static void collect(struct curve *k, const struct pool_snapshot *p)
{
    memset(k, 0, sizeof *k);
    k->name = "threads";
    if (p->plateaus == 0)
        return;
    choose_var(k, p);
    for (unsigned i = 0; i < p->plateaus; i++)
        if (comparable(&p->plateau[i], &p->plateau[p->plateaus - 1], k->var) &&
            p->plateau[i].throughput_per_s > 0 && p->plateau[i].in_flight > 0)
            insert_point(k, &p->plateau[i]);
}

static const struct usl_fit *fit_of(const struct curve *k)
{
    return k->scaling && k->scaling->fitted ? &k->scaling->fit : NULL;
}

/* ---- the table ---- */

enum { COL_VALUE, COL_N, COL_X, COL_EFF, COL_P99, COL_BAR };

static double efficiency(const struct curve *k, int i)
{
    const struct usl_fit *f = fit_of(k);

    if (f && f->lambda > 0)
        return k->x[i] / (f->lambda * k->n[i]);
    return k->valid[0] ? k->x[i] / k->n[i] * k->n[0] / k->x[0] : NAN;
}

static void row(struct cells *c, const struct table *t, const struct curve *k, int i, int y,
                double top)
{
    enum role role = k->valid[i] ? ROLE_TEXT : ROLE_DIM;
    char text[48], number[32];

    snprintf(text, sizeof text, "%.0f", k->value[i]);
    table_put(c, t, y, COL_VALUE, ROLE_STRONG, text);
    table_put(c, t, y, COL_N, role, show_count(text, sizeof text, k->n[i]));
    snprintf(text, sizeof text, k->valid[i] ? "%s" : "(%s)",
             show_number(number, sizeof number, k->x[i]));
    table_put(c, t, y, COL_X, role, text);
    if (k->valid[i])
        table_put(c, t, y, COL_EFF, role, show_percent(text, sizeof text, efficiency(k, i)));
    table_put(c, t, y, COL_P99, role, show_ns(text, sizeof text, k->p99[i]));
    if (!k->valid[i]) {
        table_put(c, t, y, COL_BAR, ROLE_WARN, "left out");
        return;
    }
    for (int j = 0; j < t->w[COL_BAR]; j++) {
        bool on = j < (int)(k->x[i] / top * t->w[COL_BAR] + 0.5);

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
    int first = k->points > r.h - 1 ? k->points - (r.h - 1)
                                    : 0; /* the largest N is where the question is */

    table_fit(&t, columns, r.x + 1, r.w - 2);
    table_head(c, &t, r.y, -1, false);
    for (int i = 0; i < k->points; i++)
        top = fmax(top, k->x[i]);
    for (int i = first; i < k->points; i++)
        row(c, &t, k, i, r.y + 1 + i - first, top);
}

/* ---- the plot ---- */

static void point(struct cells *c, const struct plot *plot, const struct curve *k, int i,
                  double n_max)
{
    double place = axis_place(plot->axis, k->x[i]);
    int x = plot->area.x + (int)(k->n[i] / n_max * plot->area.w);
    int y = plot->area.y + plot->area.h - 1 - (int)(place * (plot->area.h - 1) + 0.5);
    char n[16];

    if (place < 0 || place > 1)
        return;
    cells_text(c, x, y, k->valid[i] ? ROLE_THROUGHPUT : ROLE_WARN,
               k->valid[i] ? c->glyphs->on : c->glyphs->off);
    show_count(n, sizeof n, k->n[i]);
    if (x + text_width(n) < plot->area.x + plot->area.w &&
        (i == 0 || cells_at(c, x - 1, plot->area.y + plot->area.h)->ch == c->glyphs->line[GLYPH_H]))
        cells_text(c, x, plot->area.y + plot->area.h, ROLE_AXIS, n);
}

static void plot_curve(struct cells *c, struct screen *sc, const struct curve *k, struct rect r)
{
    static double ideal[PLOT_COLUMNS_MAX], law[PLOT_COLUMNS_MAX];
    struct axis *axis = &sc->axis[AXIS_SCALING];
    struct plot plot = {.axis = axis, .cursor = -1, .right = "N"};
    struct plot_series series[] = {{ideal, PLOT_DOTTED, ROLE_IDEAL}, {law, PLOT_LINE, ROLE_FIT}};
    struct plot_mark mark = {.role = ROLE_MARK};
    const struct usl_fit *f = fit_of(k);
    double n_max = k->n[k->points - 1] * 1.15, top = 0;
    double slope = f && f->lambda > 0 ? f->lambda : k->x[0] / k->n[0];

    if (!plot_begin(&plot, c, r))
        return;
    if (f && f->peak_identified && f->peak_n < 2 * n_max)
        n_max = fmax(n_max, f->peak_n * 1.1);
    for (int i = 0; i < k->points; i++)
        top = fmax(top, k->x[i]);
    axis_follow(axis, 0, top * 1.15, sc->clock);
    for (int i = 0; i < plot.columns; i++) {
        double n = (i + 0.5) / plot.columns * n_max;

        ideal[i] = slope * n <= axis->hi ? slope * n : NAN;
        law[i] = f && f->fits && n >= k->n[0] * 0.5 ? usl_at(f, n) : NAN;
    }
    plot.series = series;
    plot.series_count = f && f->fits ? 2 : 1;
    if (f && f->peak_identified) {
        mark.x = f->peak_n / n_max;
        snprintf(mark.text, sizeof mark.text, "N*");
        plot.mark = &mark;
        plot.marks = 1;
    }
    plot_draw(c, &plot);
    for (int i = 0; i < k->points; i++)
        point(c, &plot, k, i, n_max);
}

/* ---- in words ---- */

static void words(struct cells *c, const struct curve *k, const struct pool_snapshot *p, int x,
                  int y, int w)
{
    const struct usl_fit *f = fit_of(k);
    struct rect clip = cells_clip(c, rect_of(x, y, w, 1));
    char a[32], b[32];

    if (!f) {
        const char *why =
            k->scaling && k->scaling->why[0] ? k->scaling->why : "a fit needs 3 valid points";

        cells_field(c, x, y, w, ALIGN_LEFT, ROLE_LABEL, p->plateau_why[0] ? p->plateau_why : why);
    } else if (!f->fits) {
        cells_field(c, x, y, w, ALIGN_LEFT, ROLE_WARN,
                    "no scaling law describes these points (a cliff?)");
    } else if (f->peak_identified) {
        cells_textf(c, x, y, ROLE_FIT, "N* %.0f (%.0f..%.0f), peak %s/s, %s", f->peak_n,
                    f->peak_n_low, f->peak_n_high, show_number(a, sizeof a, f->peak_x),
                    usl_phase_name(f->phase));
    } else {
        x = cells_textf(c, x, y, ROLE_FIT, "%s; ", usl_phase_name(f->phase));
        cells_textf(c, x, y, ROLE_LABEL, "N* not identified%s%s%s", f->why_not[0] ? ": " : "",
                    f->why_not,
                    isnan(k->scaling->next_n)
                        ? ""
                        : (snprintf(b, sizeof b, "; measure N %.0f next", k->scaling->next_n), b));
    }
    cells_unclip(c, clip);
}

void scaling_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                   const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char title[96] = "scaling", note[64] = "";
    struct curve k = {.name = "threads"};
    int table_rows;
    struct rect r;

    if (p) {
        collect(&k, p);
        if (k.points > 0)
            snprintf(title, sizeof title,
                     l->size == LAYOUT_FULL ? "scaling of %s by %s" : "%s by %s", p->name, k.name);
        snprintf(note, sizeof note, "%d point%s", k.points, k.points == 1 ? "" : "s");
    }
    if (s->sweep.on && p && !strcmp(s->sweep.pool, p->name))
        snprintf(note, sizeof note, s->sweep.steps ? "SWEEP step %u of %u" : "SWEEP step %u",
                 s->sweep.step, s->sweep.steps);
    if (!box_panel(c, l, PANEL_SCALING, title, note, &r) || !p)
        return;
    if (s->sweep.on && !strcmp(s->sweep.pool, p->name) && r.h > 2) {
        cells_field(c, r.x + 1, r.y + r.h - 1, r.w - 2, ALIGN_LEFT, ROLE_ACCENT, s->sweep.now);
        r.h--;
    }
    if (k.points == 0) {
        cells_field(c, r.x + 1, r.y, r.w - 2, ALIGN_LEFT, ROLE_DIM,
                    p->plateau_why[0] ? p->plateau_why : "no point yet: one is made when nothing");
        if (r.h > 1 && !p->plateau_why[0])
            cells_field(c, r.x + 1, r.y + 1, r.w - 2, ALIGN_LEFT, ROLE_DIM,
                        "is resized for a while");
        return;
    }
    if (r.h > 2) {
        words(c, &k, p, r.x + 1, r.y + r.h - 1, r.w - 2);
        r.h--;
    }
    table_rows = k.points + 1 < r.h / 2 ? k.points + 1 : r.h / 2;
    if (sc->view == VIEW_SCALING && l->panel[PANEL_MAIN].h > 0)
        table_rows = 0; /* they stand in a table of their own beside it */
    if (r.h - table_rows >= 5 && r.w >= 30 && k.points > 1) {
        plot_curve(c, sc, &k, rect_of(r.x, r.y, r.w, r.h - table_rows));
        r.y += r.h - table_rows;
        r.h = table_rows;
    }
    if (r.h >= 2)
        table(c, &k, r);
}
