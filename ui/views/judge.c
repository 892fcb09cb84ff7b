/* Can it be trusted, where does the time go, and how does it scale: the panels that judge; see
 * parts.h. */
#include "ui/views/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/text.h"
#include "ui/box.h"
#include "ui/glyphs.h"
#include "ui/plot.h"
#include "ui/table.h"

static const char *const check_names[] = {"little", "generator_cpu", "schedule_lag", "dropped",
                                          "accounting"};
#define CHECK_COLUMNS 5

static const struct column valid_columns[] = {
    {"", 7, 14, ALIGN_LEFT, 0},   {"N=XR", 4, 6, ALIGN_LEFT, 3}, {"cpu", 6, 8, ALIGN_LEFT, 0},
    {"lag", 3, 8, ALIGN_LEFT, 2}, {"loss", 4, 6, ALIGN_LEFT, 1}, {"count", 5, 6, ALIGN_LEFT, 4},
    {NULL, 0, 0, ALIGN_LEFT, 0},
};

static const struct check *check_named(const struct pool_snapshot *p, const char *name)
{
    for (unsigned i = 0; i < p->checks; i++)
        if (!strcmp(p->check[i].name, name))
            return &p->check[i];
    return NULL;
}

static void check_cell(struct cells *c, const struct table *t, int y, int column,
                       const struct check *k, bool cpu)
{
    char text[24], value[16];

    if (!k || !k->known) {
        table_put(c, t, y, column, ROLE_DIM, "-");
        return;
    }
    if (cpu && !isnan(k->value)) /* the value is worth more than the word, and NO stays with it */
        snprintf(text, sizeof text, k->ok ? "%s" : "%s NO",
                 (snprintf(value, sizeof value, "%.0f%%", k->value * 100), value));
    else
        copy_str(text, sizeof text, k->ok ? c->glyphs->ok : "NO");
    table_put(c, t, y, column, k->ok ? ROLE_GOOD : ROLE_BAD, text);
}

void valid_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                 const struct layout *l)
{
    struct table t;
    struct rect r;
    int selected = screen_pool_index(sc, s);
    unsigned first = 0;

    if (!box_panel(c, l, PANEL_VALID, l->size == LAYOUT_FULL ? "can I trust it?" : "valid?",
                   s->pools == 0 ? NULL
                   : s->valid    ? "valid"
                                 : "NOT VALID",
                   &r))
        return;
    table_fit(&t, valid_columns, r.x + 1, r.w - 1);
    if (r.h > 1) {
        table_head(c, &t, r.y++, -1, false);
        r.h--;
    }
    if (selected >= r.h)
        first = (unsigned)(selected - r.h + 1);
    for (unsigned i = first; i < s->pools && (int)(i - first) < r.h; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        int y = r.y + (int)(i - first);

        table_put(c, &t, y, 0, ROLE_TEXT, p->name);
        for (int k = 0; k < CHECK_COLUMNS; k++)
            check_cell(c, &t, y, k + 1, check_named(p, check_names[k]), k == 1);
    }
}

void budget_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                  const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char title[96] = "where the time goes", limit[64] = "";
    struct rect r;
    int x;

    if (p)
        snprintf(title, sizeof title, "where %s's time goes", p->name);
    if (p && p->limit != LIMIT_NONE)
        snprintf(limit, sizeof limit, "%s-bound", bottleneck_name(p->limit));
    if (!box_panel(c, l, PANEL_BUDGET, title, limit, &r) || !p)
        return;
    struct share share[] = {{p->generate_share, ROLE_GENERATE, NULL},
                            {p->client_share, ROLE_CLIENT, NULL},
                            {p->wait_share, ROLE_WAIT, NULL},
                            {p->idle_share, ROLE_IDLE, NULL}};
    static const char *const names[] = {"gen", "client", "wait", "idle"};
    struct rect clip = cells_clip(c, r);

    x = r.x + 1;
    for (int i = 0; i < 4; i++) {
        char percent[16];

        x = cells_text(c, x, r.y, share[i].role, c->glyphs->on);
        x = cells_textf(c, x, r.y, ROLE_TEXT, " %s ", names[i]);
        x = cells_textf(c, x, r.y, ROLE_STRONG, "%s",
                        show_percent(percent, sizeof percent, share[i].share));
        x += 2;
    }
    if (r.h > 1)
        box_shares(c, r.x + 1, r.y + 1, r.w - 2, share, 4);
    if (r.h > 2)
        cells_field(c, r.x + 1, r.y + 2, r.w - 2, ALIGN_LEFT, ROLE_LABEL, p->limit_why);
    cells_unclip(c, clip);
}

