/* The plots over time of the selected pool: throughput and latency on one time axis; see plots.h.
 *
 * Both take their columns from the same bins and show the same marks, so that a change can be read
 * straight down from one to the other. */
#include "ui/panels/plots.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/threshold.h"
#include "engine/state/snapshot.h"
#include "ui/draw/bins.h"
#include "ui/draw/box.h"
#include "ui/draw/heatmap.h"
#include "ui/draw/hits.h"
#include "ui/draw/plot.h"
#include "ui/draw/readout.h"
#include "ui/panels/changes.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/run/baseline.h"
#include "ui/term/glyphs.h"

#define MARKS_MAX 64
#define MOVE_S 0.8 /* shortest time between two moves of a plot */
#define LEVELS_MAX 8
#define SERIES_MAX 6 /* most series in a comparison, drawn in ROLE_SERIES1 and on */

struct legend {
    const char *sample; /* how the series is drawn */
    char text[40];      /* name and value; the name alone where there is little room */
    enum role role;
    enum hit_kind hit; /* what is selected by a click on it */
    int arg;
};

/* Until the run is as long as the shortest axis, the axis covers the run so far. Longer axes are
 * chosen with a key. The axis of the whole run grows in steps, otherwise every frame would redraw
 * all of it. */
static double span_of(const struct snapshot *s, const struct screen *sc)
{
    static const double young[] = {10, 15, 20, 30, 45};

    if (sc->span_s <= 0)
        return s->now_s > 10 ? 10 * pow(1.05, ceil(log(s->now_s / 10) / log(1.05))) : 10;
    for (int i = 0; i < 5; i++)
        if (sc->span_s <= 60 && s->now_s < young[i] - 1 && young[i] < sc->span_s)
            return young[i];
    return sc->span_s;
}

/* The n columns of a plot. Its right edge moves by whole cells, about once a second, and is ahead
 * of now, so that new data fills the last columns while the others stay unchanged; a plot that
 * moved with each frame would be most of the terminal output. */
static struct bins bins_of(const struct snapshot *s, const struct screen *sc,
                           const struct plot *plot, int n)
{
    double span = span_of(s, sc), cell_s = span / plot->area.w;
    double step_s = ceil(MOVE_S / cell_s) * cell_s;

    return bins_over(ceil(s->now_s / step_s - 1e-6) * step_s + cell_s * 1e-3, span, n);
}

static char *span_text(char *buf, size_t size, const struct snapshot *s, const struct screen *sc)
{
    double span = span_of(s, sc);

    if (sc->span_s <= 0)
        return copy_str(buf, size, "the whole run");
    if (span < 120)
        snprintf(buf, size, "last %.0f s", span);
    else
        snprintf(buf, size, "last %.0f min", span / 60);
    return buf;
}

static void marks_collect(struct plot *p, struct plot_mark *mark, const struct bins *b,
                          const struct snapshot *s, const char *pool, const struct cells *c)
{
    double span = b->n * b->width_s;

    p->mark = mark;
    for (unsigned i = 0; i < s->events && p->marks < MARKS_MAX; i++) {
        const struct event *e = &s->event[i];
        struct plot_mark *m = &mark[p->marks];

        if (e->t_s < b->from_s || (e->pool[0] && strcmp(e->pool, pool)))
            continue;
        if (!event_is_change(e) && e->kind != EVENT_MARK)
            continue;
        m->x = (e->t_s - b->from_s) / span;
        m->role = ROLE_MARK;
        m->quiet = false;
        if (e->kind == EVENT_PAUSE)
            copy_str(m->text, sizeof m->text, c->glyphs->pause);
        else if (e->from[0] && strlen(e->from) < 8 && strlen(e->to) < 8)
            snprintf(m->text, sizeof m->text, "%.7s%s%.7s", e->from, c->glyphs->arrow, e->to);
        else
            copy_str(m->text, sizeof m->text, e->kind == EVENT_MARK ? "m" : "");
        p->marks++;
    }
}

/* Draws the legend from right to left, so that the most important entry (the first) is nearest to
 * the corner. */
