/* Supervises permission, consent, and overload of the target: see guard.h.
 *
 * Other threads only record what they find (a remote address, an overloaded target, used-up bytes);
 * in its next turn the supervisor creates events or pauses or ends the pool. */
#include "engine/pools/guard.h"

#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/pools/protect.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/base/secret.h"
#include "engine/base/quantity.h"
#include "engine/state/pool_figures.h"
#include "engine/pools/ceilings.h"
#include "engine/figures/events.h"
#include "engine/pools/pool_change.h"
#include "engine/pools/room.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define ROOM_LEAST (8.0 * (1 << 30)) /* more free room than this is always enough */
/* an overload that continues is ignored for so long after a resume: the user knows of it */
#define RESUMED_NS (10 * NS_PER_S)

/* Requests the end of a sweep on this pool; the supervisor ends it in this turn. */
static void end_sweep(struct pool *p, const char *why)
{
    copy_str(pool_sup(p)->sweep_ends, sizeof pool_sup(p)->sweep_ends, why);
}

static void pause_for(struct pool *p, const char *why)
{
    char text[192];
    snprintf(text, sizeof text, "paused: %s", why);
    engine_event(p->engine, p, EVENT_RULE, "", text, BY_RULE);
    engine_say(p->engine, "%s: %s", p->spec.name, text);
    end_sweep(p, text);
    pool_pause(p, true, BY_RULE, NULL);
}

static void hold(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    sup->consent_epoch += !sup->awaiting_consent;
    sup->awaiting_consent = true;
    pool_pause(p, true, BY_RULE, NULL);
}

static void become_remote(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    char host[AWAY_HOST_MAX], text[192];
    struct err err = {0};
    struct pool_shared *shared = pool_lock(p);
    memcpy(host, shared->remote_host, sizeof host);
    pool_unlock(p);
    sup->local = false;
    snprintf(text, sizeof text, "%.120s is not on this machine: ceilings and rules hold",
             host[0] ? host : p->spec.target.shown);
    engine_event(p->engine, p, EVENT_REMOTE, "", text, BY_RULE);
    if (p->engine->scenario.limits.hold_remote && !atomic_load(&p->atomic.consented)) {
        end_sweep(p, "its target is not on this machine: somebody is asked first");
        hold(p);
    }
    struct pool_spec now = pool_spec_now(p);
    if (spec_allowed(p->engine, p, &now, &err) < 0) {
        sup->failed = err;
        engine_event(p->engine, p, EVENT_REFUSED, "", err.msg, BY_RULE);
        pool_finish(p, END_BY_ERROR, ORDER_CLOSE, now_ns);
        return;
    }
    if (sup->load_from_ns)
        pool_publish_settings(p);
}

/* Ends a pool whose server has a forbidden identity. */
static void end_identity_refused(struct pool *p, uint64_t now_ns)
{
    struct err err = {.code = ERR_REFUSED};
    struct pool_shared *shared = pool_lock(p);
    copy_str(err.msg, sizeof err.msg, shared->identity_refused_why);
    pool_unlock(p);
    pool_sup(p)->failed = err;
    engine_event(p->engine, p, EVENT_REFUSED, "", err.msg, BY_RULE);
    end_sweep(p, err.msg);
    pool_finish(p, END_BY_ERROR, ORDER_CLOSE, now_ns);
}

/* Pauses for the first strain reported since the load began or was resumed. If it continues after a
 * resume it pauses again after RESUMED_NS. */
static void check_strain(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    unsigned strains = atomic_load(&p->atomic.strains);
    if (!strains || engine_now(p->engine) < sup->resumed_ns + RESUMED_NS * (sup->resumed_ns != 0)) {
        atomic_store(&p->atomic.strains, 0);
        return;
    }
    char why[STRAIN_WHY_MAX];
    struct pool_shared *shared = pool_lock(p);
    memcpy(why, shared->strain_why[__builtin_ctz(strains)], sizeof why);
    pool_unlock(p);
    atomic_store(&p->atomic.strains, 0);
    pause_for(p, why);
    sup->strained = true;
}

/* Checks the target's free room once a second: changed settings, other pools or other users may
 * take it. */
