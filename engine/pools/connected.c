/* Is a pool connected as it is wanted?
 *
 * DOWN: no connection is up. A shortage: some are, but fewer than wanted, or fewer of the parts
 * that the backend reports (struct stat_part). The load goes on then, with an event, and the time
 * of it counts against the validity of its plateaus and of the run.
 *
 * What lasts for a moment only is no shortage: connections that are being opened, or one that was
 * lost and is opened again at once. It has to last for DOWN_AFTER_NS without another connection
 * coming up if one could not be established, else for longer than an opening may take. Called by
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

#define DOWN_AFTER_NS (150 * NS_PER_MS)
#define NEVER_UP_AFTER_NS NS_PER_S    /* a first handshake may be slow */
#define SHORT_AFTER_NS (6 * NS_PER_S) /* the engine gives up an opening after 5 s at most */

/* Why something is not up: a short name of it, and the whole reason. */
struct cause {
    char name[CONN_CLASS_MAX], text[224];
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
    snprintf(c->text, sizeof c->text, "%s%s%s", c->name, c->name[0] ? ": " : "", why);
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

/* Connections that a draining thread still has do not make up for those that others lack. `fresh`:
 * as the workers published them last, not as of the last tick. */
static void look(struct pool *p, bool fresh, struct seen *n)
{
    struct pool_supervised *sup = pool_sup(p);
    n->up = n->wanted = 0;
    n->refused = 0;
    for (unsigned i = 0; i < sup->workers; i++) {
        struct supervised_worker *w = sup->worker[i];
        if (fresh && !w->reaped)
            recorder_read(worker_recorder(w->worker), &w->seen);
        uint64_t wanted = w->reaped ? 0 : w->seen.connections_wanted;
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

/* Writes what is missing: "2 of 3 nodes, 4 of 6 connections"; or all of it: "all 3 nodes, 6
 * connections" (not what there is one of: that can be missing only beside others). */
static void name_what(const struct seen *n, bool all, char *buf, size_t size)
{
    size_t len = text_append(buf, size, 0, "%s", all ? "all " : "");
    const char *gap = "";
    for (unsigned i = 0; i <= n->parts; i++) {
        bool part = i < n->parts;
        uint32_t up = part ? n->part[i].up : n->up, wanted = part ? n->part[i].wanted : n->wanted;
        const char *noun = part ? n->part[i].noun : "connections";
        if (all && wanted > 1)
            len = text_append(buf, size, len, "%s%u %s", gap, wanted, noun);
        else if (!all && up < wanted)
            len = text_append(buf, size, len, "%s%u of %u %s", gap, up, wanted, noun);
        else
            continue;
        gap = ", ";
    }
}

static void find_cause(struct pool *p, const struct seen *n, struct cause *c)
{
    const struct stat_part *part = missing_part(n);
    if (!part) {
        newest_failure(p, c);
        return;
    }
    text_append(c->name, sizeof c->name, 0, "%u %s", part->up, part->noun);
    copy_str(c->text, sizeof c->text, part->why);
}

/* Counts the time of a shortage, as far as it is load that is recorded. */
static void count_time(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct shortage *s = &sup->shortage;
    uint64_t from = s->counted_ns > sup->record_from_ns ? s->counted_ns : sup->record_from_ns;
    if (s->lasting && !sup->paused && now_ns > from)
        s->lasted_ns += now_ns - from;
    s->counted_ns = now_ns;
}

/* Puts it into words, and keeps the worst moment. */
static void describe(struct pool *p, const struct seen *n)
{
    struct shortage *s = &pool_sup(p)->shortage;
    struct cause c;
    find_cause(p, n, &c);
    name_what(n, false, s->what, sizeof s->what);
    text_append(s->why, sizeof s->why, 0, "%s up%s%s", s->what, c.text[0] ? ": " : "", c.text);
    copy_str(s->cause, sizeof s->cause, missing_part(n) ? "" : c.name);
    s->share = share_up(n);
    if (!s->worst[0] || s->share < s->worst_share) {
        s->worst_share = s->share;
        text_append(s->worst, sizeof s->worst, 0, "%s up%s%s", s->what, s->cause[0] ? ": " : "",
                    s->cause);
    }
    if (n->up && is_new(&s->told, c.name))
        engine_event(p->engine, p, EVENT_PARTIAL, "", s->why, BY_SERVER);
}

/* Ends the shortage: everything is up again. */
static void end_shortage(struct pool *p, const struct seen *n, uint64_t now_ns)
{
    struct shortage *s = &pool_sup(p)->shortage;
    char what[96], text[128];
    name_what(n, true, what, sizeof what);
    text_append(text, sizeof text, 0, "%s up", what);
    if (s->told.n)
        engine_event(p->engine, p, EVENT_UP, "", text, BY_SERVER);
    if (s->lasting)
        plateau_restart(p, engine_seconds(p->engine, now_ns));
    s->since_ns = 0;
    s->lasting = false;
    s->told.n = 0;
}

/* Looks for a shortage. `last`: the load ends now, and there is nothing more to wait for. */
static void supervise_shortage(struct pool *p, uint64_t now_ns, bool last)
{
    struct shortage *s = &pool_sup(p)->shortage;
    uint64_t since_ns = pool_sup(p)->ever_up ? now_ns : pool_sup(p)->load_from_ns;
    struct seen n;
    look(p, last, &n);
    bool found = !s->up && n.up; /* the end of an outage: they come up one after the other */
    bool changed = n.wanted != s->wanted || n.up > s->most_up;
    s->up = n.up;
    s->wanted = n.wanted;
    if (share_up(&n) >= 1) {
        count_time(p, now_ns);
        end_shortage(p, &n, now_ns);
        s->refused = n.refused;
        return;
    }
    if (!s->since_ns || found || (changed && !s->lasting)) {
        count_time(p, now_ns);
        s->since_ns = s->counted_ns = since_ns;
        s->lasting = false;
        s->most_up = n.up;
        if (found)
            s->told.n = 0;
    }
    uint64_t wait = missing_part(&n) || (last && n.refused > s->refused) ? 0
                    : n.refused > s->refused                             ? DOWN_AFTER_NS
                                                                         : SHORT_AFTER_NS;
    if (!s->lasting && now_ns - s->since_ns < wait)
        return;
    if (!s->lasting) /* another load than until now */
        plateau_restart(p, engine_seconds(p->engine, now_ns));
    s->lasting = true;
    count_time(p, now_ns);
    describe(p, &n);
}

void connected_end(struct pool *p, uint64_t now_ns)
{
    struct shortage *s = &pool_sup(p)->shortage;
    supervise_shortage(p, now_ns, true);
    s->since_ns = s->most_up = 0;
    s->lasting = false;
    s->told.n = 0;
}

/* ---- the state ---- */

void connected_supervise(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    supervise_shortage(p, now_ns, false);
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
    if (now_ns - sup->unconnected_ns < (sup->ever_up ? DOWN_AFTER_NS : NEVER_UP_AFTER_NS))
        return;
    struct cause c;
    newest_failure(p, &c);
    if (!c.text[0])
        copy_str(c.text, sizeof c.text, "no connection");
    if (is_new(&sup->outage, c.name))
        engine_event(p->engine, p, EVENT_DOWN, "", c.text, BY_SERVER);
    pool_set_state(p, POOL_DOWN, now_ns, "%s", c.text);
}