static void legends_draw(struct cells *c, struct screen *sc, struct rect title, bool border,
                         const char *name, struct legend *legend, int n)
{
    int x = title.x + title.w - (border ? 2 : 0);
    int least = title.x + 4 + text_width(name), all = 0;

    for (int i = 0; i < n; i++)
        all += text_width(legend[i].sample) + text_width(legend[i].text) + 3;
    for (int i = 1; i < n && x - all <= least; i++) { /* the first keeps its value */
        int before = text_width(legend[i].text);

        legend[i].text[strcspn(legend[i].text, " ")] = '\0';
        all -= before - text_width(legend[i].text);
    }
    for (int i = 0; i < n; i++) {
        int w = text_width(legend[i].sample) + 1 + text_width(legend[i].text) + 2, at;
        bool off = legend[i].hit == HIT_LEGEND && (sc->hidden & 1u << legend[i].arg);
        enum role role = off ? ROLE_DIM : legend[i].role;

        if (x - w <= least)
            return;
        x -= w;
        cells_fill(c, rect_of(x, title.y, w, 1), ' ', ROLE_TEXT);
        at = cells_text(c, x + 1, title.y, role, off ? "" : legend[i].sample);
        cells_text(c, off ? at : at + 1, title.y, role, legend[i].text);
        if (off) /* a word, because grey alone is not clear */
            cells_text(c, at + text_width(legend[i].text), title.y, ROLE_DIM,
                       text_width(legend[i].sample) >= 2 ? " x" : "");
        hits_add(&sc->hits, rect_of(x, title.y, w, 1), legend[i].hit, legend[i].arg);
    }
}

static void sample_of(const struct cells *c, enum plot_kind kind, unsigned index, char buf[16])
{
    const struct glyphs *g = c->glyphs;
    unsigned row = (unsigned)(g->dots_y / 2), mask = 0;
    uint32_t ch;
    int n;

    for (int x = 0; x < g->dots_x; x++)
        if (x == 0 || kind == PLOT_LINE)
            mask |= 1u << (row * (unsigned)g->dots_x + (unsigned)x);
    ch = kind == PLOT_AREA ? g->area_char(g->area_y, g->area_y, true) : g->dot_char(mask, index);
    n = utf8_encode(ch, buf);
    n += utf8_encode(ch, buf + n);
    buf[n] = '\0';
}

static void axis_reset(struct screen *sc, unsigned pool)
{
    if (sc->axis_pool == pool)
        return;
    memset(sc->axis, 0, sizeof sc->axis);
    sc->axis[AXIS_LATENCY].log = true;
    sc->axis_pool = pool;
}

/* The value of a series in one cell, over the cell's dot columns: the mean for rates (equal spans),
 * the worst for percentiles. */
static double value_at(const struct cells *c, const struct plot *p, const double *v, double cursor,
                       bool worst)
{
    int dots = c->glyphs->dots_x, from = (int)(cursor * p->area.w) * dots, n = 0;
    double sum = 0, most = NAN;

    for (int i = from; i < from + dots && i < p->columns; i++) {
        if (isnan(v[i]))
            continue;
        sum += v[i];
        most = fmax(most, v[i]);
        n++;
    }
    return worst ? most : n ? sum / n : NAN;
}

/* The cursor's position in this plot, 0..1; < 0: none, or outside. */
static double cursor_in(const struct screen *sc, const struct bins *b)
{
    double at = (sc->cursor_s - b->from_s) / (b->n * b->width_s);

    return sc->cursor_s < 0 || at < 0 || at >= 1 ? -1 : at;
}

static void readout_time(struct readout *out, const struct snapshot *s, const struct screen *sc,
                         const struct bins *b, const struct plot *p)
{
    double cell = b->n * b->width_s / p->area.w;
    char clock[16];

    show_clock(clock, sizeof clock, s, sc->cursor_s, true);
    if (cell >= 2)
        readout_add(out, ROLE_TITLE, "%s, over %.0f s", clock, cell);
    else
        readout_add(out, ROLE_TITLE, "%s", clock);
}

