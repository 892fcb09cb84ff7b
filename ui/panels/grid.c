/* A sweep over two variables as a heatmap with numbers: a row for each value of the first, a column
 * for each of the second; see grid.h and engine/state/snapshot.h (struct sweep_snapshot).
 *
 * A cell shows throughput; with enough room also the efficiency or gain of each variable, the
 * bottleneck with its share beside the generator's CPU, and p99. The shade on its left grows with
 * throughput. Values that are unsteady or not valid are in brackets. */
#include "ui/panels/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/state/sweep_shown.h"
#include "ui/draw/box.h"
#include "ui/panels/curve.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

#define LEAST_W 9
#define MOST_W 22
#define LINES_MOST 5 /* four lines of text and one empty line between cells */

struct grid_view {
    const struct sweep_snapshot *sweep;
    const struct plateau *selected;
    double top;
    int head_w, cell_w, lines; /* width of the row heads, width of the cells, and lines in a cell */
    unsigned first_row, first_column, rows, columns;
    /* the effects of the variables need a line of their own: use the one between the cells */
    bool apart;
};

static bool is_number(const struct sweep_cell *k)
{
    return k->state == CELL_STEADY || k->state == CELL_UNSTEADY ||
           (k->state == CELL_NOW && k->at.throughput_per_s > 0);
}

static bool counts(const struct sweep_cell *k)
{
    return k->state == CELL_STEADY && k->at.valid;
}

/* By both variables, or by the first alone if there is no room for more. */
/* The efficiency or gain of the variables from..to-1. */
static void relative_text(const struct grid_view *g, unsigned cell, unsigned from, unsigned to,
                          char *buf, size_t size)
{
    size_t len = 0;

    buf[0] = '\0';
    for (unsigned i = from; i < to; i++) {
        bool sound, scales = sweep_axis_scales(&g->sweep->axis[i]);
        double r = sweep_relative(g->sweep, cell, i, &sound);

        if (isnan(r))
            continue;
        len = text_append(buf, size, len, sound ? "%s" : "%s(", len ? " " : "");
        len = text_append(buf, size, len, scales ? "%.0f %%" : "x%.3g", scales ? 100 * r : r);
        if (!sound)
            len = text_append(buf, size, len, ")");
    }
}

/* Writes "server 93 %": the bottleneck with its share; "" if unknown. */
static void limit_text(const struct plateau *at, int room, char *buf, size_t size)
{
    char share[16], cpu[16];
    const char *who = bottleneck_name(at->bottleneck);

    buf[0] = '\0';
    show_percent(cpu, sizeof cpu, at->cpu_share);
    if (at->bottleneck == BOTTLENECK_NONE)
        snprintf(buf, size, "c %s", cpu);
    else if (room < 11)
        copy_str(buf, size, who);
    else if (isnan(at->bottleneck_share))
        snprintf(buf, size, "%s c %s", who, cpu);
    else if (at->bottleneck == BOTTLENECK_CLIENT || room < 17)
        snprintf(buf, size, "%s %s", who, show_percent(share, sizeof share, at->bottleneck_share));
    else
        snprintf(buf, size, "%s %s c %s", who,
                 show_percent(share, sizeof share, at->bottleneck_share), cpu);
}

static void shade(struct cells *c, int x, int y, int lines, double share)
{
    static const enum role role[5] = {ROLE_HEAT1, ROLE_HEAT2, ROLE_HEAT3, ROLE_HEAT4, ROLE_HEAT5};
    int level = share >= 1 ? 4 : share <= 0 ? 0 : (int)(share * 5);

    for (int i = 0; i < lines; i++)
        cells_put(c, x, y + i, c->glyphs->heat[level > 0 ? level : 1], role[level]);
}