static void check_room(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    char free_now[32], first[32], why[128];
    struct pool_shared *shared = pool_lock(p);
    double left = shared->stats.free_bytes;
    const char *of = shared->stats.free_of;
    pool_unlock(p);
    if (isnan(left) || sup->local || !sup->load_from_ns || !pool_writes(p))
        return;
    if (sup->free_first <= 0)
        sup->free_first = left;
    if (left >= (1 - ROOM_SHARE) * sup->free_first || left >= ROOM_LEAST)
        return;
    snprintf(why, sizeof why, "it has %s of %s left, of %s at the start",
             format_bytes(free_now, sizeof free_now, left), of ? of : "room",
             format_bytes(first, sizeof first, sup->free_first));
    pool_strain(p, STRAIN_ROOM, "%s", why);
}

void guard_supervise(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    bool on = sup->load_from_ns && sup->wanted && !sup->finishing &&
              !p->engine->scenario.limits.inspect_only;
    if (atomic_load(&p->atomic.load_on) != on) {
        atomic_fetch_add(&p->atomic.loads, on);
        atomic_store(&p->atomic.load_on, on);
        pool_wake_thread(p); /* to write it to the system's log */
    }
    if (sup->state == POOL_ENDED)
        return;
    if (sup->local && atomic_load(&p->atomic.remote))
        become_remote(p, now_ns);
    if (atomic_load(&p->atomic.room_short) && !sup->room_asked) {
        sup->room_asked = true; /* also after --yes, which did not cover this */
        atomic_store(&p->atomic.consented, false);
        hold(p);
    }
    if (atomic_load(&p->atomic.identity_refused) && !sup->finishing)
        end_identity_refused(p, now_ns);
    if (!sup->local && sup->wanted && !sup->finishing && !sup->paused)
        check_strain(p);
    if (p->atomic.bytes_bounded && !sup->finishing && atomic_load(&p->atomic.bytes_spent)) {
        char why[BYTES_WHY_MAX];
        struct pool_shared *shared = pool_lock(p);
        memcpy(why, shared->bytes_why, sizeof why);
        pool_unlock(p);
        engine_event(p->engine, p, EVENT_RULE, "", why, BY_RULE);
        engine_say(p->engine, "%s: ended: %s", p->spec.name, why);
        end_sweep(p, why);
        copy_str(sup->failed.msg, sizeof sup->failed.msg, why); /* its code stays: it is no error */
        pool_finish(p, END_BY_RULE, ORDER_DRAIN, now_ns);
    }
}

/* Ended and failed operations since the last call, including the warm-up. */
static void ended_since(struct pool *p, uint64_t *bad, uint64_t *all)
{
    struct pool_supervised *sup = pool_sup(p);
    const struct tally *t = &sup->figures->monitor.total;
    uint64_t errors = t->errors + t->timeouts + t->warm_errors + t->warm_timeouts;
    uint64_t done = errors + t->completed + t->warm_completed;
    *bad = errors > sup->errors_seen ? errors - sup->errors_seen : 0;
    *all = done > sup->done_seen ? done - sup->done_seen : 0;
    sup->errors_seen = errors;
    sup->done_seen = done;
}

void guard_errors_high(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    check_room(p);
    struct errors_rule rule = rules_errors(p->engine->rules);
    uint64_t bad, all;
    ended_since(p, &bad, &all);
    if (sup->local || sup->paused || !sup->wanted || sup->state == POOL_DOWN) {
        sup->errors_high_since_ns = 0;
        return;
    }
    if (all && (double)bad <= rule.share * (double)all) {
        sup->errors_high_since_ns = 0;
        return;
    }
    /* Ignore seconds in which nothing ended: timeouts come in bursts, one timeout apart. */
    if (bad && !sup->errors_high_since_ns) {
        sup->errors_high_since_ns = now_ns;
        sup->errors_high = 0;
    }
    if (!sup->errors_high_since_ns)
        return;
    sup->errors_high += bad;
    if (now_ns - sup->errors_high_since_ns < rule.for_ns || sup->errors_high < 2)
        return;
    char why[128];
    snprintf(why, sizeof why,
             "over %.3g %% errors for %.3g s on a target that is not on this machine",
             100 * rule.share, (double)rule.for_ns / 1e9);
    sup->errors_high_since_ns = 0;
    pause_for(p, why);
}
