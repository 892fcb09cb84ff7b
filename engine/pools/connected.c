/* Is a pool connected as it is wanted?
 *
 * DOWN: no connection is up. A shortage: some are, but fewer than wanted, or fewer of the parts
 * that the backend reports (struct stat_part). The load goes on then.
 *
 * The time of it is measured by looking at each tick, however short it is each time, and counts
 * against the validity of the run. A connection that is being opened is not missing for OPENING_NS
 * after it was asked for, however many come up meanwhile: after that all of the time counts, and so
 * it does if the load ends first. One that stood, or could not be established, is missing at once.
 * (Plateaus are judged by what was up in each of their tenths, see lights.c.)
 *
 * An event needs more: a shortage that lasts, for DOWN_AFTER_NS without another connection coming
 * up if one could not be established, else for longer than an opening may take. Called by
 * pool_life.c and pool_change.c. */
#include "engine/pools/connected.h"

#include "engine/base/text.h"
#include "engine/figures/events.h"
#include "engine/figures/plateau.h"
#include "engine/load/worker.h"
#include "engine/load/workers.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/state/pool_figures.h"

#include <stdio.h>
#include <string.h>

#define TICK_NS (100 * NS_PER_MS)
#define DOWN_AFTER_NS (150 * NS_PER_MS)
#define OPENING_NS ((ASKED_TICKS - 1) * TICK_NS) /* a second: a first handshake may be slow */
#define SHORT_AFTER_NS (6 * NS_PER_S) /* the engine gives up an opening after 5 s at most */

/* Why something is not up: a short name of it, and the whole reason. */
struct cause {
    char name[CONN_CLASS_MAX], text[224];
    bool unsaid; /* there is a message, and it cannot be read now: text is the name */
};

/* The newest failure of a connection among the workers: its class, and its message. */
static void newest_failure(struct pool *p, struct cause *c)
{
    char why[192] = "";
    uint64_t newest = 0;
    c->name[0] = '\0';
    for (unsigned i = 0; i < pool_sup(p)->workers; i++) {
        const struct supervised_worker *w = pool_sup(p)->worker[i];
        if (!w->reaped)
            worker_conn_failure(w->worker, &newest, c->name, why, sizeof why);
    }
    c->unsaid = c->name[0] && !why[0];
    snprintf(c->text, sizeof c->text, "%s%s%s", c->name, why[0] ? ": " : "", why);
}

/* Is this the first failure of this class in this outage or shortage? A server that is killed and
 * comes back with another password gives "closed", "refused", then "auth": each is reported once,
 * however long it lasts. */
static bool is_new(struct causes_told *t, const char *name)
{
    for (unsigned i = 0; i < t->n; i++)
        if (strcmp(t->name[i], name) == 0)
            return false;
    if (t->n == CAUSES_TOLD_MAX)
        return false;
    copy_str(t->name[t->n++], sizeof t->name[0], name);
    return true;
}

/* ---- a shortage ---- */

/* What is up and what is wanted. */
struct seen {
    uint32_t up, wanted; /* connections */
    uint64_t refused;    /* how often one could not be established, since the start */
    struct stat_part part[STAT_PARTS_MAX];
    unsigned parts;
};

/* Connections that a draining thread still has do not make up for those that others lack; those of a
 * thread that hangs are neither up nor wanted. `fresh`: as the workers published them last, not as of
 * the last tick. */
static void look(struct pool *p, bool fresh, struct seen *n)
{
    struct pool_supervised *sup = pool_sup(p);
    n->up = n->wanted = 0;
    n->refused = 0;
    for (unsigned i = 0; i < sup->workers; i++) {
        struct supervised_worker *w = sup->worker[i];
        if (fresh && !w->reaped)
            recorder_read(worker_recorder(w->worker), &w->seen);
        uint64_t wanted = w->reaped || w->stuck ? 0 : w->seen.connections_wanted;
        n->up += (uint32_t)(w->seen.connected < wanted ? w->seen.connected : wanted);
        n->wanted += (uint32_t)wanted;
        n->refused += w->seen.refused;
    }
    const struct stats *s = &pool_lock(p)->stats;
    n->parts = s->parts < STAT_PARTS_MAX ? s->parts : STAT_PARTS_MAX;
    memcpy(n->part, s->part, sizeof n->part);
    pool_unlock(p);
}

/* A part that is missing, or NULL. */
static const struct stat_part *missing_part(const struct seen *n)
{
    for (unsigned i = 0; i < n->parts; i++)
        if (n->part[i].up < n->part[i].wanted)
            return &n->part[i];
    return NULL;
}

/* The smallest share that is up: 1: nothing is missing. */
static double share_up(const struct seen *n)
{
    double least = n->up < n->wanted ? (double)n->up / n->wanted : 1;
    for (unsigned i = 0; i < n->parts; i++)
        if (n->part[i].up < least * n->part[i].wanted)
            least = (double)n->part[i].up / n->part[i].wanted;
    return least;
}