static void plot_finish(struct cells *c, struct screen *sc, const struct plot *plot,
                        const struct bins *b, const struct snapshot *s)
{
    struct plot whole = *plot; /* a copy whose texts live as long as this call */
    char left[24];
    double span = b->n * b->width_s;

    if (sc->span_s > 0)
        snprintf(left, sizeof left, "-%.0f%s", span < 120 ? span : span / 60,
                 span < 120 ? " s" : " min");
    else
        copy_str(left, sizeof left, "start");
    whole.left = left;
    whole.right = s->ended ? "end" : "now";
    whole.cursor = cursor_in(sc, b);
    sc->from_s = b->from_s;
    sc->length_s = span;
    sc->step_s = span / plot->area.w;
    plot_draw(c, &whole);
    hits_add(&sc->hits, plot->area, HIT_PLOT, 0);
}

/* For a short span use the series of tenths, because there are too few seconds. */
static const struct series *rate_series(const struct pool_snapshot *p, const struct bins *b)
{
    bool tenths = b->width_s < 1 && p->tenths.n > p->tenths.first;

    if (tenths) {
        const struct point *oldest = series_at(&p->tenths, p->tenths.first);

        tenths = oldest->t_s - oldest->span_s <= b->from_s + 0.5 ||
                 p->seconds.n <= p->seconds.first ||
                 series_at(&p->seconds, p->seconds.first)->t_s >= oldest->t_s;
    }
    return tenths ? &p->tenths : &p->seconds;
}

static const double *nothing_columns(void)
{
    static double v[PLOT_COLUMNS_MAX];

    if (!isnan(v[0]))
        for (int i = 0; i < PLOT_COLUMNS_MAX; i++)
            v[i] = NAN;
    return v;
}

static void no_data(struct cells *c, struct rect r, const char *why)
{
    cells_field(c, r.x, r.y + r.h / 2, r.w, ALIGN_CENTER, ROLE_DIM, why);
}

/* The title of the comparison. If there are more pools than line styles, it says so. */
static char *compare_title(const struct snapshot *s, const struct screen *sc, char *buf,
                           size_t size)
{
    const char *log = sc->axis[AXIS_COMPARE].log ? ", log" : "";

    if (s->pools > SERIES_MAX)
        snprintf(buf, size, "the first %d of %u pools, a second%s", SERIES_MAX, s->pools, log);
    else
        snprintf(buf, size, "all pools, a second%s", log);
    return buf;
}

/* Chooses a log axis if a linear one would flatten all but the largest series. It is made linear
 * again only when the series are well within reach of each other, so that it does not switch back
 * and forth. least: of the series that are above 0; NAN: none is. */
static void compare_scale(struct axis *a, double least, double top)
{
    bool log = least > 0 && top > (a->log ? 10 : 20) * least;
    /* the ends of the axis must be found again */
    if (log != a->log)
        a->lo = a->hi = 0;
    a->log = log;
}

static void compare_plot(struct cells *c, const struct snapshot *s, struct screen *sc,
                         struct rect r, const struct layout *l)
{
    static double v[SERIES_MAX][PLOT_COLUMNS_MAX];
    static const enum plot_kind kinds[] = {PLOT_LINE, PLOT_DOTTED, PLOT_POINTS,
                                           PLOT_LINE, PLOT_DOTTED, PLOT_POINTS};
    struct plot plot = {.axis = &sc->axis[AXIS_COMPARE]};
    struct plot_series series[SERIES_MAX];
    struct legend legend[SERIES_MAX];
    uint32_t marker[SERIES_MAX];
    char sample[SERIES_MAX][16], number[24], title_text[64];
    struct readout out = {.lines = 0};
    struct bins b;
    double top = NAN, least = NAN;
    int n = 0;

