/* Changes with their effects, one line each; the goal, the thresholds, and leftovers; see
 * changes.h. */
#include "ui/panels/changes.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/state/snapshot.h"
#include "engine/stats/differ.h"
#include "ui/draw/box.h"
#include "ui/draw/wrap.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

bool event_is_change(const struct event *e)
{
    if (e->kind == EVENT_REFUSED || e->by == BY_SERVER || e->by == BY_RULE)
        return false;
    if (event_is_halt(e) || e->kind == EVENT_OPS)
        return true;
    return e->from[0] && e->to[0]; /* a dial or an option: from one value to another */
}

/* The effect of switching load off need not be measured. */
bool event_is_halt(const struct event *e)
{
    return e->kind == EVENT_PAUSE || e->kind == EVENT_RESUME || e->kind == EVENT_STOP ||
           e->kind == EVENT_START;
}

const char *event_who(const struct event *e)
{
    switch (e->by) {
    case BY_KEY:
    case BY_COMMAND:
        return "you";
    case BY_AT:
        return "--at";
    case BY_SWEEP:
        return "sweep";
    case BY_SERVER:
        return "server";
    default:
        return "rule";
    }
}

/* Draws "+31k/s (+24k..+38k) real". The interval is never omitted. */
static int effect(struct cells *c, int x, int y, const struct event *e, const struct snapshot *s)
{
    char diff[32], low[32], high[32];
    double d = e->after_per_s - e->before_per_s;

    if (!e->settled && event_is_halt(e))
        return x;
    if (!e->settled) {
        if (isnan(d))
            return cells_text(c, x, y, ROLE_DIM,
                              s->ended                 ? "  ended too soon to measure"
                              : s->now_s - e->t_s > 25 ? "  changed again too soon to measure"
                                                       : "  measuring its effect");
        return cells_textf(c, x, y, ROLE_DIM, "  %s/s so far", show_signed(diff, sizeof diff, d));
    }
    if (isnan(d) || isnan(e->diff_low) || isnan(e->diff_high))
        return x;
    x = cells_textf(c, x, y, e->real ? (d < 0 ? ROLE_WARN : ROLE_GOOD) : ROLE_TEXT, "  %s/s",
                    show_signed(diff, sizeof diff, d));
    x = cells_textf(c, x, y, ROLE_LABEL, " (%s .. %s)", show_signed(low, sizeof low, e->diff_low),
                    show_signed(high, sizeof high, e->diff_high));
    x = cells_textf(c, x, y, e->real ? ROLE_STRONG : ROLE_DIM, " %s", differ_word(e->real));
    if (!isnan(e->after_p99 - e->before_p99))
        x = cells_textf(c, x, y, ROLE_TEXT, "  p99 %s",
                        show_signed_ns(diff, sizeof diff, e->after_p99 - e->before_p99));
    return x;
}

/* Draws when a change happened, who made it, and what it was. */
static int change_head(struct cells *c, int x, int y, const struct snapshot *s,
                       const struct event *e, bool with_seconds)
{
    char clock[16];

    x = cells_textf(c, x, y, ROLE_LABEL, "%s ",
                    show_clock(clock, sizeof clock, s, e->t_s, with_seconds));
    x = cells_textf(c, x, y, ROLE_DIM, "%-6s ", event_who(e));
    if (e->pool[0])
        x = cells_textf(c, x, y, ROLE_ACCENT, "%s ", e->pool);
    if (e->kind == EVENT_SERVER)
        return cells_text(c, x, y, ROLE_STRONG, e->to);
    x = cells_text(c, x, y, ROLE_TEXT, e->what);
    if (e->from[0] && e->to[0])
        x = cells_textf(c, x, y, ROLE_STRONG, " %s %s %s", e->from, c->glyphs->arrow, e->to);
    else if (e->to[0])
        x = cells_textf(c, x, y, ROLE_STRONG, " %s", e->to);
    return x;
}

