/* Plots; see plot.h. Dots are collected in a mask for each cell and turned into characters by the
 * glyph set; the order of drawing is grid, levels, areas, marks, lines, axis, so data is never
 * hidden. */
#include "ui/draw/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ui/term/glyphs.h"

#define LABEL_COLS 6
#define TICKS_MAX 32

bool plot_begin(struct plot *p, const struct cells *c, struct rect r)
{
    p->whole = r;
    p->area = rect_of(r.x + LABEL_COLS, r.y, r.w - LABEL_COLS, r.h - 1);
    if (p->area.w < 4 || p->area.h < 1)
        return false;
    if (p->area.w * 2 > PLOT_COLUMNS_MAX)
        p->area.w = PLOT_COLUMNS_MAX / 2;
    p->columns = p->area.w * c->glyphs->dots_x;
    return true;
}

/* The row of a value, from 0 at the top, in steps of 1/steps of a cell; -1 when it is outside or
 * NaN. */
static int row_of(const struct plot *p, double v, int steps)
{
    double place = axis_place(p->axis, v);
    int rows = p->area.h * steps;
    int row;

    if (isnan(place) || place < -1e-9)
        return -1;
    /* the same position in cells and in dots, so that a tick is at the position of its value */
    row = (int)floor((1 - place) * rows + 1e-6);
    return row < 0 ? 0 : row >= rows ? rows - 1 : row;
}

static void draw_axis(struct cells *c, const struct plot *p)
{
    int x = p->area.x - 1, bottom = p->area.y + p->area.h;
    double tick[TICKS_MAX];
    int n = axis_ticks(p->axis, p->area.h, tick, TICKS_MAX);

    cells_fill(c, rect_of(x, p->area.y, 1, p->area.h), c->glyphs->line[GLYPH_V], ROLE_AXIS);
    cells_put(c, x, bottom, c->glyphs->line[GLYPH_BL], ROLE_AXIS);
    cells_hline(c, x + 1, bottom, p->area.w, ROLE_AXIS);
    for (int i = 0; i < n; i++) {
        int row = row_of(p, tick[i], 1);
        char label[16];

        if (row < 0)
            continue;
        axis_label(label, sizeof label, tick[i], p->ns);
        if (tick[i] == 0) /* the axis line itself is zero */
            row = p->area.h;
        cells_field(c, p->whole.x, p->area.y + row, LABEL_COLS - 1, ALIGN_RIGHT, ROLE_AXIS, label);
        if (row < p->area.h)
            cells_put(c, x, p->area.y + row, c->glyphs->line[GLYPH_TICK], ROLE_AXIS);
        if (row < p->area.h)
            cells_fill(c, rect_of(x + 1, p->area.y + row, p->area.w, 1),
                       c->glyphs->line[GLYPH_GRID], ROLE_GRID);
    }
}

static void draw_levels(struct cells *c, const struct plot *p)
{
    for (int i = 0; i < p->levels; i++) {
        int row = row_of(p, p->level[i].v, 1);

        if (row < 0 || axis_place(p->axis, p->level[i].v) > 1 + 1e-9)
            continue;
        cells_fill(c, rect_of(p->area.x, p->area.y + row, p->area.w, 1),
                   c->glyphs->line[GLYPH_DOTTED], p->level[i].role);
    }
}

/* Draws the labels last, over the data: they are short and at the right edge. */
static void draw_level_labels(struct cells *c, const struct plot *p)
{
    for (int i = 0; i < p->levels; i++) {
        int row = row_of(p, p->level[i].v, 1);
        int w = p->level[i].label ? text_width(p->level[i].label) : 0;

        if (row < 0 || w == 0 || w > p->area.w || axis_place(p->axis, p->level[i].v) > 1 + 1e-9)
            continue;
        cells_text(c, p->area.x + p->area.w - w, p->area.y + row, p->level[i].role,
                   p->level[i].label);
    }
}

/* The mean of the columns in half a cell. Their spans are equal, so a mean of rates is the rate
 * over both. */
static double area_value(const struct plot *p, const struct glyphs *g, const double *v, int col)
{
    int per = g->dots_x / g->area_x;
    double sum = 0;
    int n = 0;

    for (int i = 0; i < per; i++) {
        double x = v[col * per + i];

        if (col * per + i < p->columns && !isnan(x)) {
            sum += x;
            n++;
        }
    }
    return n ? sum / n : NAN;
}

static int area_height(const struct plot *p, const struct glyphs *g, double v)
{
    double place = axis_place(p->axis, v);
    int rows = p->area.h * g->area_y;
    int height;

    if (isnan(place))
        return 0;
    height = (int)floor(place * rows + 0.5);
    /* show values above 0 as at least one step */
    if (height == 0 && v > 0)
        height = 1;
    return height > rows ? rows : height;
}

/* Brighter towards the top, to make the level readable by colour; one colour per row, so that a
 * moving plot changes few colours. */
static enum role area_role(const struct plot *p, int y)
{
    int level = (p->area.h - 1 - y) * 4 / p->area.h;

    return (enum role)(ROLE_AREA + level);
}

