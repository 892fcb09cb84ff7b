/* Heatmaps; see heatmap.h. Values outside the axis are shown in its outermost row, so that no
 * operation is omitted. */
#include "ui/draw/heatmap.h"

#include <math.h>
#include <string.h>

#include "engine/state/snapshot.h"
#include "engine/stats/histogram.h"
#include "engine/stats/packed.h"
#include "ui/term/glyphs.h"

int heatmap_level(double share)
{
    static const double above[] = {0.001, 0.01, 0.05, 0.2};
    int level = 1;

    if (!(share > 0))
        return 0;
    for (int i = 0; i < 4; i++)
        level += share >= above[i];
    return level;
}

struct column {
    struct heatmap *map;
    double count[HEATMAP_ROWS], all;
};

static void add_bucket(uint64_t lowest, uint64_t highest, uint64_t count, void *ctx)
{
    struct column *k = ctx;
    double mid = ((double)lowest + (double)highest) / 2;
    double place = log(fmax(mid, 1) / k->map->lo) / log(k->map->hi / k->map->lo);
    int row = k->map->rows - 1 - (int)floor(place * k->map->rows);

    row = row < 0 ? 0 : row >= k->map->rows ? k->map->rows - 1 : row;
    k->count[row] += (double)count;
    k->all += (double)count;
}

/* Does the second belong to the column? A second longer than a column belongs to all columns it
 * covers. */
static bool belongs(const struct point *t, double from, double to)
{
    double middle = t->t_s - t->span_s / 2, column = (from + to) / 2;

    if (to - from < t->span_s)
        return column >= t->t_s - t->span_s && column < t->t_s;
    return middle >= from && middle < to;
}

/* Moves known columns to their new positions; returns the first column to fill. A column is known
 * when the series extends at least a second beyond its end. */
static int keep_columns(struct heatmap *m, const struct pool_snapshot *p, const struct bins *b,
                        int rows, const struct axis *axis)
{
    double moved = (b->from_s - m->bins.from_s) / b->width_s;
    int by = (int)floor(moved + 0.5), known;

    if (m->pool != p->number || m->rows != rows || m->bins.n != b->n ||
        fabs(m->bins.width_s - b->width_s) > 1e-12 || fabs(m->lo - axis->lo) > 1e-9 ||
        fabs(m->hi - axis->hi) > 1e-9 || by < 0 || by >= b->n || fabs(moved - by) > 1e-3)
        return 0;
    known = (int)floor((m->newest_s - 2 - m->bins.from_s) / b->width_s) - by;
    if (known <= 0)
        return 0;
    for (int row = 0; row < rows && by > 0; row++)
        memmove(m->level[row], m->level[row] + by, (size_t)(HEATMAP_COLS - by));
    return known < b->n ? known : b->n;
}

static void fill_column(struct heatmap *m, const struct pool_snapshot *p, int col, uint64_t *next,
                        struct histogram *h)
{
    double from = m->bins.from_s + col * m->bins.width_s, to = from + m->bins.width_s;
    struct column k = {.map = m};

    while (*next < p->seconds.n && series_at(&p->seconds, *next)->t_s <= from)
        (*next)++;
    for (uint64_t i = *next; i < p->seconds.n; i++) {
        const struct point *t = series_at(&p->seconds, i);
        const struct packed *packed = &p->packed[i / SERIES_BLOCK][i % SERIES_BLOCK];

        if (t->t_s - t->span_s >= to)
            break;
        if (!belongs(t, from, to) || packed->len == 0)
            continue;
        histogram_clear(h);
        if (histogram_unpack(h, packed->bytes, packed->len) == 0)
            histogram_each(h, add_bucket, &k);
    }
    for (int row = 0; row < m->rows; row++)
        m->level[row][col] = (uint8_t)heatmap_level(k.all > 0 ? k.count[row] / k.all : 0);
}

void heatmap_fill(struct heatmap *m, const struct pool_snapshot *p, const struct bins *b, int rows,
                  const struct axis *axis)
{
    double newest_s =
        p->seconds.n > p->seconds.first ? series_at(&p->seconds, p->seconds.n - 1)->t_s : 0;
    struct histogram h;
    uint64_t next = p->seconds.first;
    int col;

    rows = rows < HEATMAP_ROWS ? rows : HEATMAP_ROWS;
    col = keep_columns(m, p, b, rows, axis);
    /* nothing new */
    if (col > 0 && newest_s <= m->newest_s && fabs(m->bins.from_s - b->from_s) < 1e-9)
        return;
    if (col == 0)
        memset(m->level, 0, sizeof m->level);
    m->pool = p->number;
    m->bins = *b;
    m->rows = rows;
    m->lo = axis->lo;
    m->hi = axis->hi;
    m->newest_s = newest_s;
    if (!p->packed || !(m->hi > m->lo) || !(m->lo > 0) || histogram_init(&h))
        return;
    for (; col < b->n && col < HEATMAP_COLS; col++)
        fill_column(m, p, col, &next, &h);
    histogram_fini(&h);
}

void heatmap_sample(struct cells *c, int x, int y, int level)
{
    static const enum role role[HEAT_LEVELS + 1] = {ROLE_TEXT,  ROLE_HEAT1, ROLE_HEAT2,
                                                    ROLE_HEAT3, ROLE_HEAT4, ROLE_HEAT5};
    static const int shade[HEAT_LEVELS + 1] = {0, 1, 2, 3, 4, 4};

    cells_put(c, x, y, c->glyphs->heat[shade[level]], role[level]);
}

void heatmap_draw(struct cells *c, struct rect r, const struct heatmap *m)
{
    for (int y = 0; y < m->rows && y < r.h; y++)
        for (int x = 0; x < m->bins.n && x < r.w && x < HEATMAP_COLS; x++)
            if (m->level[y][x])
                heatmap_sample(c, r.x + x, r.y + y, m->level[y][x]);
}
