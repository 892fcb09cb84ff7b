/* The target's free room: the bytes that may be written; and overload reports (pool_strain). */
#include "engine/pools/room.h"

#include "engine/backend.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/config/limits.h"
#include "engine/pools/permission.h"
#include "engine/state/pool.h"
#include "engine/base/quantity.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define ASK_EVERY_MS 100

/* Sets the bound on bytes to write; the smaller one counts. */
static void bound_bytes(struct pool *p, double bytes, const char *why)
{
    if (p->atomic.bytes_bounded && (double)atomic_load(&p->atomic.bytes_left) <= bytes)
        return;
    struct pool_shared *shared = pool_lock(p);
    copy_str(shared->bytes_why, sizeof shared->bytes_why, why);
    pool_unlock(p);
    atomic_store(&p->atomic.bytes_left, bytes < 9e18 ? (int64_t)bytes : INT64_MAX);
    p->atomic.bytes_bounded = true;
}

void guard_init(struct pool *p)
{
    uint64_t most = p->engine->scenario.limits.max_bytes;
    char size[32], why[64];
    if (!most)
        return;
    snprintf(why, sizeof why, "--max-bytes: %s are written",
             format_bytes(size, sizeof size, (double)most));
    bound_bytes(p, (double)most, why);
}

/* Bounds the bytes to write by the target's free room, if there is no other bound. */
static void bound_by_room(struct pool *p, double left, const char *of)
{
    char has[32], why[128];
    snprintf(why, sizeof why, "it had %s of %s free, and %.0f %% of that are written",
             format_bytes(has, sizeof has, left), of ? of : "room", 100 * ROOM_SHARE);
    bound_bytes(p, ROOM_SHARE * left / fmax(atomic_load(&p->atomic.stored_per_byte), 1), why);
}

/* May a load write although the target does not report its free room? Its data is bounded, or the
 * user has confirmed the target's name, or agreed knowing that. */
static bool unknown_room_allowed(struct pool *p)
{
    struct pool_shared *shared = pool_lock(p);
    bool known = shared->room_why[0] != '\0';
    pool_unlock(p);
    return p->engine->scenario.limits.max_bytes ||
           engine_confirmed(p->engine, guard_server_name(&p->spec.target)) ||
           (known && atomic_load(&p->atomic.consented));
}

static int refuse_unknown_room(const struct pool *p, const char *why, struct err *err)
{
    return err_set(err, ERR_REFUSED,
                   "%s: %s, and this load writes: --max-bytes ends it in time, --confirm '%s' "
                   "loads it as it is",
                   p->spec.name, why, guard_server_name(&p->spec.target));
}

/* Keeps for later changes of the load whether the target reports its free room. */
static void note_unknown_room(struct pool *p, const struct room *room, char *why, size_t size)
{
    why[0] = '\0';
    if (isnan(room->free_bytes))
        snprintf(why, size, "%s does not tell how much %s it has free", room->asked, room->of);
    struct pool_shared *shared = pool_lock(p);
    copy_str(shared->room_unknown, sizeof shared->room_unknown, why);
    pool_unlock(p);
}

/* With a screen: shows what is wrong with the room, and waits until the user agrees knowing it. */
static void await_consent(struct pool *p, const char *why)
{
    struct pool_shared *shared = pool_lock(p);
    /* known from the inspection: the user consented knowing it */
    bool known = shared->room_why[0] != '\0';
    copy_str(shared->room_why, sizeof shared->room_why, why);
    pool_unlock(p);
    if (known || atomic_load(&p->atomic.inspecting))
        return;
    atomic_store(&p->atomic.consented, false); /* an earlier consent was given without knowing it */
    atomic_store(&p->atomic.room_short, true);
    engine_wake(p->engine);
    while (!atomic_load(&p->atomic.stopping) && !atomic_load(&p->atomic.consented))
        pool_wait_ms(p, ASK_EVERY_MS);
}

static int ask_for_unknown_room(struct pool *p, const char *why, struct err *err)
{
    if (unknown_room_allowed(p))
        return 0;
    if (!p->engine->scenario.limits.ask_names)
        return refuse_unknown_room(p, why, err);
    await_consent(p, why);
    return 0;
}