/* One change in words, with its effect: "threads 3->4  +31k/s (+24k..+38k) real  p99 +1.1ms". The
 * parts are drawn from x; returns the column after it. */
static int change_draw(struct cells *c, int x, int y, int w, const struct snapshot *s,
                       const struct event *e, bool with_seconds)
{
    struct rect clip = cells_clip(c, rect_of(x, y, w, 1));
    int from = x;

    x = change_head(c, x, y, s, e, with_seconds);
    if (event_is_change(e))
        x = effect(c, x, y, e, s);
    cells_unclip(c, clip);
    show_ellipsis(c, rect_of(from, y, w, 1), x);
    return x;
}

/* Draws a change in a narrow column, where an event's text takes up to two lines. Returns the
 * number of rows used. */
static int change_wrapped(struct cells *c, struct rect r, int row, const struct snapshot *s,
                          const struct event *e)
{
    struct rect clip = cells_clip(c, r);
    int y = r.y + row, rows = r.h - row - 1, lines;
    char words[sizeof e->what + 256];
    struct event head = *e;

    snprintf(words, sizeof words, "%s%s%s", e->kind == EVENT_SERVER ? "" : e->what,
             e->kind == EVENT_SERVER || !e->to[0] ? "" : " ", e->to);
    head.what[0] = '\0';
    head.from = head.to = "";
    change_head(c, r.x + 1, y, s, &head, true);
    lines = text_wrap(c, r.x + 3, y + 1, r.w - 4, rows < 2 ? rows : 2, ROLE_TEXT, words);
    if (lines > 2 || lines > rows)
        show_ellipsis(c, rect_of(r.x, y + (rows < 2 ? rows : 2), r.w, 1), r.x + r.w + 1);
    cells_unclip(c, clip);
    return 1 + (lines < 2 ? lines : 2);
}

void changes_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                   const struct layout *l)
{
    char note[sizeof s->undo + 16] = "";
    struct rect r;
    int row = 0;

    (void)sc;
    if (s->undo[0])
        snprintf(note, sizeof note, "u undoes: %s", s->undo);
    if (!box_panel(c, l, PANEL_CHANGES, "changes", note, &r))
        return;
    for (unsigned i = s->events; i-- > 0 && row < r.h;) {
        const struct event *e = &s->event[i];

        if (r.h == 1 && !event_is_change(e))
            continue;
        if (r.w < 76 && r.h >= 4 && event_is_change(e) && row + 1 < r.h) { /* its effect below it */
            struct rect clip = cells_clip(c, r);

            change_head(c, r.x + 1, r.y + row, s, e, true);
            effect(c, r.x + 8, r.y + row + 1, e, s);
            cells_unclip(c, clip);
            row += 2;
            continue;
        }
        if (r.w < 76 && r.h >= 4 && row + 1 < r.h && strlen(e->to) > 8) {
            row += change_wrapped(c, r, row, s, e);
            continue;
        }
        change_draw(c, r.x + 1, r.y + row++, r.w - 1, s, e, r.w >= 60 && r.h > 1);
    }
    if (row == 0)
        cells_field(c, r.x + 1, r.y, r.w - 1, ALIGN_LEFT, ROLE_DIM,
                    "nothing changed yet: + adds a thread, and its effect stands here");
}

static int goal(struct cells *c, const struct snapshot *s, const struct screen *sc, int x, int y)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char want[32], now[32];
    double best = NAN;

    if (!(s->goal_per_s > 0) || !p)
        return x;
    for (unsigned i = 0; i < p->plateaus; i++)
        if (p->plateau[i].valid)
            best = fmax(best, p->plateau[i].throughput_per_s);
    x = cells_textf(c, x, y, ROLE_LABEL, "GOAL ");
    x = cells_textf(c, x, y, ROLE_TEXT, "%s %s/s ", p->name,
                    show_number(want, sizeof want, s->goal_per_s));
    if (!isnan(p->now_per_s)) {
        bool met = p->now_per_s >= s->goal_per_s;

        x = cells_text(c, x, y, met ? ROLE_GOOD : ROLE_BAD, met ? "held " : "MISSED ");
    }
    if (!isnan(best))
        x = cells_textf(c, x, y, ROLE_STRONG, "headroom %.2f%s (%s/s valid)", best / s->goal_per_s,
                        c->glyphs->times, show_number(now, sizeof now, best));
    return x + 2;
}

