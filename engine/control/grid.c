/* See grid.h. */
#include "engine/control/grid.h"
#include "engine/config/dial.h"
#include "engine/state/engine_state.h"
#include "engine/stats/generate.h"
#include "engine/figures/plateau.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"
#include "engine/state/pool_figures.h"
#include "engine/state/sweep_shown.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int grid_resize(struct grid *g, unsigned n)
{
    if (n > g->room) {
        unsigned room = n > 2 * g->room ? n : 2 * g->room;
        struct sweep_cell *cell = realloc(g->cell, room * sizeof *cell);
        if (!cell)
            return -1;
        g->cell = cell;
        g->room = room;
    }
    for (; g->cells < n; g->cells++)
        g->cell[g->cells] = (struct sweep_cell){.state = CELL_WAITING};
    return 0;
}

void grid_fini(struct grid *g)
{
    free(g->cell);
    *g = (struct grid){0};
}

void grid_take(struct grid *g, unsigned cell, struct pool *p, double now_s)
{
    struct sweep_cell *c = &g->cell[cell];
    plateau_judge_now(p, now_s);
    const struct plateau *pl = plateau_present(p);
    if (pl) {
        c->at = *pl;
        c->state = CELL_STEADY;
        plateau_restart(p, now_s);
        return;
    }
    period_describe(p, &c->at, now_s);
    c->at.valid = false;
    c->at.ci95 = NAN;
    c->at.light[LIGHT_STEADY].state = LIGHT_BAD;
    copy_str(c->at.why_not, sizeof c->at.why_not,
             pool_sup(p)->figures->plateaus.drifting ? pool_sup(p)->figures->plateaus.why
                                                     : "not held long enough to be judged");
    c->state = CELL_UNSTEADY;
    plateau_keep_unsteady(p, &c->at);
    plateau_restart(p, now_s); /* seconds after this must not extend the cell's plateau */
}

void grid_now(struct grid *g, unsigned cell, struct pool *p, double now_s)
{
    period_describe(p, &g->cell[cell].at, now_s);
    g->cell[cell].state = CELL_NOW;
}

void grid_forget(struct grid *g, unsigned cell)
{
    if (cell < g->cells && g->cell[cell].state == CELL_NOW)
        g->cell[cell] = (struct sweep_cell){.state = CELL_WAITING};
}

static unsigned axis_called(const struct sweep_axis *axis, unsigned axes, const char *name)
{
    unsigned i = 0;
    while (i < axes && strcmp(axis[i].name, name) != 0)
        i++;
    return i;
}

void grid_mark_same(struct grid *g, const struct sweep_axis *axis, unsigned axes)
{
    unsigned depth = axis_called(axis, axes, dial_option(DIAL_DEPTH)->name),
             by = axis_called(axis, axes, dial_option(DIAL_PATTERN)->name), step;
    for (unsigned i = 0; i < g->cells && depth < axes && by < axes; i++) {
        enum pattern pattern;
        const char *name = axis[by].value[sweep_place(axis, axes, by, i, &step)];
        if (g->cell[i].state == CELL_WAITING && pattern_parse(name, &pattern) == 0 &&
            pattern_has_no_depth(pattern) && sweep_place(axis, axes, depth, i, &step) > 0)
            g->cell[i].state = CELL_SAME;
    }
}

unsigned grid_count(const struct grid *g, enum cell_state state)
{
    unsigned n = 0;
    for (unsigned i = 0; i < g->cells; i++)
        n += g->cell[i].state == state;
    return n;
}

static bool moves(const struct sweep_axis *axis, unsigned axes, const char *name)
{
    for (unsigned i = 0; i < axes; i++)
        if (!strcmp(axis[i].name, name))
            return true;
    return false;
}

static uint64_t mix(uint64_t h, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return mix64(h ^ bits);
}

uint64_t grid_setting(const struct pool *p, const struct sweep_axis *axis, unsigned axes)
{
    const struct load *l = &pool_sup(p)->load;
    char text[256];
    uint64_t h = 0;
    for (int d = 0; d < DIALS; d++)
        if (d != DIAL_OPS && !moves(axis, axes, dial_option((enum dial)d)->name))
            h = mix(h, dial_get(l, (enum dial)d));
    for (unsigned i = 0; i < OPS_MAX && !moves(axis, axes, dial_option(DIAL_OPS)->name); i++)
        h = mix(h, l->weight[i]);
    for (unsigned i = 0; i < p->spec.options.n; i++) {
        if (moves(axis, axes, p->spec.options.table[i].name))
            continue;
        options_text(&p->spec.options, i, text, sizeof text);
        for (const char *at = text; *at; at++)
            h = mix(h, *at);
    }
    return h;
}