    if (!plot_begin(&plot, c, r))
        return;
    b = bins_of(s, sc, &plot, plot.columns);
    for (unsigned i = 0; i < s->pools && i < SERIES_MAX; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        double lo, hi;

        bins_fill(&b, rate_series(p, &b), BIN_RATE, v[i]);
        if (bins_range(v[i], b.n, &lo, &hi)) {
            top = fmax(top, hi);
            if (hi > 0) /* a pool that stands still needs no room on the axis */
                least = fmin(least, hi);
        }
        series[i] = (struct plot_series){v[i], kinds[i], (enum role)(ROLE_SERIES1 + i)};
        marker[i] = '0' + p->number % 10;
        sample_of(c, kinds[i], i, sample[i]);
        snprintf(sample[i] + strlen(sample[i]), 4, "%u", p->number % 10);
        legend[i].sample = sample[i];
        legend[i].role = series[i].role;
        legend[i].hit = HIT_POOL; /* selects it */
        legend[i].arg = (int)p->number;
        snprintf(legend[i].text, sizeof legend[i].text, "%.12s %s", p->name,
                 show_number(number, sizeof number, p->now_per_s));
        n++;
    }
    compare_scale(&sc->axis[AXIS_COMPARE], least, top);
    axis_follow(&sc->axis[AXIS_COMPARE], sc->axis[AXIS_COMPARE].log ? least / 2 : 0, top, s->now_s);
    plot.series = series;
    plot.series_count = n;
    plot.marker = marker;
    plot_finish(c, sc, &plot, &b, s);
    if ((plot.cursor = cursor_in(sc, &b)) >= 0) {
        readout_time(&out, s, sc, &b, &plot);
        for (int i = 0; i < n; i++)
            readout_add(
                &out, series[i].role, "%u %.12s %s/s", s->pool[i].number, s->pool[i].name,
                show_number(number, sizeof number, value_at(c, &plot, v[i], plot.cursor, false)));
        readout_draw(c, &plot, &out);
    }
    compare_title(s, sc, title_text, sizeof title_text);
    box_panel(c, l, PANEL_THROUGHPUT, title_text, NULL, &r); /* the scale may have changed */
    legends_draw(c, sc, l->panel[PANEL_THROUGHPUT], l->border[PANEL_THROUGHPUT], title_text, legend,
                 n);
}

static void throughput_readout(struct cells *c, const struct snapshot *s, const struct screen *sc,
                               const struct plot *plot, const struct bins *b, const double *v)
{
    static double more[PLOT_COLUMNS_MAX];
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct readout out = {.lines = 0};
    double errors, in_flight;
    char number[32];

    if (plot->cursor < 0 || !p)
        return;
    readout_time(&out, s, sc, b, plot);
    readout_add(&out, ROLE_THROUGHPUT, "%s %s/s",
                show_number(number, sizeof number, value_at(c, plot, v, plot->cursor, false)),
                pool_noun(p));
    bins_fill(b, rate_series(p, b), BIN_ERRORS, more);
    errors = value_at(c, plot, more, plot->cursor, false);
    bins_fill(b, rate_series(p, b), BIN_IN_FLIGHT, more);
    in_flight = value_at(c, plot, more, plot->cursor, false);
    readout_add(&out, errors > 0 ? ROLE_BAD : ROLE_LABEL, "errors %s/s",
                show_count(number, sizeof number, errors));
    readout_add(&out, ROLE_LABEL, "in flight %s", show_count(number, sizeof number, in_flight));
    readout_draw(c, plot, &out);
}

/* The present throughput and its difference from the baseline, as far as there is room. */
static void throughput_note(char *note, size_t size, const struct pool_snapshot *p,
                            const struct baseline *base, int width, const char *title)
{
    const char *why = NULL;
    const struct base_period *at = base ? baseline_at(base, p, &why) : NULL;
    char number[32], change[24] = "";
    int room = width - text_width(title) - 8;

    show_number(number, sizeof number, p->now_per_s);
    if (at)
        baseline_change(change, sizeof change, p->now_per_s, at->per_s, why != NULL);
    snprintf(note, size, "%s/s now%s%s%s%s", number, change, at ? " on baseline" : "",
             why ? ", " : "", why ? why : "");
    if (text_width(note) > room)
        snprintf(note, size, "%s/s%s%s", number, change,
                 at     ? " on base"
                 : base ? ", other load"
                        : "");
}