void goal_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                const struct layout *l)
{
    struct rect r = l->panel[PANEL_GOAL], clip;
    int x = r.x + 1;

    if (r.h == 0)
        return;
    clip = cells_clip(c, r);
    x = goal(c, s, sc, x, r.y);
    if (s->thresholds > 0 && r.w >= 100)
        x = cells_text(c, x, r.y, ROLE_LABEL, "THRESHOLDS ");
    for (unsigned i = 0; i < s->thresholds; i++) {
        const struct threshold_state *t = &s->threshold[i];

        x = cells_textf(c, x, r.y, ROLE_TEXT, "%s ", t->expr);
        x = cells_text(c, x, r.y,
                       !t->known ? ROLE_DIM
                       : t->ok   ? ROLE_GOOD
                                 : ROLE_BAD,
                       !t->known ? "-"
                       : t->ok   ? "ok"
                                 : "FAILED");
        x += 2;
    }
    cells_unclip(c, clip);
}

/* Draws goal and thresholds in a few words. What has failed is among the alerts already. */
static int goal_short(struct cells *c, const struct snapshot *s, const struct screen *sc, int x,
                      int y)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    unsigned failed = 0, known = 0;
    char want[32];

    if (s->goal_per_s > 0 && p) {
        bool met = p->now_per_s >= s->goal_per_s;

        x = cells_textf(c, x, y, ROLE_LABEL, "GOAL ");
        x = cells_textf(c, x, y, ROLE_TEXT, "%s/s ", show_number(want, sizeof want, s->goal_per_s));
        x = isnan(p->now_per_s)
                ? cells_text(c, x, y, ROLE_DIM, "-")
                : cells_text(c, x, y, met ? ROLE_GOOD : ROLE_BAD, met ? "held" : "MISSED");
        x += 2;
    }
    for (unsigned i = 0; i < s->thresholds; i++) {
        known += s->threshold[i].known;
        failed += s->threshold[i].known && !s->threshold[i].ok;
    }
    if (s->thresholds > 0) {
        x = cells_textf(c, x, y, ROLE_LABEL, "THRESHOLDS ");
        x = failed ? cells_textf(c, x, y, ROLE_BAD, "%u of %u FAILED", failed, s->thresholds)
                   : cells_textf(c, x, y, known ? ROLE_GOOD : ROLE_DIM, "%u of %u ok", known,
                                 s->thresholds);
        x += 2;
    }
    return x;
}

/* One kind of leftovers, summed over all pools. */
struct left {
    const char *kind, *what; /* what: of the first entry of this kind */
    json_int_t count;
    bool known;
};

static int left_sum(const struct snapshot *s, struct left *left, int max)
{
    int n = 0;

    for (unsigned i = 0; i < s->pools; i++) {
        size_t j;
        json_t *item;

        json_array_foreach(s->pool[i].server.leftovers, j, item)
        {
            const char *kind = json_string_value(json_object_get(item, "kind"));
            const json_t *count = json_object_get(item, "count");
            int at = 0;

            while (kind && at < n && strcmp(left[at].kind, kind))
                at++;
            /* objects removed at the end of the run are not leftovers */
            if (!kind || at == max || json_object_get(item, "until"))
                continue;
            if (at == n)
                left[n++] =
                    (struct left){kind, json_string_value(json_object_get(item, "what")), 0, true};
            left[at].known = left[at].known && json_is_integer(count);
            left[at].count += json_integer_value(count);
        }
    }
    return n;
}