int pool_room_allowed(struct pool *p, const struct room *room, struct err *err)
{
    const struct limits *l = &p->engine->scenario.limits;
    char come[32], has[32], why[192];
    double to_come = room->to_come_bytes;
    note_unknown_room(p, room, why, sizeof why);
    atomic_store(&p->atomic.stored_per_byte, room->stored_per_byte);
    if (!(to_come > 0) || !atomic_load(&p->atomic.remote) || l->inspect_only || l->read_only)
        return 0;
    if (isnan(room->free_bytes))
        return ask_for_unknown_room(p, why, err);
    format_bytes(has, sizeof has, room->free_bytes);
    double most = (double)l->max_bytes * fmax(room->stored_per_byte, 1);
    if (l->max_bytes && most < to_come)
        to_come = most;
    if (isinf(to_come)) {
        if (!atomic_load(&p->atomic.inspecting))
            bound_by_room(p, room->free_bytes, room->of);
        return 0;
    }
    if (to_come <= room->free_bytes)
        return 0;
    snprintf(why, sizeof why, "%s of data are to come, and it has %s of %s free",
             format_bytes(come, sizeof come, to_come), has, room->of);
    if (!l->ask_names)
        return err_set(err, ERR_REFUSED, "%s: %s (fewer or smaller, or --max-bytes, which ends it)",
                       p->spec.name, why);
    await_consent(p, why);
    return 0;
}

static double to_come(const struct pool *p, const struct options *o, const double *weight)
{
    return p->spec.backend->to_come ? p->spec.backend->to_come(p, o, weight) : 0;
}

/* May more data come although the target does not report its free room? Where it did at the start,
 * the figure is only missing for a moment. */
static int unknown_room_fits(struct pool *p, struct err *err)
{
    char why[sizeof((struct pool_shared *)0)->room_unknown];
    struct pool_shared *shared = pool_lock(p);
    memcpy(why, shared->room_unknown, sizeof why);
    pool_unlock(p);
    return !why[0] || unknown_room_allowed(p) ? 0 : refuse_unknown_room(p, why, err);
}

int guard_fits(struct pool *p, const struct options *o, const double *weight, struct err *err)
{
    const struct engine *e = p->engine;
    if (e->scenario.limits.read_only) /* what writes is not sent */
        return 0;
    struct pool_shared *shared = pool_lock(p);
    double left = shared->stats.free_bytes;
    const char *of = shared->stats.free_of;
    pool_unlock(p);
    double sum = to_come(p, o, weight),
           now = to_come(p, &p->spec.options, pool_sup(p)->load.weight);
    /* no more data is expected than was allowed before */
    if (pool_sup(p)->local || !(sum > 0) || sum <= now)
        return 0;
    if (isnan(left))
        return unknown_room_fits(p, err);
    if (isinf(sum)) {
        bound_by_room(p, left, of);
        return 0;
    }
    for (unsigned i = 0; i < engine_sup(e)->pools; i++) {
        const struct pool *other = engine_sup(e)->pool[i];
        double more = 0;
        if (other != p && !pool_sup(other)->removed && pool_sup(other)->state != POOL_ENDED &&
            strcmp(other->spec.target.shown, p->spec.target.shown) == 0)
            more = to_come(other, &other->spec.options, pool_sup(other)->load.weight);
        sum += isinf(more) ? 0 : more;
    }
    double most =
        (double)e->scenario.limits.max_bytes * fmax(atomic_load(&p->atomic.stored_per_byte), 1);
    if (e->scenario.limits.max_bytes && most < sum)
        sum = most;
    char come[32], has[32];
    if (sum <= left)
        return 0;
    return err_set(err, ERR_REFUSED, "%s: %s of data would come, and it has %s of %s free",
                   p->spec.name, format_bytes(come, sizeof come, sum),
                   format_bytes(has, sizeof has, left), of ? of : "room");
}

static bool strain_is_told(const struct pool *p, enum strain kind)
{
    return atomic_load_explicit(&p->atomic.strains, memory_order_relaxed) & 1U << kind;
}

static void tell_strain(struct pool *p, enum strain kind, const char *why)
{
    struct pool_shared *shared = pool_lock(p);
    copy_str(shared->strain_why[kind], sizeof shared->strain_why[kind], why);
    pool_unlock(p);
    atomic_fetch_or(&p->atomic.strains, 1U << kind);
    engine_wake(p->engine);
}

void pool_strain(struct pool *p, enum strain kind, const char *fmt, ...)
{
    if (strain_is_told(p, kind))
        return;
    char why[STRAIN_WHY_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    tell_strain(p, kind, why);
}

void pool_strain_said(struct pool *p, enum strain kind, const char *said, size_t len,
                      const char *fmt, ...)
{
    if (strain_is_told(p, kind))
        return;
    char why[STRAIN_WHY_MAX], theirs[sizeof why];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    size_t ours = strlen(why);
    copy_str(why + ours, sizeof why - ours, secret_said(theirs, sizeof theirs, said, len));
    tell_strain(p, kind, why);
}
