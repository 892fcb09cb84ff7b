/* The header: the overall state in one line; see header.h. Segments are dropped by rank until the
 * line fits; the state of the load is never dropped. */
#include "ui/views/header.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/pattern.h"
#include "engine/state/snapshot.h"
#include "ui/draw/box.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/panels/tabs.h"
#include "ui/term/glyphs.h"

struct segment {
    char text[96];
    enum role role;
    bool chip;
    int rank; /* 0: never dropped; otherwise the highest is dropped first */
};
#define SEGMENTS_MAX 16
struct segments {
    struct segment s[SEGMENTS_MAX];
    int n;
};

static void add(struct segments *l, enum role role, bool chip, int rank, const char *text)
{
    struct segment *s = &l->s[l->n < SEGMENTS_MAX - 1 ? l->n++ : SEGMENTS_MAX - 1];

    s->role = role;
    s->chip = chip;
    s->rank = rank;
    copy_str(s->text, sizeof s->text, text);
}

/* The progress of a sweep, and its estimated end. */
static void sweep_state(struct segments *l, const struct snapshot *s)
{
    char text[160];

    unsigned step = s->sweep.step + 1; /* number of the step that is being measured */

    if (s->sweep.steps > 0)
        snprintf(text, sizeof text, "SWEEP %u/%u", step < s->sweep.steps ? step : s->sweep.steps,
                 s->sweep.steps);
    else
        snprintf(text, sizeof text, "SWEEP %u", step);
    add(l, ROLE_FROZEN, true, 0, text);
    if (*show_left(text, sizeof text, "", s->sweep.left_s))
        add(l, ROLE_TEXT, false, 3, text);
    if (s->sweep.now[0]) {
        snprintf(text, sizeof text, "%.40s", s->sweep.now);
        add(l, ROLE_LABEL, false, 7, text);
    }
}

static void load_state(struct segments *l, const struct snapshot *s)
{
    unsigned on = 0, paused = 0, down = 0, draining = 0, opening = 0;
    char text[64];

    for (unsigned i = 0; i < s->pools; i++) {
        on += s->pool[i].state == POOL_LOADING;
        paused += s->pool[i].state == POOL_PAUSED;
        down += s->pool[i].state == POOL_DOWN;
        draining += s->pool[i].state == POOL_DRAINING;
        opening += s->pool[i].state == POOL_OPENING;
    }
    if (s->ended) {
        snprintf(text, sizeof text, "ENDED%s%s", s->ended_by ? " by " : "",
                 end_reason_name(s->ended_by));
        add(l, ROLE_STATE_IDLE, true, 0, text);
    } else if (s->pools == 0) {
        add(l, ROLE_STATE_IDLE, true, 0, "NO POOLS");
    } else if (on > 0) {
        snprintf(text, sizeof text, "LOAD ON %u/%u", on, s->pools);
        add(l, ROLE_STATE_ON, true, 0, text);
    } else if (draining > 0) {
        add(l, ROLE_STATE_PAUSED, true, 0, "DRAINING");
    } else if (paused == 0 && opening > 0) {
        add(l, ROLE_STATE_IDLE, true, 0, "OPENING");
    } else if (paused == 0) {
        snprintf(text, sizeof text, "LOAD OFF 0/%u", s->pools);
        add(l, ROLE_STATE_IDLE, true, 0, text);
    }
    if (paused > 0 && !s->ended) {
        snprintf(text, sizeof text, on == 0 ? "PAUSED %u/%u" : "%u PAUSED", paused, s->pools);
        add(l, ROLE_STATE_PAUSED, true, 0, text);
    }
    if (s->sweep.on && !s->ended)
        sweep_state(l, s);
    if (down > 0 && !s->ended) {
        snprintf(text, sizeof text, "%u DOWN", down);
        add(l, ROLE_STATE_DOWN, true, 0, text);
    }
}

static void times(struct segments *l, const struct snapshot *s)
{
    char text[64], clock[24], end[24];

    add(l, ROLE_STRONG, false, 1, format_clock(clock, sizeof clock, s->now_s));
    if (s->ended)
        return;
    if (isnan(s->ends_s)) {
        add(l, ROLE_DIM, false, 9, "no end set");
    } else {
        snprintf(text, sizeof text, "ends %s", show_clock(end, sizeof end, s, s->ends_s, true));
        add(l, ROLE_TEXT, false, 4, text);
    }
}