/* ---- scaling, until there is a fit: its points ---- */

struct curve {
    const char *var; /* what was varied */
    double n[64], x[64], p99[64];
    bool valid[64];
    int points;
};

static double var_of(const struct plateau *t, int var)
{
    const double v[] = {t->vars.threads, t->vars.clients, t->vars.depth, t->vars.connections};

    return v[var];
}

/* The variable that took most values, and of each value the newest point; ascending. */
static void curve_collect(struct curve *k, const struct pool_snapshot *p)
{
    static const char *const vars[] = {"threads", "clients", "depth", "connections"};
    int best = 0, best_distinct = 0;

    memset(k, 0, sizeof *k);
    for (int var = 0; var < 4; var++) {
        int distinct = 0;

        for (unsigned i = 0; i < p->plateaus; i++) {
            bool seen = false;

            for (unsigned j = 0; j < i && !seen; j++)
                seen = var_of(&p->plateau[j], var) == var_of(&p->plateau[i], var);
            distinct += !seen;
        }
        if (distinct > best_distinct) {
            best = var;
            best_distinct = distinct;
        }
    }
    k->var = vars[best];
    for (unsigned i = 0; i < p->plateaus; i++) {
        const struct plateau *t = &p->plateau[i];
        double n = var_of(t, best);
        int at = 0;

        while (at < k->points && k->n[at] < n)
            at++;
        if (at == k->points || k->n[at] != n) {
            if (k->points == 64)
                continue;
            memmove(&k->n[at + 1], &k->n[at], sizeof(double) * (size_t)(k->points - at));
            memmove(&k->x[at + 1], &k->x[at], sizeof(double) * (size_t)(k->points - at));
            memmove(&k->p99[at + 1], &k->p99[at], sizeof(double) * (size_t)(k->points - at));
            memmove(&k->valid[at + 1], &k->valid[at], sizeof(bool) * (size_t)(k->points - at));
            k->points++;
        }
        k->n[at] = n;
        k->x[at] = t->throughput_per_s;
        k->p99[at] = t->p99;
        k->valid[at] = t->valid;
    }
}

static const struct column curve_columns[] = {
    {"N", 3, 6, ALIGN_RIGHT, 0},   {"per s", 7, 9, ALIGN_RIGHT, 0}, {"eff", 4, 6, ALIGN_RIGHT, 1},
    {"p99", 6, 8, ALIGN_RIGHT, 3}, {"", 5, 60, ALIGN_LEFT, 2},      {NULL, 0, 0, ALIGN_LEFT, 0},
};

static void curve_row(struct cells *c, const struct table *t, const struct curve *k, int i, int y,
                      double top)
{
    char text[48], number[32];
    enum role role = k->valid[i] ? ROLE_TEXT : ROLE_DIM;

    snprintf(text, sizeof text, "%.0f", k->n[i]);
    table_put(c, t, y, 0, ROLE_STRONG, text);
    snprintf(text, sizeof text, k->valid[i] ? "%s" : "(%s)",
             show_number(number, sizeof number, k->x[i]));
    table_put(c, t, y, 1, role, text);
    if (k->n[0] > 0 && k->x[0] > 0 && k->valid[i])
        table_put(c, t, y, 2, role,
                  show_percent(text, sizeof text, k->x[i] / k->n[i] * k->n[0] / k->x[0]));
    table_put(c, t, y, 3, role, show_ns(text, sizeof text, k->p99[i]));
    if (t->w[4] > 0 && !k->valid[i]) {
        table_put(c, t, y, 4, ROLE_WARN, "left out");
    } else if (t->w[4] > 0) {
        int w = (int)(k->x[i] / top * t->w[4] + 0.5);

        for (int j = 0; j < t->w[4]; j++)
            cells_text(c, t->x[4] + j, y, j < w ? ROLE_SPARK : ROLE_GRID,
                       j < w ? c->glyphs->bar_full : c->glyphs->bar_empty);
    }
}