/* The lines of a cell below its throughput, as many as there are. */
static void cell_more(struct cells *c, const struct grid_view *g, unsigned index, int x, int y,
                      int lines)
{
    const struct sweep_cell *k = &g->sweep->cell[index];
    int w = g->cell_w - 3, end = y + lines;
    enum role role = counts(k) ? ROLE_TEXT : ROLE_WARN;
    char text[64], number[24];

    relative_text(g, index, 0, g->apart || lines < 1 ? 1 : g->sweep->axes, text, sizeof text);
    if (text_width(text) > w)
        relative_text(g, index, 0, 1, text, sizeof text);
    if (y < end)
        cells_field(c, x, y++, w, ALIGN_LEFT, role, text);
    if (g->apart && y < end) {
        relative_text(g, index, 1, g->sweep->axes, text, sizeof text);
        cells_field(c, x, y++, w, ALIGN_LEFT, role, text);
    }
    /* "client 97 %" gives the reason itself */
    bool why = !counts(k) && k->at.bottleneck != BOTTLENECK_CLIENT;
    if (y + (why ? 1 : 0) < end) {
        limit_text(&k->at, w, text, sizeof text);
        cells_field(c, x, y++, w, ALIGN_LEFT,
                    k->at.bottleneck == BOTTLENECK_CLIENT ? ROLE_WARN : ROLE_LABEL, text);
    }
    if (y >= end)
        return;
    if (!counts(k))
        copy_str(text, sizeof text, k->state == CELL_UNSTEADY ? "unsteady" : "not valid");
    else
        snprintf(text, sizeof text, "p99 %s", show_ns(number, sizeof number, k->at.p99));
    cells_field(c, x, y, w, ALIGN_LEFT, ROLE_LABEL, text);
}

static void cell(struct cells *c, const struct grid_view *g, unsigned index, int x, int y)
{
    const struct sweep_cell *k = &g->sweep->cell[index];
    int w = g->cell_w - 3, lines = g->lines - (g->lines > 2 && !g->apart);
    char text[64], number[24];

    if (g->selected && is_number(k) && fabs(k->at.start_s - g->selected->start_s) < 1e-9)
        cells_back(c, rect_of(x, y, g->cell_w - 1, lines), ROLE_SELECTED);
    if (!is_number(k)) {
        cells_field(c, x + 2, y, w, ALIGN_LEFT, ROLE_DIM,
                    k->state == CELL_NOW    ? "..."
                    : k->state == CELL_SAME ? "no depth"
                                            : c->glyphs->dot);
        return;
    }
    if (k->state != CELL_NOW)
        shade(c, x, y, lines, k->at.throughput_per_s / g->top);
    show_number(number, sizeof number, k->at.throughput_per_s);
    snprintf(text, sizeof text, counts(k) ? "%s" : k->state == CELL_NOW ? "%s .." : "(%s)", number);
    cells_field(c, x + 2, y, w, ALIGN_LEFT,
                k->state == CELL_NOW ? ROLE_ACCENT
                : counts(k)          ? ROLE_STRONG
                                     : ROLE_WARN,
                text);
    if (k->state != CELL_NOW)
        cell_more(c, g, index, x + 2, y + 1, lines - 1);
}

/* Scrolls to the cell being measured. */
static void scroll_to_now(struct grid_view *g)
{
    const struct sweep_snapshot *s = g->sweep;
    unsigned columns = s->axis[1].values, row = 0, column = 0;

    for (unsigned i = 0; i < s->cells; i++)
        if (s->cell[i].state == CELL_NOW) {
            row = i / columns;
            column = i % columns;
        }
    g->first_row = row >= g->rows ? row - g->rows + 1 : 0;
    g->first_column = column >= g->columns ? column - g->columns + 1 : 0;
}

static bool fit(struct grid_view *g, struct rect r)
{
    const struct sweep_axis *a = &g->sweep->axis[0], *b = &g->sweep->axis[1];
    int room, columns = b->values > 0 ? (int)b->values : 1,
              rows = a->values > 0 ? (int)a->values : 1;

    g->head_w = text_width(a->name);
    for (unsigned i = 0; i < a->values; i++)
        if (text_width(a->value[i]) > g->head_w)
            g->head_w = text_width(a->value[i]);
    g->head_w = g->head_w > 14 ? 14 : g->head_w;
    room = r.w - g->head_w - 2;
    g->cell_w = room / columns;
    g->cell_w = g->cell_w > MOST_W ? MOST_W : g->cell_w < LEAST_W ? LEAST_W : g->cell_w;
    g->columns = (unsigned)(room / g->cell_w);
    g->lines = (r.h - 1) / rows;
    g->lines = g->lines > LINES_MOST ? LINES_MOST : g->lines < 1 ? 1 : g->lines;
    g->rows = (unsigned)((r.h - 1) / g->lines);
    for (unsigned i = 0; i < g->sweep->cells && g->lines > 3; i++) {
        char text[64];

        relative_text(g, i, 0, g->sweep->axes, text, sizeof text);
        g->apart = g->apart || text_width(text) > g->cell_w - 3;
    }
    return g->columns > 0 && g->rows > 0 && room >= LEAST_W;
}