static void draw_area(struct cells *c, const struct plot *p, const struct plot_series *s)
{
    const struct glyphs *g = c->glyphs;

    for (int x = 0; x < p->area.w; x++) {
        int h[2];

        for (int i = 0; i < 2; i++) {
            int col = g->area_x == 2 ? x * 2 + i : x;

            h[i] = area_height(p, g, area_value(p, g, s->v, col));
        }
        for (int y = 0; y < p->area.h; y++) {
            int base = (p->area.h - 1 - y) * g->area_y;
            int left = h[0] - base, right = h[1] - base;
            int above = h[0] > h[1] ? h[0] : h[1];

            left = left < 0 ? 0 : left > g->area_y ? g->area_y : left;
            right = right < 0 ? 0 : right > g->area_y ? g->area_y : right;
            if (left == 0 && right == 0)
                continue;
            bool top = above <= base + g->area_y;

            cells_put(c, p->area.x + x, p->area.y + y, g->area_char(left, right, top),
                      area_role(p, y));
        }
    }
}

static void draw_marks(struct cells *c, const struct plot *p)
{
    int bottom = p->area.y + p->area.h;
    int free_from = p->area.x + (p->left ? text_width(p->left) : 0);

    for (int i = 0; i < p->marks; i++) {
        const struct plot_mark *m = &p->mark[i];
        int x = p->area.x + (int)(m->x * p->area.w);
        int w = text_width(m->text);
        int from = x - w / 2;

        if (m->x < 0 || m->x >= 1)
            continue;
        cells_fill(c, rect_of(x, p->area.y, 1, p->area.h), c->glyphs->line[GLYPH_MARK], m->role);
        if (m->quiet || w == 0)
            continue;
        if (from < free_from)
            from = free_from;
        if (from + w > p->area.x + p->area.w - (p->right ? text_width(p->right) + 1 : 0))
            continue;
        /* the label of its neighbour is there */
        if (from > x)
            continue;
        cells_text(c, from, bottom, m->role, m->text);
        free_from = from + w + 1;
    }
}

static void dot(const struct plot *p, const struct glyphs *g, uint8_t *mask, int col, int row)
{
    int x = col / g->dots_x, y = row / g->dots_y;

    if (x < p->area.w && y < p->area.h && row >= 0)
        mask[y * p->area.w + x] |= (uint8_t)(1u << (row % g->dots_y * g->dots_x + col % g->dots_x));
}

static void draw_line(struct cells *c, const struct plot *p, int index)
{
    const struct glyphs *g = c->glyphs;
    const struct plot_series *s = &p->series[index];
    uint8_t *mask = calloc((size_t)p->area.w * (size_t)p->area.h, 1);
    int last = -1;

    if (!mask)
        return;
    for (int col = 0; col < p->columns; col++) {
        int row = row_of(p, s->v[col], g->dots_y);

        if (row >= 0 && (s->kind != PLOT_DOTTED || col % 2 == 0 || g->dots_x == 1))
            dot(p, g, mask, col, row);
        /* Draw a step as a vertical line, so that the series looks connected. */
        if (row >= 0 && last >= 0 && s->kind == PLOT_LINE && g->dots_y > 1)
            for (int y = row < last ? row + 1 : last + 1; y < (row < last ? last : row); y++)
                dot(p, g, mask, col, y);
        last = row;
    }
    for (int i = 0; i < p->area.w * p->area.h; i++)
        if (mask[i])
            cells_put(c, p->area.x + i % p->area.w, p->area.y + i / p->area.w,
                      g->dot_char(mask[i], (unsigned)index), s->role);
    free(mask);
}

#define MARKER_EVERY 14 /* columns */

/* Draws each series' marker character on its line, at different columns, because dot styles alone
 * cannot distinguish six lines. */
static void draw_markers(struct cells *c, const struct plot *p, int index)
{
    const struct plot_series *s = &p->series[index];
    int dots = c->glyphs->dots_x, first = 3 + index * 5 % MARKER_EVERY;

    for (int x = first; p->marker && x < p->area.w; x += MARKER_EVERY) {
        int row = row_of(p, s->v[x * dots], 1);

        if (row >= 0)
            cells_put(c, p->area.x + x, p->area.y + row, p->marker[index], s->role);
    }
}

void plot_draw(struct cells *c, const struct plot *p)
{
    int bottom = p->area.y + p->area.h;
    struct rect before = cells_clip(c, p->whole);

    draw_axis(c, p);
    draw_levels(c, p);
    for (int i = 0; i < p->series_count; i++)
        if (p->series[i].kind == PLOT_AREA)
            draw_area(c, p, &p->series[i]);
    if (p->left)
        cells_text(c, p->area.x, bottom, ROLE_AXIS, p->left);
    if (p->right)
        cells_text(c, p->area.x + p->area.w - text_width(p->right), bottom, ROLE_AXIS, p->right);
    draw_marks(c, p);
    for (int i = 0; i < p->series_count; i++)
        if (p->series[i].kind != PLOT_AREA)
            draw_line(c, p, i);
    for (int i = 0; i < p->series_count; i++)
        draw_markers(c, p, i);
    draw_level_labels(c, p);
    if (p->cursor >= 0 && p->cursor < 1)
        cells_back(c, rect_of(p->area.x + (int)(p->cursor * p->area.w), p->area.y, 1, p->area.h),
                   ROLE_SELECTED);
    cells_unclip(c, before);
}
