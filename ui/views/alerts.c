/* Alerts: the present problems, most severe first; see alerts.h. They disappear with their
 * cause. */
#include "ui/views/alerts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/draw/box.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

struct list {
    struct alert *alert;
    int n, max;
};

static void add(struct list *l, bool bad, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void add(struct list *l, bool bad, const char *fmt, ...)
{
    struct alert spare = {0}; /* receives an alert that is not shown because it is one too many */
    struct alert *to = l->n < l->max ? &l->alert[l->n++] : &spare;
    va_list ap;

    to->bad = bad;
    va_start(ap, fmt);
    vsnprintf(to->text, sizeof to->text, fmt, ap);
    va_end(ap);
}

/* Are both down for the same reason at the same target? Then they share one line. */
static bool same_outage(const struct pool_snapshot *a, const struct pool_snapshot *b)
{
    return a->state == POOL_DOWN && b->state == POOL_DOWN && !strcmp(a->target, b->target) &&
           !strcmp(a->state_why, b->state_why);
}

static void down(struct list *l, const struct snapshot *s, unsigned i)
{
    const struct pool_snapshot *p = &s->pool[i];
    double since_s = p->state_since_s;
    unsigned others = 0;
    char since[16], more[32] = "";

    if (p->state != POOL_DOWN)
        return;
    /* included in that line */
    for (unsigned j = 0; j < i; j++)
        if (same_outage(&s->pool[j], p))
            return;
    for (unsigned j = i + 1; j < s->pools; j++)
        if (same_outage(&s->pool[j], p)) {
            since_s = fmin(since_s, s->pool[j].state_since_s);
            others++;
        }
    if (others)
        snprintf(more, sizeof more, " and %u more", others);
    add(l, true, "%s%s TARGET DOWN since %s, next try within 1 s: %s", p->name, more,
        show_clock(since, sizeof since, s, since_s, true), p->state_why);
}

static void stuck(struct list *l, const struct pool_snapshot *p)
{
    bool ends = p->state == POOL_DRAINING || p->state == POOL_STOPPED || p->state == POOL_ENDED;

    if (p->threads_stuck > 0 && ends)
        add(l, true, "%s: %u thread%s could not be ended", p->name, p->threads_stuck,
            p->threads_stuck == 1 ? "" : "s");
    else if (p->threads_stuck > 0)
        add(l, true, "%s: %u of %u threads hang%s: a call of its backend does not return", p->name,
            p->threads_stuck, p->threads_running + p->threads_stuck,
            p->threads_stuck == 1 ? "s" : "");
}

/* Detects a hanging server before its timeouts: operations are waiting and none has ended for much
 * longer than any operation took so far. */
#define SILENCE_S 2.0
static void silence(struct list *l, const struct pool_snapshot *p)
{
    double since_s = NAN, silent, usual = p->service.max / 1e9;
    char waiting[32];

    if (p->state != POOL_LOADING || !(p->counts.in_flight > 0))
        return;
    for (uint64_t i = p->tenths.n; i-- > p->tenths.first;) {
        const struct point *t = series_at(&p->tenths, i);

        if (t->completed + t->errors + t->timeouts > 0 || t->paused)
            break;
        since_s = t->t_s - t->span_s;
    }
    if (isnan(since_s))
        return;
    silent = series_at(&p->tenths, p->tenths.n - 1)->t_s - since_s;
    if (silent >= SILENCE_S && (isnan(usual) || silent > 2 * usual))
        add(l, true, "%s NO ANSWER for %.0f s: %s in flight wait", p->name, silent,
            show_count(waiting, sizeof waiting, (double)p->counts.in_flight));
}

/* Shows the most frequent error class of the last second. */
static void errors(struct list *l, const struct pool_snapshot *p)
{
    const struct error_class *worst = NULL;
    char per_s[32];

    for (unsigned i = 0; i < p->errors; i++)
        if (p->error[i].recent > 0 && (!worst || p->error[i].recent > worst->recent))
            worst = &p->error[i];
    if (p->now_errors_per_s > 0 && p->state != POOL_DOWN)
        add(l, true, "%s ERRORS %s/s now%s%s%s%s", p->name,
            show_number(per_s, sizeof per_s, p->now_errors_per_s), worst ? ": " : "",
            worst ? worst->name : "", worst && worst->last[0] ? ": " : "",
            worst ? worst->last : "");
}

static const struct check *failed(const struct pool_snapshot *p, enum check_id id)
{
    for (unsigned i = 0; i < p->checks; i++)
        if (p->check[i].known && !p->check[i].ok && p->check[i].id == id)
            return &p->check[i];
    return NULL;
}

/* The factor by which the limit is exceeded; checks without a limit count as just exceeded. */
static double excess(const struct check *k)
{
    double over = k->limit > 0 ? fabs(k->value) / k->limit : 1;

    return isnan(over) ? 1 : over;
}

/* A check that fails in several pools, as on a busy machine, is one line: the pools' names, and the
 * reason of the worst one. */
static void validity(struct list *l, const struct snapshot *s, enum check_id check)
{
    struct text names = {.limit = 120};
    const struct check *worst = NULL;
    const char *whose = "";
    unsigned n = 0;

    for (unsigned i = 0; i < s->pools; i++) {
        const struct check *k = failed(&s->pool[i], check);

        if (!k)
            continue;
        n++;
        if (!worst || excess(k) > excess(worst)) {
            worst = k;
            whose = s->pool[i].name;
        }
    }
    text_add(&names, n > 1 ? "%s (worst)" : "%s", whose);
    for (unsigned i = 0; i < s->pools && n == 2; i++)
        if (failed(&s->pool[i], check) && strcmp(s->pool[i].name, whose))
            text_add(&names, ", %s", s->pool[i].name);
    if (n > 2) /* the reason must be visible on a narrow screen too */
        text_add(&names, " and %u more", n - 1);
    if (n > 0)
        add(l, true, "NOT VALID %s%s: %s", text_str(&names), names.cut ? " ..." : "", worst->why);
    text_free(&names);
}

/* Writes ": it is 43.0ms", or "" when the threshold's value is not known. */
static const char *threshold_value(const struct threshold_state *t, char *buf, size_t size)
{
    struct threshold parsed;
    char number[32];

    if (isnan(t->value) || threshold_parse(&parsed, t->expr, NULL))
        return "";
    if (parsed.metric == METRIC_PERCENTILE || parsed.metric == METRIC_MEAN ||
        parsed.metric == METRIC_MAX)
        show_ns(number, sizeof number, t->value * 1e3);
    else if (parsed.metric == METRIC_THROUGHPUT)
        show_number(number, sizeof number, t->value);
    else
        snprintf(number, sizeof number, "%.3g %%", t->value * 100);
    snprintf(buf, size, ": it is %s", number);
    return buf;
}

int alerts_collect(const struct snapshot *s, struct alert *alert, int max)
{
    char value[64];
    struct list l = {.alert = alert, .max = max};

    for (unsigned i = 0; i < s->pools; i++)
        down(&l, s, i);
    for (unsigned i = 0; i < s->pools; i++)
        stuck(&l, &s->pool[i]);
    for (unsigned i = 0; i < s->pools; i++)
        silence(&l, &s->pool[i]);
    for (unsigned i = 0; i < s->pools; i++)
        errors(&l, &s->pool[i]);
    for (unsigned i = 0; i < s->pools; i++)
        if (s->pool[i].server.alert[0] && s->pool[i].state == POOL_LOADING)
            add(&l, true, "%s %s", s->pool[i].name, s->pool[i].server.alert);
    for (int k = 0; k < CHECKS; k++)
        validity(&l, s, (enum check_id)k);
    for (unsigned i = 0; i < s->thresholds; i++)
        if (s->threshold[i].known && !s->threshold[i].ok)
            add(&l, false, "THRESHOLD %s FAILED%s", s->threshold[i].expr,
                threshold_value(&s->threshold[i], value, sizeof value));
    return l.n;
}

void alerts_draw(struct cells *c, const struct snapshot *s, const struct layout *l)
{
    struct rect r = l->panel[PANEL_ALERTS];
    struct alert alert[ALERTS_MAX];
    int n = alerts_collect(s, alert, ALERTS_MAX);

    for (int i = 0; i < n && i < r.h; i++) {
        enum role role = alert[i].bad ? ROLE_ALERT_ROW : ROLE_CAUTION_ROW;
        char more[32] = "";
        int w = r.w, x;

        if (i == r.h - 1 && n > r.h) {
            snprintf(more, sizeof more, " +%d more ", n - r.h);
            w -= text_width(more);
        }
        cells_fill(c, rect_of(r.x, r.y + i, r.w, 1), ' ', role);
        x = box_chip(c, r.x, r.y + i, alert[i].bad ? ROLE_ALERT : ROLE_CAUTION, c->glyphs->alert);
        cells_field(c, x + 1, r.y + i, r.x + w - x - 1, ALIGN_LEFT, role, alert[i].text);
        if (more[0])
            cells_text(c, r.x + w, r.y + i, role, more);
    }
}