/* x is N, from 0; the ideal line goes through the first point. */
static void curve_plot(struct cells *c, struct screen *sc, const struct curve *k, struct rect r)
{
    static double ideal[PLOT_COLUMNS_MAX];
    struct plot plot = {.axis = &sc->axis[AXIS_SCALING], .cursor = -1};
    struct plot_series series[] = {{ideal, PLOT_DOTTED, ROLE_IDEAL}};
    double top = 0, n_max = k->n[k->points - 1] * 1.1;

    if (!plot_begin(&plot, c, r))
        return;
    for (int i = 0; i < k->points; i++)
        top = fmax(top, k->x[i]);
    axis_follow(&sc->axis[AXIS_SCALING], 0, top * 1.15, sc->clock);
    for (int i = 0; i < plot.columns; i++) {
        double v = (i + 0.5) / plot.columns * n_max * k->x[0] / k->n[0];

        ideal[i] = v <= sc->axis[AXIS_SCALING].hi ? v : NAN;
    }
    plot.series = series;
    plot.series_count = 1;
    plot.left = "0";
    plot_draw(c, &plot);
    for (int i = 0; i < k->points; i++) {
        int x = plot.area.x + (int)(k->n[i] / n_max * plot.area.w);
        double place = axis_place(plot.axis, k->x[i]);
        int y = plot.area.y + plot.area.h - 1 - (int)(place * (plot.area.h - 1) + 0.5);
        char n[16];

        cells_text(c, x, y, k->valid[i] ? ROLE_THROUGHPUT : ROLE_WARN,
                   k->valid[i] ? c->glyphs->on : c->glyphs->off);
        snprintf(n, sizeof n, "%.0f", k->n[i]);
        cells_text(c, x, plot.area.y + plot.area.h, ROLE_AXIS, n);
    }
}

void scaling_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                   const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct curve k = {0};
    char title[96] = "scaling", note[64] = "";
    struct table t;
    struct rect r;
    double top = 0;

    if (p) {
        curve_collect(&k, p);
        if (k.points > 0)
            snprintf(title, sizeof title,
                     l->size == LAYOUT_FULL ? "scaling of %s by %s" : "%s by %s", p->name, k.var);
        snprintf(note, sizeof note, "%d point%s", k.points, k.points == 1 ? "" : "s");
    }
    if (!box_panel(c, l, PANEL_SCALING, title, note, &r))
        return;
    if (k.points == 0) {
        cells_field(c, r.x + 1, r.y, r.w - 2, ALIGN_LEFT, ROLE_DIM,
                    "no plateau yet: a point is made when");
        if (r.h > 1)
            cells_field(c, r.x + 1, r.y + 1, r.w - 2, ALIGN_LEFT, ROLE_DIM,
                        "nothing is resized for a while");
        return;
    }
    if (r.h >= 8 && r.w >= 36) {
        int rows = k.points + 1 < r.h / 2 ? k.points + 1 : r.h / 2;
        int plot_rows = sc->view == VIEW_SCALING ? r.h : r.h - rows;

        if (plot_rows >= 4) {
            curve_plot(c, sc, &k, rect_of(r.x, r.y, r.w, plot_rows));
            r.y += plot_rows;
            r.h -= plot_rows;
        }
    }
    if (r.h < 2)
        return;
    table_fit(&t, curve_columns, r.x + 1, r.w - 2);
    table_head(c, &t, r.y, -1, false);
    for (int i = 0; i < k.points; i++)
        top = fmax(top, k.x[i]);
    /* The newest of many: the largest N is where the question is. */
    for (int i = k.points > r.h - 1 ? k.points - (r.h - 1) : 0, y = r.y + 1; i < k.points; i++)
        curve_row(c, &t, &k, i, y++, top);
}