static void draw(struct cells *c, struct grid_view *g, struct rect r)
{
    const struct sweep_axis *a = &g->sweep->axis[0], *b = &g->sweep->axis[1];

    if (!fit(g, r))
        return;
    scroll_to_now(g);
    cells_field(c, r.x + 1, r.y, g->head_w, ALIGN_RIGHT, ROLE_LABEL, a->name);
    for (unsigned j = 0; j < g->columns && g->first_column + j < b->values; j++) {
        char text[96];

        snprintf(text, sizeof text, "%s %s", b->name, b->value[g->first_column + j]);
        /* the title has the name, so show the value in full */
        if (text_width(text) > g->cell_w - 3)
            copy_str(text, sizeof text, b->value[g->first_column + j]);
        cells_field(c, r.x + g->head_w + 4 + (int)j * g->cell_w, r.y, g->cell_w - 3, ALIGN_LEFT,
                    ROLE_LABEL, text);
    }
    for (unsigned i = 0; i < g->rows && g->first_row + i < a->values; i++) {
        int y = r.y + 1 + (int)i * g->lines;

        cells_field(c, r.x + 1, y, g->head_w, ALIGN_RIGHT, ROLE_STRONG, a->value[g->first_row + i]);
        for (unsigned j = 0; j < g->columns && g->first_column + j < b->values; j++)
            cell(c, g, (g->first_row + i) * b->values + g->first_column + j,
                 r.x + g->head_w + 2 + (int)j * g->cell_w, y);
    }
}

static void meaning(char *buf, size_t size, const struct sweep_snapshot *s, int room)
{
    static const char *const limits[] = {
        "; server, network: their share of an answer's time; client, c: CPU",
        "; whose limit, and its share; c: client CPU", "; limit and its share; c: CPU"};
    size_t len = text_append(buf, size, 0, "a second");

    for (unsigned i = 0; i < s->axes; i++)
        len = text_append(buf, size, len,
                          sweep_axis_scales(&s->axis[i]) ? "; %%: efficiency by %s"
                                                         : "; x: gain by %s",
                          s->axis[i].name);
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++)
        if (len + strlen(limits[i]) <= (size_t)room || i + 1 == sizeof limits / sizeof *limits) {
            text_append(buf, size, len, "%s", limits[i]);
            break;
        }
}

void grid_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    const struct sweep_snapshot *sweep = curve_grid(sc, s);
    char title[160] = "sweep", note[96] = "", left[24] = "", text[200];
    struct rect r;

    if (sweep) {
        snprintf(title, sizeof title, "%s: %s x %s", sweep->pool, sweep->axis[0].name,
                 sweep->axis[1].name);
        if (sweep->on)
            snprintf(note, sizeof note, "SWEEP %u of %u%s", sweep->step + 1, sweep->steps,
                     show_left(left, sizeof left, ", ", sweep->left_s));
        else
            snprintf(note, sizeof note, "%u of %u steady%s", sweep->steady,
                     sweep->cells - sweep->same, sweep->resumable ? ", can be resumed" : "");
    }
    if (!box_panel(c, l, PANEL_GRID, title, note, &r))
        return;
    if (!sweep) {
        cells_field(c, r.x + 1, r.y, r.w - 2, ALIGN_LEFT, ROLE_DIM,
                    "no sweep over two variables yet: `sweep threads=1,2,4,8 depth=1,5,10,20`");
        return;
    }
    struct grid_view g = {.sweep = sweep, .selected = p ? curve_like(sc, p) : NULL};
    for (unsigned i = 0; i < sweep->cells; i++)
        if (is_number(&sweep->cell[i]))
            g.top = fmax(g.top, sweep->cell[i].at.throughput_per_s);
    if (r.h > 3) {
        bool on = sweep->on;

        r.h--;
        meaning(text, sizeof text, sweep, r.w - 2);
        cells_field(c, r.x + 1, r.y + r.h, r.w - 2, ALIGN_LEFT, on ? ROLE_ACCENT : ROLE_DIM,
                    on                                ? sweep->now
                    : sweep->steady + sweep->unsteady ? text
                                                      : sweep->ended);
    }
    draw(c, &g, r);
}