void throughput_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                      const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    static double v[PLOT_COLUMNS_MAX];
    struct plot plot = {.axis = &sc->axis[AXIS_THROUGHPUT]};
    struct plot_mark mark[MARKS_MAX];
    struct plot_level level[LEVELS_MAX];
    char title[128] = "throughput", span[32], note[128], number[32], goal[32], buf[64];
    const struct baseline *base;
    const struct base_period *at = NULL;
    const char *why = NULL;
    static double ghost[PLOT_COLUMNS_MAX];
    struct plot_series series[2];
    struct rect r;
    double lo, top, hi = NAN;
    struct bins b;

    if (p)
        axis_reset(sc, p->number);
    if (p && sc->compare)
        copy_str(title, sizeof title, compare_title(s, sc, buf, sizeof buf));
    else if (p)
        snprintf(title, sizeof title, "%s %s/s, %s", p->name, pool_noun(p),
                 span_text(span, sizeof span, s, sc));
    note[0] = '\0';
    base = p ? baseline_of(&sc->baselines, p->number) : NULL;
    if (base)
        at = baseline_at(base, p, &why);
    if (p && !sc->compare)
        throughput_note(note, sizeof note, p, base, l->panel[PANEL_THROUGHPUT].w, title);
    if (!box_panel(c, l, PANEL_THROUGHPUT, title, note, &r))
        return;
    if (!p) {
        no_data(c, r, "no pool");
        return;
    }
    if (sc->compare) {
        compare_plot(c, s, sc, r, l);
        return;
    }
    if (!plot_begin(&plot, c, r))
        return;
    b = bins_of(s, sc, &plot, plot.columns);
    bins_fill(&b, rate_series(p, &b), BIN_RATE, v);
    if (!bins_range(v, b.n, &lo, &hi))
        no_data(c, r, "no operation completed yet");
    plot.level = level;
    if (at && !isnan(at->per_s)) {
        level[plot.levels++] = (struct plot_level){at->per_s, "baseline", ROLE_BASELINE};
        hi = fmax(hi, at->per_s);
    }
    if (s->goal_per_s > 0 && s->pools == 1) {
        snprintf(goal, sizeof goal, "goal %s/s",
                 format_number(number, sizeof number, s->goal_per_s));
        level[plot.levels++] = (struct plot_level){s->goal_per_s, goal, ROLE_THRESHOLD};
    }
    if (base && base->seconds.n) {
        bins_fill(&b, &base->seconds, BIN_RATE, ghost);
        if (bins_range(ghost, b.n, &lo, &top))
            hi = fmax(hi, top);
    }
    axis_follow(&sc->axis[AXIS_THROUGHPUT], 0, hi, s->now_s);
    series[0] = (struct plot_series){v, PLOT_AREA, ROLE_THROUGHPUT};
    plot.series = series;
    plot.series_count = 1;
    if (base && base->seconds.n) {
        series[plot.series_count++] = (struct plot_series){ghost, PLOT_DOTTED, ROLE_BASELINE};
    }
    marks_collect(&plot, mark, &b, s, p->name, c);
    plot_finish(c, sc, &plot, &b, s);
    plot.cursor = cursor_in(sc, &b);
    throughput_readout(c, s, sc, &plot, &b, v);
}

/* The bounds of the thresholds on latency percentiles, as dotted lines. */
static int threshold_levels(const struct snapshot *s, const struct pool_snapshot *p,
                            struct plot_level *level, int max)
{
    int n = 0;

    for (unsigned i = 0; i < s->thresholds && n < max; i++) {
        struct threshold t;

        if (threshold_parse(&t, s->threshold[i].expr, NULL) ||
            (t.pool[0] && strcmp(t.pool, p->name)))
            continue;
        if (t.metric == METRIC_PERCENTILE || t.metric == METRIC_MEAN || t.metric == METRIC_MAX)
            level[n++] = (struct plot_level){t.bound * 1e3, s->threshold[i].expr, ROLE_THRESHOLD};
    }
    return n;
}

static enum line_id line_of(enum role role)
{
    return role == ROLE_P99        ? LINE_P99
           : role == ROLE_P50      ? LINE_P50
           : role == ROLE_RESPONSE ? LINE_RESPONSE
                                   : LINE_BASELINE;
}