/* Writes what is missing: "2 of 3 nodes, 4 of 6 connections". */
static void name_missing(const struct seen *n, char *buf, size_t size)
{
    size_t len = 0;
    const char *gap = "";
    for (unsigned i = 0; i <= n->parts; i++) {
        bool part = i < n->parts;
        uint32_t up = part ? n->part[i].up : n->up, wanted = part ? n->part[i].wanted : n->wanted;
        if (up >= wanted)
            continue;
        len = text_append(buf, size, len, "%s%u of %u %s", gap, up, wanted,
                          part ? n->part[i].noun : "connections");
        gap = ", ";
    }
}

/* Writes that everything is up: "all 3 nodes, 6 connections up". What there is only one of is
 * mentioned if there is nothing else. */
static void name_all(const struct seen *n, char *buf, size_t size)
{
    const char *gap = "all ";
    size_t len = 0;
    for (unsigned i = 0; i <= n->parts; i++) {
        uint32_t wanted = i < n->parts ? n->part[i].wanted : n->wanted;
        if (wanted < 2)
            continue;
        len = text_append(buf, size, len, "%s%u %s", gap, wanted,
                          i < n->parts ? n->part[i].noun : "connections");
        gap = ", ";
    }
    text_append(buf, size, len, "%s up", len ? "" : "the connection is");
}

static void find_cause(struct pool *p, const struct seen *n, struct cause *c)
{
    const struct stat_part *part = missing_part(n);
    c->unsaid = false;
    if (!part) {
        newest_failure(p, c);
        return;
    }
    text_append(c->name, sizeof c->name, 0, "%u %s", part->up, part->noun);
    copy_str(c->text, sizeof c->text, part->why);
}

/* Adds the time since the last call, as far as it is load that is recorded. */
static void count_time(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct shortage *s = &sup->shortage;
    uint64_t from = s->counted_ns > sup->record_from_ns ? s->counted_ns : sup->record_from_ns;
    if (s->since_ns && !sup->paused && now_ns > from)
        *(s->missing ? &s->lasted_ns : &s->opening_ns) += now_ns - from;
    if (now_ns > s->counted_ns)
        s->counted_ns = now_ns;
}

/* Notes what is wanted at this tick. */
static void note_asked(struct shortage *s, uint32_t wanted)
{
    memmove(s->asked + 1, s->asked, sizeof s->asked - sizeof s->asked[0]);
    s->asked[0] = wanted;
}

/* For how many ticks more than `up` have been asked for without a break, this one included. While a
 * ramp runs the newest ones are missing all the time, and each of them only for a moment. */
static unsigned ticks_asked(const struct shortage *s, uint32_t up)
{
    unsigned ticks = 0;
    while (ticks < ASKED_TICKS && s->asked[ticks] > up)
        ticks++;
    return ticks;
}

/* It is missing, from the last_ns of what was taken for an opening on. */
static void count_as_missing(struct shortage *s, uint64_t last_ns)
{
    s->missing = true;
    s->lasted_ns += s->opening_ns < last_ns ? s->opening_ns : last_ns;
    s->opening_ns = 0;
}

/* Does what is being opened count as missing from now on? `last`: the load ends, and what it still
 * lacks counts; in a ramp only for as long as it was asked for. */
static void judge_opening(struct shortage *s, const struct seen *n, uint64_t now_ns, bool last)
{
    unsigned ticks = ticks_asked(s, n->up);
    uint64_t asked_ns = ticks < s->looks ? (ticks - 1) * TICK_NS : now_ns - s->since_ns;
    if (missing_part(n) || n->refused > s->refused || n->up < s->stood || ticks == ASKED_TICKS)
        count_as_missing(s, UINT64_MAX);
    else if (last && asked_ns >= DOWN_AFTER_NS)
        count_as_missing(s, ticks < s->looks ? asked_ns : UINT64_MAX);
}

/* Puts it into words, and keeps the worst moment. */
static void describe(struct pool *p, const struct seen *n, struct cause *c)
{
    struct shortage *s = &pool_sup(p)->shortage;
    find_cause(p, n, c);
    name_missing(n, s->what, sizeof s->what);
    text_append(s->why, sizeof s->why, 0, "%s up%s%s", s->what, c->text[0] ? ": " : "", c->text);
    copy_str(s->cause, sizeof s->cause, missing_part(n) ? "" : c->name);
    s->share = share_up(n);
    if (s->missing && (!s->worst[0] || s->share < s->worst_share)) {
        s->worst_share = s->share;
        text_append(s->worst, sizeof s->worst, 0, "%s up%s%s", s->what, s->cause[0] ? ": " : "",
                    s->cause);
    }
}

