/* The events: every change, pause, mark and reconnect, with its effect; see events.h.
 *
 * A change is shown with throughput and latency before and after, the difference with its 95 %
 * interval, and whether it is more than noise. Other events have a text. */
#include "ui/views/events.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/stats/differ.h"
#include "ui/draw/box.h"
#include "ui/draw/table.h"
#include "ui/draw/wrap.h"
#include "ui/panels/changes.h"
#include "ui/panels/lists.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

enum {
    COL_WHEN,
    COL_BY,
    COL_POOL,
    COL_WHAT,
    COL_BEFORE,
    COL_AFTER,
    COL_CHANGE,
    COL_INTERVAL,
    COL_REAL,
    COL_P99
};

static const struct column event_columns[] = {
    {"WHEN", 8, 8, ALIGN_LEFT, 0},      {"BY", 6, 6, ALIGN_LEFT, 4},
    {"POOL", 6, 12, ALIGN_LEFT, 0},     {"WHAT", 19, 60, ALIGN_LEFT, 0},
    {"BEFORE/s", 8, 8, ALIGN_RIGHT, 5}, {"AFTER/s", 7, 8, ALIGN_RIGHT, 5},
    {"CHANGE/s", 8, 8, ALIGN_RIGHT, 0}, {"95 % INTERVAL", 16, 18, ALIGN_LEFT, 2},
    {"IS IT?", 9, 9, ALIGN_LEFT, 0},    {"p99 BEFORE, AFTER", 18, 20, ALIGN_LEFT, 6},
    {NULL, 0, 0, ALIGN_LEFT, 0}};

static double change_of(const struct event *e)
{
    return event_is_change(e) ? e->after_per_s - e->before_per_s : NAN;
}

/* The order of two events. By column 0: the newest first. By numeric columns: descending, events
 * without a value last. */
static int order(const struct event *a, const struct event *b, int column)
{
    double x = 0, y = 0;

    switch (column) {
    case COL_BY:
        return strcmp(event_who(a), event_who(b));
    case COL_POOL:
        return strcmp(a->pool, b->pool);
    case COL_WHAT:
        return strcmp(a->what, b->what);
    case COL_BEFORE:
        x = a->before_per_s, y = b->before_per_s;
        break;
    case COL_AFTER:
        x = a->after_per_s, y = b->after_per_s;
        break;
    case COL_CHANGE:
    case COL_INTERVAL:
    case COL_REAL:
        x = change_of(a), y = change_of(b);
        break;
    case COL_P99:
        x = a->after_p99, y = b->after_p99;
        break;
    default:
        return 0;
    }
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return x < y ? 1 : x > y ? -1 : 0;
}

int events_rows(const struct snapshot *s, const struct screen *sc, unsigned *index, int max)
{
    int n = (int)s->events < max ? (int)s->events : max, column = sc->sort[sc->view];
    bool invert = sc->invert[sc->view];

    for (int i = 0; i < n; i++) {
        unsigned newest = s->events - 1 - (unsigned)i;
        int at = i;

        while (column > COL_WHEN && at > 0 &&
               (invert ? -1 : 1) * order(&s->event[newest], &s->event[index[at - 1]], column) < 0) {
            index[at] = index[at - 1];
            at--;
        }
        index[at] = newest;
    }
    for (int i = 0; column <= COL_WHEN && invert && i < n / 2; i++) {
        unsigned t = index[i];

        index[i] = index[n - 1 - i];
        index[n - 1 - i] = t;
    }
    return n;
}

static bool found(const struct event *e, const char *find)
{
    return text_has(e->what, find) || text_has(e->pool, find) || text_has(e->to, find);
}

static void what_text(const struct cells *c, const struct event *e, char *buf, size_t size)
{
    if (e->kind == EVENT_SERVER) /* the column beside it names the source */
        copy_str(buf, size, e->to);
    else if (e->from[0] && e->to[0])
        snprintf(buf, size, "%s %s %s %s", e->what, e->from, c->glyphs->arrow, e->to);
    else
        snprintf(buf, size, "%s%s%s", e->what, e->to[0] ? " " : "", e->to);
}

/* The verdict on an event's effect: "real", "noise", or why there is none yet. */
static const char *verdict(const struct event *e, const struct snapshot *s)
{
    if (!e->settled && event_is_halt(e))
        return "-";
    if (!e->settled)
        return isnan(change_of(e)) && (s->ended || s->now_s - e->t_s > 25) ? "too short"
                                                                           : "measuring";
    if (isnan(change_of(e)) || isnan(e->diff_low))
        return "-";
    return differ_word(e->real);
}

static void effect(struct cells *c, const struct table *t, int y, const struct snapshot *s,
                   const struct event *e)
{
    double d = change_of(e);
    char text[64], low[32], high[32];

    table_put(c, t, y, COL_BEFORE, ROLE_TEXT, show_number(text, sizeof text, e->before_per_s));
    table_put(c, t, y, COL_AFTER, ROLE_TEXT, show_number(text, sizeof text, e->after_per_s));
    table_put(c, t, y, COL_CHANGE,
              !e->settled || !e->real ? ROLE_TEXT
              : d < 0                 ? ROLE_WARN
                                      : ROLE_GOOD,
              show_signed(text, sizeof text, d));
    if (isnan(e->diff_low) || isnan(e->diff_high))
        copy_str(text, sizeof text, "-");
    else
        snprintf(text, sizeof text, "%s .. %s", show_signed(low, sizeof low, e->diff_low),
                 show_signed(high, sizeof high, e->diff_high));
    table_put(c, t, y, COL_INTERVAL, ROLE_LABEL, text);
    table_put(c, t, y, COL_REAL, e->settled && e->real ? ROLE_STRONG : ROLE_DIM, verdict(e, s));
    snprintf(text, sizeof text, "%s %s %s", show_ns(low, sizeof low, e->before_p99),
             c->glyphs->arrow, show_ns(high, sizeof high, e->after_p99));
    table_put(c, t, y, COL_P99, ROLE_P99, isnan(e->before_p99 + e->after_p99) ? "-" : text);
}