/* Other clients of the targets: shows the largest number; unknown is not shown as 0. */
static void others(struct segments *l, const struct snapshot *s)
{
    const struct pool_snapshot *most = NULL;
    unsigned known = 0;
    char text[96];

    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_snapshot *p = &s->pool[i];

        known += p->server.other_clients >= 0;
        if (p->server.other_clients > 0 &&
            (!most || p->server.other_clients > most->server.other_clients))
            most = p;
    }
    if (most) {
        snprintf(text, sizeof text, "%lld other%s on %s", (long long)most->server.other_clients,
                 most->server.other_clients == 1 ? "" : "s", most->name);
        add(l, ROLE_WARN, false, 4, text);
    } else if (known > 0 && known == s->pools) {
        add(l, ROLE_DIM, false, 10, "nobody else on it");
    }
}

static void where(struct segments *l, const struct snapshot *s)
{
    unsigned remote = 0;
    char text[96];

    for (unsigned i = 0; i < s->pools; i++)
        remote += !s->pool[i].local;
    if (s->pools == 0)
        return;
    if (remote == 0) {
        add(l, ROLE_LABEL, false, 5, "LOOPBACK");
    } else {
        snprintf(text, sizeof text, remote == s->pools ? "REMOTE" : "REMOTE %u/%u", remote,
                 s->pools);
        add(l, ROLE_WARN, false, 2, text);
    }
    others(l, s);
}

static void limits(struct segments *l, const struct snapshot *s)
{
    char text[96] = "", rate[32];
    bool local = true;

    for (unsigned i = 0; i < s->pools; i++)
        local = local && s->pool[i].local;
    if (s->limits.max_threads_given || !local)
        snprintf(text, sizeof text, "cap %u thr", s->limits.max_threads);
    if (s->limits.max_rate > 0)
        text_append(text, sizeof text, strlen(text), "%s%s/s", text[0] ? " " : "cap ",
                    format_number(rate, sizeof rate, s->limits.max_rate));
    if (text[0])
        add(l, ROLE_LABEL, false, 6, text);
    else
        add(l, ROLE_DIM, false, 10, "no caps");
}

static void generator(struct segments *l, const struct snapshot *s, const struct screen *sc,
                      bool wide)
{
    char text[96], cpu[16], mem[32], cost[16];
    enum role role = s->cpu_share > 0.8 ? ROLE_BAD : ROLE_TEXT;

    show_percent(cpu, sizeof cpu, s->cpu_share);
    if (wide) {
        snprintf(text, sizeof text, "gen %s: %s CPU, %s", s->host, cpu,
                 show_bytes(mem, sizeof mem, (double)s->rss_bytes));
        add(l, role, false, 3, text);
        if (!isnan(sc->cost_share)) {
            snprintf(text, sizeof text, "screen %s",
                     show_percent(cost, sizeof cost, sc->cost_share));
            add(l, ROLE_DIM, false, 11, text);
        }
    } else {
        snprintf(text, sizeof text, "gen %s", cpu);
        add(l, role, false, 3, text);
    }
}

static void protection(struct segments *l, const struct snapshot *s, const struct screen *sc)
{
    char text[64];

    if (sc->frozen) {
        snprintf(text, sizeof text, "DISPLAY FROZEN %.0f s", sc->real_s - sc->frozen_s);
        add(l, ROLE_FROZEN, true, 0, text);
    }
    if (s->limits.read_only)
        add(l, ROLE_LOCKED, true, 2, "READ-ONLY");
    if (s->limits.locked)
        add(l, ROLE_LOCKED, true, 0, "LOCKED");
    else
        add(l, ROLE_DIM, false, 3, "UNLOCKED");
}

static int segment_width(const struct segment *s)
{
    return text_width(s->text) + (s->chip ? 2 : 0);
}