/* Nothing is missing any more, or the load ends. */
static void forget(struct shortage *s, const struct seen *n)
{
    s->since_ns = s->newest_ns = s->opening_ns = 0;
    s->looks = 0;
    s->missing = s->lasting = false;
    s->told.n = 0;
    s->refused = n->refused;
    s->most_up = s->stood = n->up;
}

/* Everything is up again. */
static void end_shortage(struct pool *p, const struct seen *n, uint64_t now_ns)
{
    struct shortage *s = &pool_sup(p)->shortage;
    char text[128];
    name_all(n, text, sizeof text);
    if (s->told.n && (n->wanted || n->parts))
        engine_event(p->engine, p, EVENT_UP, "", text, BY_SERVER);
    if (s->lasting)
        plateau_restart(p, engine_seconds(p->engine, now_ns));
    forget(s, n);
}

/* Begins a shortage, or notes that more of it came up: its event waits for the others again. A
 * change of what is wanted does not renew the wait: it would never end while a ramp runs. */
static void note_progress(struct pool *p, const struct seen *n, bool back, uint64_t now_ns)
{
    const struct pool_supervised *sup = pool_sup(p);
    struct shortage *s = &pool_sup(p)->shortage;
    bool more = n->up > s->most_up;
    if (!s->since_ns) {
        s->since_ns = s->newest_ns = s->counted_ns = sup->ever_up ? now_ns : sup->load_from_ns;
        s->most_up = n->up;
        count_time(p, now_ns);
    } else if (back || (more && !s->lasting)) {
        s->newest_ns = now_ns;
        s->most_up = n->up;
    }
    if (back) {
        s->lasting = false;
        s->told.n = 0;
    }
    if (s->stood > n->wanted)
        s->stood = n->wanted;
}

/* Looks for a shortage. `last`: the load ends now, and there is nothing more to wait for. */
static void supervise_shortage(struct pool *p, const struct seen *n, uint64_t now_ns, bool last)
{
    struct shortage *s = &pool_sup(p)->shortage;
    struct cause c;
    bool back = !s->up && n->up; /* the end of an outage: they come up one after the other */
    s->up = n->up;
    s->wanted = n->wanted;
    count_time(p, now_ns);
    note_asked(s, n->wanted);
    if (share_up(n) >= 1) {
        end_shortage(p, n, now_ns);
        return;
    }
    note_progress(p, n, back, now_ns);
    s->looks++;
    bool part = missing_part(n) != NULL, refused = n->refused > s->refused;
    uint64_t waited = now_ns - s->newest_ns;
    if (!s->missing)
        judge_opening(s, n, now_ns, last);
    if (n->up > s->stood)
        s->stood = n->up;
    describe(p, n, &c);
    if (!s->lasting && !part && !(last && refused) &&
        waited < (refused || last ? DOWN_AFTER_NS : SHORT_AFTER_NS))
        return;
    if (!s->lasting) /* another load than until now */
        plateau_restart(p, engine_seconds(p->engine, now_ns));
    s->lasting = true;
    if (n->up && (last || !c.unsaid) && is_new(&s->told, c.name))
        engine_event(p->engine, p, EVENT_PARTIAL, "", s->why, BY_SERVER);
}

void connected_end(struct pool *p, uint64_t now_ns)
{
    struct shortage *s = &pool_sup(p)->shortage;
    struct seen n;
    look(p, true, &n);
    supervise_shortage(p, &n, now_ns, true);
    forget(s, &n);
    s->most_up = s->stood = 0;
    memset(s->asked, 0, sizeof s->asked);
}

/* ---- the state ---- */

void connected_supervise(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct seen n;
    look(p, false, &n);
    supervise_shortage(p, &n, now_ns, false);
    if (sup->figures->monitor.total.connected > 0) {
        sup->ever_up = true;
        sup->unconnected_ns = 0;
        sup->outage.n = 0;
        if (sup->state == POOL_DOWN)
            engine_event(p->engine, p, EVENT_UP, "", "connections stand again", BY_SERVER);
        pool_set_state(p, sup->paused ? POOL_PAUSED : POOL_LOADING, now_ns, "%s",
                       sup->shortage.lasting ? sup->shortage.why : "");
        return;
    }
    if (!sup->unconnected_ns)
        sup->unconnected_ns = now_ns;
    if (now_ns - sup->unconnected_ns < (sup->ever_up ? DOWN_AFTER_NS : OPENING_NS))
        return;
    struct cause c;
    newest_failure(p, &c);
    if (!c.text[0])
        copy_str(c.text, sizeof c.text, "no connection");
    if (!c.unsaid && is_new(&sup->outage, c.name))
        engine_event(p->engine, p, EVENT_DOWN, "", c.text, BY_SERVER);
    pool_set_state(p, POOL_DOWN, now_ns, "%s", c.text);
}