static void latency_legend(struct cells *c, struct screen *sc, const struct layout *l,
                           const struct pool_snapshot *p, bool open, const char *title)
{
    const struct baseline *base = baseline_of(&sc->baselines, p->number);
    const char *why = NULL;
    const struct base_period *at = base ? baseline_at(base, p, &why) : NULL;
    struct legend legend[4];
    char sample[4][16], number[24], p99[24], p50[24], response[24];
    int n = 0;

    baseline_change(p99, sizeof p99, p->now_service.q[Q_P99], at ? at->p99 : NAN, why);
    baseline_change(p50, sizeof p50, p->now_service.q[Q_P50], at ? at->p50 : NAN, why);
    baseline_change(response, sizeof response, p->now_response.q[Q_P99],
                    at ? at->response_p99 : NAN, why);

    sample_of(c, PLOT_LINE, 0, sample[0]);
    sample_of(c, PLOT_DOTTED, 1, sample[1]);
    sample_of(c, PLOT_LINE, 2, sample[2]);
    legend[n] = (struct legend){.sample = sample[0], .role = ROLE_P99};
    snprintf(legend[n++].text, sizeof legend[0].text, "p99 %s%s",
             show_ns(number, sizeof number, p->now_service.q[Q_P99]), p99);
    legend[n] = (struct legend){.sample = sample[1], .role = ROLE_P50};
    snprintf(legend[n++].text, sizeof legend[0].text, "p50 %s%s",
             show_ns(number, sizeof number, p->now_service.q[Q_P50]), p50);
    if (open) {
        legend[n] = (struct legend){.sample = sample[2], .role = ROLE_RESPONSE};
        snprintf(legend[n++].text, sizeof legend[0].text, "%s p99 %s%s",
                 l->size == LAYOUT_FULL ? "response" : "resp.",
                 show_ns(number, sizeof number, p->now_response.q[Q_P99]), response);
    }
    if (base && base->seconds.n) {
        sample_of(c, PLOT_DOTTED, (unsigned)n, sample[n]);
        legend[n] = (struct legend){.sample = sample[n], .text = "base", .role = ROLE_BASELINE};
        n++;
    }
    for (int i = 0; i < n; i++) {
        legend[i].hit = HIT_LEGEND;
        legend[i].arg = (int)line_of(legend[i].role);
    }
    legends_draw(c, sc, l->panel[PANEL_LATENCY], l->border[PANEL_LATENCY], title, legend, n);
}

static void latency_readout(struct cells *c, const struct snapshot *s, const struct screen *sc,
                            const struct plot *plot, const struct bins *b,
                            double (*v)[PLOT_COLUMNS_MAX])
{
    static double most[PLOT_COLUMNS_MAX];
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct readout out = {.lines = 0};
    char number[32];

    if (plot->cursor < 0 || !p)
        return;
    readout_time(&out, s, sc, b, plot);
    bins_fill(b, &p->seconds, BIN_MAX, most);
    readout_add(&out, ROLE_LABEL, "max %s",
                show_ns(number, sizeof number, value_at(c, plot, most, plot->cursor, true)));
    if (p->load.rate_per_s > 0)
        readout_add(&out, ROLE_RESPONSE, "response p99 %s",
                    show_ns(number, sizeof number, value_at(c, plot, v[2], plot->cursor, true)));
    readout_add(&out, ROLE_P99, "p99 %s",
                show_ns(number, sizeof number, value_at(c, plot, v[0], plot->cursor, true)));
    readout_add(&out, ROLE_P50, "p50 %s",
                show_ns(number, sizeof number, value_at(c, plot, v[1], plot->cursor, true)));
    readout_draw(c, plot, &out);
}