static int total_width(const struct segments *l)
{
    int w = 0;

    for (int i = 0; i < l->n; i++)
        w += segment_width(&l->s[i]) + (i > 0 ? (l->s[i].chip && l->s[i - 1].chip ? 1 : 2) : 0);
    return w;
}

static void drop_worst(struct segments *l)
{
    int worst = -1;

    for (int i = 0; i < l->n; i++)
        if (l->s[i].rank > 0 && (worst < 0 || l->s[i].rank > l->s[worst].rank))
            worst = i;
    if (worst < 0)
        worst = l->n - 1;
    memmove(&l->s[worst], &l->s[worst + 1], (size_t)(l->n - worst - 1) * sizeof l->s[0]);
    l->n--;
}

/* On one status line the selected pool's figures replace all segments other than states. */
static void one_line(struct segments *l, const struct snapshot *s, const struct screen *sc)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char text[96], per_s[32], p99[32];

    if (!p)
        return;
    snprintf(text, sizeof text, "%s %s/s", p->name, show_number(per_s, sizeof per_s, p->now_per_s));
    add(l, ROLE_STRONG, false, 1, text);
    snprintf(text, sizeof text, "p99 %s", show_ns(p99, sizeof p99, p->now_response.q[Q_P99]));
    add(l, ROLE_P99, false, 2, text);
}

void header_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                 const struct layout *l)
{
    struct rect r = l->panel[PANEL_HEADER];
    struct segments list = {.n = 0};
    int x, spare;

    if (l->size == LAYOUT_FULL)
        add(&list, ROLE_TITLE, false, 8, "loadtop");
    load_state(&list, s);
    if (l->size == LAYOUT_LINE)
        one_line(&list, s, sc);
    times(&list, s);
    where(&list, s);
    limits(&list, s);
    generator(&list, s, sc, l->size == LAYOUT_FULL);
    protection(&list, s, sc);
    while (list.n > 1 && total_width(&list) > r.w - 1)
        drop_worst(&list);
    spare = r.w - 1 - total_width(&list);
    cells_back(c, r, ROLE_BAR);
    x = r.x + (l->size == LAYOUT_FULL ? 1 : 0);
    for (int i = 0; i < list.n; i++) {
        const struct segment *g = &list.s[i];

        if (i == list.n - 1 && spare > 0) /* the lock takes the right edge */
            x += spare - (l->size == LAYOUT_FULL ? 1 : 0);
        if (g->chip)
            x = box_chip(c, x, r.y, g->role, g->text);
        else
            x = cells_text(c, x, r.y, g->role, g->text);
        if (i + 1 < list.n)
            x += g->chip && list.s[i + 1].chip ? 1 : 2;
    }
}

void title_draw(struct cells *c, const struct snapshot *s, struct screen *sc,
                const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    struct rect r = l->panel[PANEL_TITLE], clip;
    int x, room = r.w - tabs_width(sc) - 4;
    char load[64], rate[32];

    if (r.h == 0)
        return;
    tabs_draw(c, sc, r.x + r.w - 2, r.y, r.w - 2); /* at the same position as in other views */
    if (!p)
        return;
    clip = cells_clip(c, rect_of(r.x, r.y, room, 1));
    x = cells_textf(c, r.x + 1, r.y, ROLE_LABEL, "%u ", p->number);
    x = cells_text(c, x, r.y, ROLE_STRONG, p->name) + 2;
    if (p->state != POOL_LOADING)
        x = box_chip(c, x, r.y, state_role(p->state), pool_state_name(p->state)) + 1;
    x = cells_textf(c, x, r.y, ROLE_TEXT, "%s %s",
                    show_load(load, sizeof load, p, c->glyphs->times),
                    pattern_name(p->load.pattern));
    if (p->load.rate_per_s > 0)
        x = cells_textf(c, x, r.y, ROLE_TEXT, ", %s/s asked",
                        show_number(rate, sizeof rate, p->load.rate_per_s));
    x = cells_textf(c, x + 2, r.y, ROLE_LABEL, "%s", p->target);
    if (p->server.version[0])
        x = cells_textf(c, x, r.y, ROLE_LABEL, " (%s)", p->server.version);
    cells_unclip(c, clip);
    show_ellipsis(c, rect_of(r.x, r.y, room, 1), x);
}
