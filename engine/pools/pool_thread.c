/* A pool's thread for blocking calls: waits for a protected host's name to be typed, opens the
 * target and retries while it is unreachable, calls pool_stats once a second, and closes the target
 * at the end. */
#include "engine/pools/pool_thread.h"

#include "engine/state/engine_state.h"
#include "engine/pools/guard.h"
#include "engine/state/pool.h"
#include "engine/base/role.h"
#include "engine/figures/events.h"
#include "engine/pools/permission.h"
#include "engine/pools/sender.h"
#include "engine/state/snapshot_store.h"

#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATS_EVERY_MS 1000
#define RETRY_MIN_NS (200 * NS_PER_MS)
#define RETRY_MAX_NS (1000 * NS_PER_MS)
#define STAND_AFTER_S 10 /* looks, a second apart */

/* Once the load is over, what the server said of a second under load describes it better than what
 * it says of the time since. A run shorter than a second has no such second: the last call has what
 * there is. */
static void keep_of_load(struct stats *s, const struct stats *before)
{
    if (isfinite(before->server_cpu_share))
        s->server_cpu_share = before->server_cpu_share;
    if (isfinite(before->answer_share))
        s->answer_share = before->answer_share;
    if (before->note[0])
        memcpy(s->note, before->note, sizeof s->note);
}

static void take_stats(struct pool *p)
{
    struct stats s = stats_unknown();
    struct pool_own *own = pool_own(p);
    unsigned loads = atomic_load(&p->atomic.loads);
    bool loading = atomic_load(&p->atomic.load_on);
    if (!p->spec.backend->pool_stats)
        return;
    s.last = atomic_load(&p->atomic.over) || atomic_load(&p->atomic.retired);
    struct stats_json *json = calloc(1, sizeof *json);
    /* out of memory: keep the last ones */
    if (!json)
        return;
    json->refs = 1;
    s.json = json->stats = json_object();
    s.leftovers = json->leftovers = json_array();
    p->spec.backend->pool_stats(p, &s);
    struct pool_shared *shared = pool_lock(p);
    const struct stats *before = &shared->stats;
    bool over = atomic_load(&p->atomic.stats_asked) || s.last;
    own->looked_under_load = own->looked_under_load && loads == own->looked_loads;
    if (over && own->looked_under_load)
        keep_of_load(&s, before);
    if (s.rtt_ns < 0) /* disconnected at the moment: keep the last round-trip time */
        s.rtt_ns = before->rtt_ns;
    struct stats_json *old = shared->stats_json;
    shared->stats_json = json;
    shared->stats = s;
    shared->stats_serial++;
    pool_unlock(p);
    stats_json_release(old);
    if (!over && loading && own->looked) /* the first is of the opening */
        own->looked_under_load = true;
    own->looked_loads = loads;
    own->looked = true;
}

/* After an inspection: updates stats until the user has consented, then closes the target. */
static void show_until_consent(struct pool *p, bool open)
{
    atomic_store(&p->atomic.open_stage, OPEN_INSPECTED);
    engine_wake(p->engine);
    while (!atomic_load(&p->atomic.stopping) && guard_awaits_consent(p)) {
        if (open)
            take_stats(p);
        pool_wait_ms(p, STATS_EVERY_MS);
    }
    if (p->spec.backend->pool_close)
        p->spec.backend->pool_close(p);
    memset(p->data, 0, p->spec.backend->pool_size);
    atomic_store(&p->atomic.open_stage, OPEN_WAITING);
}

static void note_failure(struct pool *p, const struct err *err, uint64_t retry_ns)
{
    atomic_store(&p->atomic.answered, false);
    struct pool_shared *shared = pool_lock(p);
    shared->open_error = *err;
    shared->open_retry_ns = retry_ns;
    pool_unlock(p);
    atomic_store(&p->atomic.open_stage, OPEN_FAILED);
    engine_wake(p->engine);
}

/* Opens the target, retrying while it is unreachable. False on a permanent error or at the end.
 * *tried: pool_open was called since pool_close. */
