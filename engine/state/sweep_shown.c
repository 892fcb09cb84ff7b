/* See sweep_shown.h. */
#include "engine/state/sweep_shown.h"

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/dial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

unsigned sweep_place(const struct sweep_axis *axis, unsigned axes, unsigned of, unsigned cell,
                     unsigned *step)
{
    *step = axes == 2 && of == 0 && axis[1].values ? axis[1].values : 1;
    return axis[of].values ? cell / *step % axis[of].values : 0;
}

/* ---- one cell against another ---- */

bool sweep_axis_scales(const struct sweep_axis *a)
{
    int d = dial_find(a->name);
    return d >= 0 && dial_table[d].scales;
}

static bool stands(const struct sweep_cell *c)
{
    return c->state == CELL_STEADY && c->at.valid;
}

static bool measured(const struct sweep_cell *c)
{
    return (c->state == CELL_STEADY || c->state == CELL_UNSTEADY) && c->at.throughput_per_s > 0;
}

double sweep_relative(const struct sweep_snapshot *s, unsigned cell, unsigned axis, bool *sound)
{
    double value, first;
    *sound = false;
    if (axis >= s->axes || cell >= s->cells || !s->axis[axis].values)
        return NAN;
    unsigned step, at = sweep_place(s->axis, s->axes, axis, cell, &step), base = cell - at * step;
    if (s->cell[base].state == CELL_SAME) { /* the cell that it would repeat */
        unsigned other = 1 - axis, apart;
        base -= sweep_place(s->axis, s->axes, other, base, &apart) * apart;
    }
    if (!measured(&s->cell[cell]) || !measured(&s->cell[base]))
        return NAN;
    *sound = stands(&s->cell[cell]) && stands(&s->cell[base]);
    double gain = s->cell[cell].at.throughput_per_s / s->cell[base].at.throughput_per_s;
    if (!sweep_axis_scales(&s->axis[axis]))
        return gain;
    if (parse_real(s->axis[axis].value[at], &value) < 0 ||
        parse_real(s->axis[axis].value[0], &first) < 0 || !(value > 0) || !(first > 0))
        return NAN;
    return gain * first / value;
}

/* ---- sweeps that are over ---- */

struct sweep_kept *sweep_keep(const struct sweep_snapshot *s)
{
    struct sweep_kept *k = calloc(1, sizeof *k + s->cells * sizeof k->cell[0]);
    if (!k)
        return NULL;
    k->refs = 1;
    k->shown = *s;
    if (s->cells)
        memcpy(k->cell, s->cell, s->cells * sizeof k->cell[0]);
    k->shown.cell = k->cell;
    return k;
}

void sweep_kept_release(struct sweep_kept *k)
{
    if (k && atomic_fetch_sub(&k->refs, 1) == 1)
        free(k);
}
