/* The percentile ladder; see ladder.h. */
#include "ui/panels/ladder.h"

#include <math.h>
#include <stdio.h>

#include "engine/base/quantity.h"
#include "engine/state/snapshot.h"
#include "ui/draw/box.h"
#include "ui/draw/table.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/run/baseline.h"
#include "ui/term/glyphs.h"

static const struct column ladder_columns[] = {
    {"whole run", 9, 10, ALIGN_LEFT, 0}, {"service", 8, 10, ALIGN_RIGHT, 0},
    {"response", 8, 10, ALIGN_RIGHT, 0}, {"now", 8, 10, ALIGN_RIGHT, 1},
    {"", 6, 40, ALIGN_LEFT, 2},          {NULL, 0, 0, ALIGN_LEFT, 0},
};

struct rung {
    const char *name;
    double service, response, now;
};

/* Draws a bar on a log scale from the column's minimum to its maximum, so that the tail is
 * visible. */
static void rung_bar(struct cells *c, const struct table *t, int y, double v, double lo, double hi)
{
    int w = t->w[4];

    if (w <= 0 || isnan(v) || !(lo > 0) || !(hi > lo))
        return;
    for (int i = 0; i < (int)(log(v / lo) / log(hi / lo) * (w - 1) + 1.5) && i < w; i++)
        cells_text(c, t->x[4] + i, y, ROLE_SPARK, c->glyphs->bar_full);
}

/* The columns with a baseline, which compare it with `now`. Of the baseline's period only p50 and
 * p99 are known. */
static const struct column ladder_with_base[] = {
    {"whole run", 9, 10, ALIGN_LEFT, 0}, {"service", 8, 10, ALIGN_RIGHT, 3},
    {"response", 8, 10, ALIGN_RIGHT, 0}, {"now", 8, 10, ALIGN_RIGHT, 1},
    {"to base", 9, 10, ALIGN_RIGHT, 0},  {NULL, 0, 0, ALIGN_LEFT, 0},
};

static void rung_change(struct cells *c, const struct table *t, int y,
                        const struct pool_snapshot *p, const struct baseline *base, int rung)
{
    const char *why = NULL, *said;
    const struct base_period *at = baseline_at(base, p, &why);
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
    const struct baseline *base = baseline_of(&sc->baselines, p->number);
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