static bool open_target(struct pool *p, bool *tried)
{
    uint64_t wait = RETRY_MIN_NS;
    while (!atomic_load(&p->atomic.stopping)) {
        struct err err = {0};
        bool look = guard_awaits_consent(p);
        *tried = true;
        atomic_store(&p->atomic.forbidden, 0);
        atomic_store(&p->atomic.inspecting, look);
        int code = p->spec.backend->pool_open ? p->spec.backend->pool_open(p, &err) : 0;
        if (look && (code >= 0 || code == ERR_ABSENT)) {
            show_until_consent(p, code >= 0);
            *tried = false;
            continue;
        }
        if (code >= 0) {
            pool_own(p)->looked = pool_own(p)->looked_under_load = false;
            atomic_store(&p->atomic.open_stage, OPEN_DONE);
            engine_wake(p->engine);
            return true;
        }
        note_failure(p, &err, code == ERR_UNREACHED ? clock_ns() + wait : 0);
        if (code != ERR_UNREACHED)
            return false;
        pool_wait_ms(p, (int)(wait / NS_PER_MS));
        wait = wait * 2 < RETRY_MAX_NS ? wait * 2 : RETRY_MAX_NS;
    }
    return false;
}

/* Waits for permission to open the target. False: a protection has refused it permanently. */
static bool may_open(struct pool *p)
{
    struct err err = {0};
    if (guard_await(p, &err) == 0)
        return true;
    note_failure(p, &err, 0);
    return false;
}

/* Waits until the next stats are due or requested. */
static void wait_for_stats(struct pool *p, unsigned asked)
{
    uint64_t until = clock_ns() + STATS_EVERY_MS * NS_PER_MS;
    guard_log(p);
    for (uint64_t now; (now = clock_ns()) < until && atomic_load(&p->atomic.stats_asked) == asked &&
                       !atomic_load(&p->atomic.stopping) && !atomic_load(&p->atomic.retired);) {
        pool_wait_ms(p, (int)((until - now) / NS_PER_MS) + 1);
        guard_log(p);
    }
}

static void *pool_main(void *ctx)
{
    struct pool *p = ctx;
    char name[16];
    roles_set((struct roles){.mask = ROLE_POOL, .of = p});
    snprintf(name, sizeof name, "%.10s pool", p->spec.name);
    pthread_setname_np(pthread_self(), name);
    bool tried = false, open = may_open(p) && open_target(p, &tried);
    while (open && !atomic_load(&p->atomic.stopping) && !atomic_load(&p->atomic.retired)) {
        unsigned asked = atomic_load(&p->atomic.stats_asked);
        take_stats(p);
        atomic_store(&p->atomic.removing_ns, 0);
        if (atomic_exchange(&p->atomic.stats_given, asked) != asked)
            engine_wake(p->engine);
        wait_for_stats(p, asked);
    }
    while (!open && !atomic_load(&p->atomic.stopping))
        pool_wait_ms(p, 1000);
    /* take the leftovers as of the pool's end */
    if (open && atomic_load(&p->atomic.retired))
        take_stats(p);
    atomic_store(&p->atomic.removing_ns, 0);
    if (tried && p->spec.backend->pool_close)
        p->spec.backend->pool_close(p);
    atomic_store(&p->atomic.load_on, false);
    guard_log(p);
    atomic_store(&p->atomic.thread_done, true);
    return NULL;
}

void pool_ask_stats(struct pool *p)
{
    atomic_fetch_add(&p->atomic.stats_asked, 1);
    pool_wake_thread(p);
}

void pool_watch_thread(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    if (!sup->threaded || now_ns - sup->looked_ns < NS_PER_S)
        return;
    sup->looked_ns = now_ns;
    unsigned waits = atomic_load(&p->atomic.waits);
    /* opening and removing may take long, and say themselves what they do */
    bool reads = atomic_load(&p->atomic.open_stage) == OPEN_DONE &&
                 !atomic_load(&p->atomic.removing_ns) && sup->state != POOL_ENDED;
    bool waited = waits != sup->waits_seen || !reads;
    sup->waits_seen = waits;
    sup->looks_without_wait = waited ? 0 : sup->looks_without_wait + 1;
    bool stand = !waited && (sup->stats_stand || sup->looks_without_wait >= STAND_AFTER_S);
    if (stand == sup->stats_stand)
        return;
    sup->stats_stand = stand;
    char text[128];
    snprintf(text, sizeof text,
             stand ? "the server's figures stand still: the call that reads them has not returned "
                     "for %d s"
                   : "the server's figures are read again",
             STAND_AFTER_S);
    engine_event(p->engine, p, EVENT_SERVER, "", text, BY_RULE);
}

int pool_start_thread(struct pool *p, struct err *err)
{
    int failed = pthread_create(&pool_sup(p)->thread, NULL, pool_main, p);
    if (failed)
        return err_set(err, ERR_FAILED, "%s: no thread: %s", p->spec.name, strerror(failed));
    pool_sup(p)->threaded = true;
    return 0;
}

void pool_stop_thread(struct pool *p)
{
    atomic_store(&p->atomic.stopping, true);
    pool_wake_thread(p);
}