/* Draws one line with the goal and the leftovers, for the standard size. */
static void left_short(struct cells *c, const struct snapshot *s, const struct screen *sc,
                       struct rect r)
{
    struct left left[8];
    int n = left_sum(s, left, 8);
    int x = goal_short(c, s, sc, r.x + 1, r.y);
    char count[32];

    x = cells_text(c, x, r.y, ROLE_LABEL, "LEFT BEHIND ");
    for (int i = 0; i < n; i++) /* without counts, show the names instead */
        x = left[i].known ? cells_textf(c, x, r.y, ROLE_TEXT, "%s%s %s", i ? ", " : "",
                                        format_count(count, sizeof count, (uint64_t)left[i].count),
                                        left[i].kind)
                          : cells_textf(c, x, r.y, ROLE_TEXT, "%s%s %s", i ? ", " : "",
                                        left[i].kind, left[i].what ? left[i].what : "");
    if (n == 0)
        x = cells_text(c, x, r.y, ROLE_DIM, "nothing");
    show_ellipsis(c, r, x);
}

static const char *member(const json_t *item, const char *name)
{
    const char *word = json_string_value(json_object_get(item, name));

    return word ? word : "";
}

/* The number of pools after pool i that have the same leftover without a count; *before: the number
 * before it. */
static unsigned left_alike(const struct snapshot *s, unsigned i, const json_t *item,
                           unsigned *before)
{
    unsigned after = 0;

    *before = 0;
    for (unsigned k = 0; k < s->pools && !json_is_integer(json_object_get(item, "count")); k++) {
        size_t j;
        json_t *other;

        if (k == i || strcmp(s->pool[k].target, s->pool[i].target) != 0)
            continue;
        json_array_foreach(s->pool[k].server.leftovers, j, other)
        {
            bool same = !strcmp(member(item, "kind"), member(other, "kind")) &&
                        !strcmp(member(item, "what"), member(other, "what"));

            *before += same && k < i;
            after += same && k > i;
        }
    }
    return after;
}

static int left_item(struct cells *c, int x, int y, const json_t *item)
{
    const json_t *n = json_object_get(item, "count");
    char count[32] = "";

    if (json_is_integer(n))
        format_count(count, sizeof count, (uint64_t)json_integer_value(n));
    return cells_textf(c, x, y, ROLE_TEXT, " %s%s%s %s%s   ", count, count[0] ? " " : "",
                       member(item, "kind"), member(item, "what"),
                       json_object_get(item, "until") ? " (removed at the end)" : "");
}

void left_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                const struct layout *l)
{
    struct rect r = l->panel[PANEL_LEFT], clip;
    bool any = false;
    int x;

    if (r.h == 0)
        return;
    clip = cells_clip(c, r);
    if (l->size == LAYOUT_STANDARD) {
        left_short(c, s, sc, r);
        cells_unclip(c, clip);
        return;
    }
    x = cells_text(c, r.x + 1, r.y, ROLE_LABEL, "LEFT BEHIND  ");
    for (unsigned i = 0; i < s->pools; i++) {
        size_t j;
        json_t *item;

        json_array_foreach(s->pool[i].server.leftovers, j, item)
        {
            unsigned before, others = left_alike(s, i, item, &before);

            if (before) /* it is already listed together with another pool */
                continue;
            x = cells_text(c, x, r.y, ROLE_ACCENT, s->pool[i].name);
            if (others)
                x = cells_textf(c, x, r.y, ROLE_LABEL, " and %u more", others);
            x = left_item(c, x, r.y, item);
            any = true;
        }
    }
    if (!any)
        cells_text(c, x, r.y, ROLE_DIM, "nothing");
    cells_unclip(c, clip);
    show_ellipsis(c, r, x - 3);
}