static void event_row(struct cells *c, const struct table *t, struct rect r, int y,
                      const struct snapshot *s, const struct event *e)
{
    char text[320];

    table_put(c, t, y, COL_WHEN, ROLE_LABEL, show_clock(text, sizeof text, s, e->t_s, true));
    table_put(c, t, y, COL_BY, ROLE_DIM, event_who(e));
    table_put(c, t, y, COL_POOL, ROLE_ACCENT,
              show_name(c, text, sizeof text, e->pool, t->w[COL_POOL]));
    what_text(c, e, text, sizeof text);
    if (event_is_change(e)) {
        table_put(c, t, y, COL_WHAT, ROLE_STRONG, text);
        effect(c, t, y, s, e);
    } else { /* events that have only a text use the rest of the line for it */
        cells_field(c, t->x[COL_WHAT], y, r.x + r.w - 1 - t->x[COL_WHAT], ALIGN_LEFT, ROLE_TEXT,
                    text);
    }
}

/* The selected event in full, including text that did not fit into the table. */
static void detail(struct cells *c, struct rect r, const struct snapshot *s, const struct event *e)
{
    char clock[16], what[320], a[32], b[32], d[32], low[32], high[32];
    struct text t = {.limit = 1024};

    what_text(c, e, what, sizeof what);
    text_add(&t, "%s, %s: %s%s%s", show_clock(clock, sizeof clock, s, e->t_s, true), event_who(e),
             e->pool, e->pool[0] ? " " : "", what);
    if (event_is_change(e) && (e->settled || !event_is_halt(e))) {
        text_add(&t, ".\nThroughput %s/s %s %s/s", show_number(a, sizeof a, e->before_per_s),
                 c->glyphs->arrow, show_number(b, sizeof b, e->after_per_s));
        if (e->settled && !isnan(change_of(e)) && !isnan(e->diff_low))
            text_add(&t, ": %s/s, 95 %% interval %s .. %s: %s%s.",
                     show_signed(d, sizeof d, change_of(e)),
                     show_signed(low, sizeof low, e->diff_low),
                     show_signed(high, sizeof high, e->diff_high), differ_word(e->real),
                     e->real ? "" : ", for the interval has 0 in it");
        else
            text_add(&t, ": %s.",
                     isnan(change_of(e)) && s->now_s - e->t_s > 25
                         ? "changed again, or paused, too soon to measure"
                         : "still measuring, up to 10 s before and after");
        text_add(&t, " p99 %s %s %s.", show_ns(a, sizeof a, e->before_p99), c->glyphs->arrow,
                 show_ns(b, sizeof b, e->after_p99));
    }
    cells_hline(c, r.x, r.y, r.w, ROLE_BORDER);
    text_wrap(c, r.x + 2, r.y + 1, r.w - 3, r.h - 1, ROLE_TEXT, text_str(&t));
    text_free(&t);
}

static void events_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                        const struct layout *l)
{
    static unsigned index[EVENT_ROWS_MAX];
    int n = events_rows(s, sc, index, EVENT_ROWS_MAX), first, below;
    struct column columns[sizeof event_columns / sizeof *event_columns];
    char note[64];
    struct table t;
    struct rect r;

    memcpy(columns, event_columns, sizeof columns);
    columns[COL_POOL].width = show_names_width(s, 6, c->cols >= 100 ? 16 : 9);
    columns[COL_POOL].most = show_names_width(s, 6, 32);
    snprintf(note, sizeof note, "%llu", (unsigned long long)s->events_total);
    if (!list_begin(c, sc, l, "events", note, columns, &t, &r))
        return;
    below = n > 0 && r.h > 9 ? (r.w >= 100 ? 3 : 4) : 0;
    first = scroll_follow(sc, n, r.h - below);
    for (int i = first; i < n && i - first < r.h - below; i++) {
        const struct event *e = &s->event[index[i]];
        int y = r.y + i - first;

        list_row(c, sc, r, y, i);
        event_row(c, &t, r, y, s, e);
        if (sc->find[0] && found(e, sc->find))
            cells_attr(c, rect_of(r.x + 2, y, r.w - 3, 1), ATTR_UNDERLINE);
    }
    if (below)
        detail(c, rect_of(r.x, r.y + r.h - below, r.w, below), s,
               &s->event[index[sc->row[sc->view]]]);
    if (n == 0)
        cells_field(c, r.x + 2, r.y, r.w - 3, ALIGN_LEFT, ROLE_DIM, "nothing happened yet");
}

static bool events_row_has(const struct snapshot *s, const struct screen *sc, int row,
                           const char *find)
{
    static unsigned index[EVENT_ROWS_MAX];

    return row < events_rows(s, sc, index, EVENT_ROWS_MAX) && found(&s->event[index[row]], find);
}

const struct view view_events = {
    .name = "events",
    .help = "events: what was changed, and what that did",
    .plan = {.place = layout_one_table},
    .draw = events_draw,
    .own_rows = true,
    .row_has = events_row_has,
    .unsorted = "in the order of time, the newest first",
};