void latency_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                   const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    static double v[4][PLOT_COLUMNS_MAX];
    struct plot plot = {.axis = &sc->axis[AXIS_LATENCY], .ns = true};
    struct plot_mark mark[MARKS_MAX];
    struct plot_level level[LEVELS_MAX];
    struct plot_series series[4];
    const struct baseline *base;
    /* Open arrival shows both service and response time. */
    bool several, open = p && p->load.rate_per_s > 0;
    const char *title = open ? "latency, log" : "service time, log";
    char longer[64];
    double lo = NAN, hi = NAN;
    struct rect r;
    struct bins b;

    if (!box_panel(c, l, PANEL_LATENCY, title, NULL, &r))
        return;
    if (!p || !plot_begin(&plot, c, r)) {
        no_data(c, r, "no pool");
        return;
    }
    axis_reset(sc, p->number);
    sc->axis[AXIS_LATENCY].log = true;
    b = bins_of(s, sc, &plot, plot.columns);
    several = bins_fill(&b, &p->seconds, BIN_P99, v[0]);
    bins_fill(&b, &p->seconds, BIN_P50, v[1]);
    series[0] = (struct plot_series){.v = v[0], .kind = PLOT_LINE, .role = ROLE_P99};
    series[1] = (struct plot_series){.v = v[1], .kind = PLOT_DOTTED, .role = ROLE_P50};
    plot.series_count = 2;
    if (open) {
        bins_fill(&b, &p->seconds, BIN_RESPONSE_P99, v[2]);
        series[2] = (struct plot_series){.v = v[2], .kind = PLOT_LINE, .role = ROLE_RESPONSE};
        plot.series_count = 3;
    }
    base = baseline_of(&sc->baselines, p->number);
    if (base && base->seconds.n) { /* the baseline's line shows p99 too */
        double *ghost = v[plot.series_count];

        several = bins_fill(&b, &base->seconds, BIN_P99, ghost) || several;
        series[plot.series_count++] = (struct plot_series){ghost, PLOT_DOTTED, ROLE_BASELINE};
    }
    for (int i = 0; i < plot.series_count; i++) {
        double a, z;

        if (bins_range(series[i].v, b.n, &a, &z)) {
            lo = fmin(lo, a);
            hi = fmax(hi, z);
        }
    }
    if (isnan(hi))
        no_data(c, r, "no latency yet: a percentile needs 10 samples above it");
    snprintf(longer, sizeof longer, "%s, worst of each column", title);
    if (several && box_panel(c, l, PANEL_LATENCY, longer, NULL, &r))
        title = longer;
    axis_follow(&sc->axis[AXIS_LATENCY], lo, hi, s->now_s);
    plot.series = series;
    /* hidden by a click: its values stay in the readout */
    for (int i = 0; i < plot.series_count; i++)
        if (sc->hidden & 1u << line_of(series[i].role))
            series[i].v = nothing_columns();
    plot.levels = threshold_levels(s, p, level, LEVELS_MAX);
    plot.level = level;
    marks_collect(&plot, mark, &b, s, p->name, c);
    plot_finish(c, sc, &plot, &b, s);
    plot.cursor = cursor_in(sc, &b);
    latency_readout(c, s, sc, &plot, &b, v);
    latency_legend(c, sc, l, p, open, title);
}

/* Each shade with the minimum share of a column's operations for it. */
static void heat_legend(struct cells *c, struct rect panel, const char *title)
{
    static const char *const from[HEAT_LEVELS] = {">0 ", "0.1 ", "1 ", "5 ", "20 %"};
    const char *what = "of its column: ";
    int w = 2 * HEAT_LEVELS, x;

    for (int i = 0; i < HEAT_LEVELS; i++)
        w += text_width(from[i]);
    if (w + text_width(what) + text_width(title) + 12 <= panel.w)
        w += text_width(what);
    else
        what = "";
    if (w + text_width(title) + 8 > panel.w)
        return;
    x = cells_text(c, panel.x + panel.w - w - 4, panel.y, ROLE_LABEL, " ");
    x = cells_text(c, x, panel.y, ROLE_LABEL, what);
    for (int i = 0; i < HEAT_LEVELS; i++) {
        heatmap_sample(c, x, panel.y, i + 1);
        x = cells_textf(c, x + 1, panel.y, ROLE_LABEL, " %s", from[i]);
    }
    cells_text(c, x, panel.y, ROLE_LABEL, " ");
}

void heatmap_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                   const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    static struct heatmap map;
    const char *title = "service time of every operation";
    struct plot plot = {.axis = &sc->axis[AXIS_LATENCY], .ns = true};
    struct rect r;
    struct bins b;

    if (!box_panel(c, l, PANEL_HEATMAP, title, NULL, &r) || !p)
        return;
    heat_legend(c, l->panel[PANEL_HEATMAP], title);
    if (!plot_begin(&plot, c, r) || plot.area.w > HEATMAP_COLS)
        return;
    if (!(sc->axis[AXIS_LATENCY].hi > sc->axis[AXIS_LATENCY].lo)) {
        no_data(c, r, "no latency yet");
        return;
    }
    b = bins_of(s, sc, &plot, plot.area.w);
    heatmap_fill(&map, p, &b, plot.area.h, &sc->axis[AXIS_LATENCY]);
    plot_finish(c, sc, &plot, &b, s);
    heatmap_draw(c, plot.area, &map);
}
