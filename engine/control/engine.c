/* The supervisor: one thread that carries out commands, supervises pools, and publishes a snapshot.
 *
 * It ticks ten times a second and at once when a command arrives or a worker has news. Nothing it
 * does waits for a worker or for a target. On virtual time there is no thread: engine_step moves
 * the clock from one due moment to the next and runs whoever is due, so that a run of hours is a
 * matter of seconds. */
#include "engine/engine.h"

#include "engine/state/engine_state.h"
#include "engine/control/grid.h"
#include "engine/pools/guard.h"
#include "engine/state/pool.h"
#include "engine/pools/protect.h"
#include "engine/base/secret.h"
#include "engine/control/sweep.h"
#include "engine/base/text.h"
#include "engine/figures/monitor.h"
#include "engine/control/change.h"
#include "engine/figures/events.h"
#include "engine/control/execute.h"
#include "engine/pools/pool_change.h"
#include "engine/pools/pool_life.h"
#include "engine/pools/pool_thread.h"
#include "engine/pools/sender.h"
#include "engine/control/snapshot_make.h"
#include "engine/state/sweep_shown.h"
#include "engine/figures/thresholds.h"
#include "engine/load/worker.h"
#include "engine/load/worker_state.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define BACKENDS_MAX 64
#define TICK_NS (100 * NS_PER_MS)
#define HURRY_NS                                                                                   \
    (150 * NS_PER_MS) /* from a signal to the last snapshot; half a second is promised */
#define HURRY_STEP_NS (10 * NS_PER_MS)

/* ---- making ---- */

static void copy_scenario(struct scenario *to, const struct scenario *from)
{
    *to = *from;
    for (unsigned i = 0; i < from->ats; i++)
        if (!(to->at[i].text = strdup(from->at[i].text)))
            abort();
    for (unsigned i = 0; i < from->pools; i++) {
        to->pool[i] = calloc(1, sizeof *to->pool[i]);
        if (to->pool[i])
            pool_spec_copy(to->pool[i], from->pool[i]);
    }
}

static int compare_at(const void *a, const void *b)
{
    const struct at *x = a, *y = b;
    return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

static void make_run_id(struct engine *e)
{
    uint32_t id = 0;
    if (getrandom(&id, sizeof id, 0) != sizeof id)
        id = (uint32_t)clock_ns();
    snprintf(e->run_id, sizeof e->run_id, "%08x", id);
}

static int check_rules(const struct engine *e, struct err *err)
{
    const char *names[BACKENDS_MAX + 1];
    unsigned n = 0;
    for (; n < BACKENDS_MAX && e->backends[n]; n++)
        names[n] = e->backends[n]->name;
    names[n] = NULL;
    return rules_check_backends(e->rules, names, err);
}

struct engine *engine_new(const struct scenario *s, const struct backend *const *backends,
                          bool virtual_time, struct err *err)
{
    for (unsigned i = 0; backends[i]; i++)
        if (backend_check(backends[i], err) < 0)
            return NULL;
    struct engine *e = calloc(1, sizeof *e);
    if (!e) {
        err_set(err, ERR_FAILED, "engine: out of memory");
        return NULL;
    }
    e->virtual_time = virtual_time;
    e->virtual_now = NS_PER_S;
    e->virtual_clock = virtual_time ? &e->virtual_now : NULL;
    e->backends = backends;
    e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->next_number = 1;
    e->machine.others = e->machine.set_s = e->machine.slept_s = NAN;
    e->machine.pressure = e->machine.available = NAN;
    e->locked = s->limits.locked;
    pthread_mutex_init(&e->queue_mutex, NULL);
    pthread_mutex_init(&e->event_mutex, NULL);
    pthread_mutex_init(&e->snapshot_mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->ended_cond, &attr);
    pthread_condattr_destroy(&attr);
    copy_scenario(&e->scenario, s);
    qsort(e->scenario.at, e->scenario.ats, sizeof e->scenario.at[0], compare_at);
    make_run_id(e);
    sender_name(e->sender, sizeof e->sender, e->run_id);
    e->rules = rules_load(err);
    if (e->rules && check_rules(e, err) < 0) {
        engine_free(e);
        return NULL;
    }
    if (!e->rules || e->wake_fd < 0 || e->news_fd < 0) {
        if (e->rules)
            err_set(err, ERR_FAILED, "engine: %s", strerror(errno));
        engine_free(e);
        return NULL;
    }
    e->start_ns = engine_now(e);
    for (unsigned i = 0; i < e->scenario.pools; i++)
        if (!engine_add_pool(e, e->scenario.pool[i], err)) {
            engine_free(e);
            return NULL;
        }
    return e;
}

/* ---- the supervisor ---- */

static bool take_queued(struct engine *e, struct queued *q)
{
    pthread_mutex_lock(&e->queue_mutex);
    bool any = e->queued > 0;
    if (any) {
        *q = e->queue[e->queue_first];
        e->queue_first = (e->queue_first + 1) % QUEUE_MAX;
        e->queued--;
    }
    pthread_mutex_unlock(&e->queue_mutex);
    return any;
}

/* It may hold a password. */
static void drop_command(struct command *c)
{
    if (c)
        explicit_bzero(c, sizeof *c);
    free(c);
}

static void run_commands(struct engine *e, uint64_t now_ns)
{
    struct queued q;
    while (take_queued(e, &q)) {
        if (q.command)
            execute(e, q.command, q.by, ORIGIN_ARGV);
        else
            execute_consent(e, q.consent);
        drop_command(q.command);
    }
    while (e->at_next < e->scenario.ats &&
           e->start_ns + e->scenario.at[e->at_next].at_ns <= now_ns) {
        struct command c;
        struct err err;
        const struct at *at = &e->scenario.at[e->at_next++];
        if (command_parse(&c, at->text, &err, NULL) == 0)
            execute(e, &c, BY_AT, at->origin);
    }
    change_ramps(e, now_ns);
}

static void ask_stats(struct engine *e)
{
    for (unsigned i = 0; i < e->pools; i++)
        if (atomic_load(&e->pool[i]->open_stage) == OPEN_DONE)
            pool_ask_stats(e->pool[i]);
}

static void take_end(struct engine *e, uint64_t now_ns)
{
    int asked = atomic_load(&e->end_asked);
    if (!asked)
        return;
    if (asked == 2 && !e->hurry_ns) {
        e->hurry_ns = now_ns;
        if (!e->ended_ns)
            ask_stats(e); /* there may be no time for those of the very end */
    }
    enum worker_order order = asked == 2 ? ORDER_CLOSE : ORDER_DRAIN;
    e->ending = true;
    for (unsigned i = 0; i < e->pools; i++)
        pool_finish(e->pool[i], e->ended_by, order, now_ns);
}

/* Nobody can add a pool any more: there is no screen, and no timed command is to come. */
static bool nothing_to_come(const struct engine *e)
{
    return !e->scenario.limits.ask_names && e->at_next == e->scenario.ats;
}

/* Every pool has ended for good. A run whose pools were all removed goes on while others may be
 * added, until --max-time. */
static bool all_ended(const struct engine *e, uint64_t now_ns)
{
    uint64_t most = e->scenario.limits.max_time_ns;
    bool live = false, removed_end = true;
    for (unsigned i = 0; i < e->pools; i++) {
        bool ended = e->pool[i]->state == POOL_ENDED;
        if (!ended && !e->pool[i]->removed)
            return false;
        live = live || !e->pool[i]->removed;
        removed_end = removed_end && ended;
    }
    if (live || e->ending)
        return true;
    return removed_end &&
           ((e->pools && nothing_to_come(e)) || (most && now_ns - e->start_ns >= most));
}

/* What only a backend knows is there, as of the end, or has had its time: a second, longer where
 * something is being removed, and after a signal as much as its promise leaves. */
static bool figures_final(struct engine *e, uint64_t now_ns)
{
    bool late = now_ns - e->ended_ns >= NS_PER_S;
    if (e->virtual_time || (e->hurry_ns && now_ns - e->hurry_ns >= HURRY_NS))
        return true;
    for (unsigned i = 0; i < e->pools; i++)
        if (pool_stats_pending(e->pool[i]) &&
            (!late || atomic_load(&e->pool[i]->removing_ns) > now_ns))
            return false;
    return true;
}

static void note_end(struct engine *e, uint64_t now_ns)
{
    if (e->ended || !all_ended(e, now_ns))
        return;
    if (!e->ended_ns) {
        e->ended_ns = now_ns;
        for (unsigned i = 0; i < e->pools; i++)
            atomic_store(&e->pool[i]->over, e->pool[i]->state == POOL_ENDED);
        ask_stats(e); /* what is left behind, as of the end */
    }
    if (!figures_final(e, now_ns))
        return;
    pthread_mutex_lock(&e->queue_mutex); /* against an engine_end at this moment */
    if (!e->ended_by[0] && e->pools)
        copy_str(e->ended_by, sizeof e->ended_by, e->pool[e->pools - 1]->ended_by);
    pthread_mutex_unlock(&e->queue_mutex);
    thresholds_check(e, now_ns);
    e->ended = true;
}

static void publish(struct engine *e, uint64_t now_ns)
{
    struct snapshot *s = snapshot_make(e, now_ns);
    if (!s)
        return; /* out of memory: the last one stays */
    pthread_mutex_lock(&e->snapshot_mutex);
    struct snapshot *old = e->snapshot;
    e->snapshot = s;
    if (s->ended)
        pthread_cond_broadcast(&e->ended_cond);
    pthread_mutex_unlock(&e->snapshot_mutex);
    snapshot_release(old);
    loop_signal_fd(e->news_fd);
}

static void measure(struct engine *e)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    usage_measure(&e->usage, engine_now(e));
    e->cores = cores > 0 ? (unsigned)cores : 1;
    if (!e->virtual_time)
        machine_look(&e->machine);
}

/* What guard.c wants of a sweep. */
static void end_sweeps(struct engine *e)
{
    for (unsigned i = 0; i < e->pools; i++) {
        struct pool *p = e->pool[i];
        if (p->sweep_ends[0])
            sweep_stop_on(e, p, p->sweep_ends);
        p->sweep_ends[0] = '\0';
    }
}

static void supervise(struct engine *e, bool tick)
{
    uint64_t now = engine_now(e);
    take_end(e, now);
    run_commands(e, now);
    bool second = false;
    for (unsigned i = 0; i < e->pools; i++) {
        struct pool *p = e->pool[i];
        if (p->state != POOL_ENDED && (tick || p->finishing))
            monitor_collect(p, now);
        pool_supervise(p, now);
        if (tick && p->state != POOL_ENDED)
            second |= monitor_tick(p, engine_seconds(e, now), now);
        if (p->state == POOL_ENDED && !p->closed_books) {
            p->closed_books = true;
            monitor_collect(p, now);
            monitor_last(p, engine_seconds(e, now));
        }
    }
    end_sweeps(e);
    if (tick)
        sweep_tick(e, now);
    if (second || (tick && now - e->last_second_ns >= NS_PER_S)) {
        e->last_second_ns = now;
        measure(e);
        thresholds_check(e, now);
        events_settle(e);
        for (unsigned i = 0; i < e->pools; i++)
            guard_errors_high(e->pool[i], now);
        end_sweeps(e);
    }
    note_end(e, now);
    publish(e, now);
}

static void *engine_main(void *ctx)
{
    struct engine *e = ctx;
    prctl(PR_SET_NAME, "loadtop-engine", 0UL, 0UL, 0UL);
    uint64_t next = engine_now(e) + TICK_NS;
    supervise(e, true);
    while (!atomic_load(&e->quit)) {
        uint64_t now = engine_now(e);
        uint64_t most = e->hurry_ns && !e->ended ? HURRY_STEP_NS : TICK_NS;
        uint64_t left = next > now ? next - now : 0;
        struct timespec wait = {0, (long)(left < most ? left : most)};
        struct pollfd fd = {.fd = e->wake_fd, .events = POLLIN};
        uint64_t count;
        if (ppoll(&fd, 1, &wait, NULL) > 0 && read(e->wake_fd, &count, sizeof count) < 0)
            continue;
        now = engine_now(e);
        bool tick = now >= next;
        if (tick)
            next = now - next > TICK_NS ? now + TICK_NS : next + TICK_NS;
        supervise(e, tick);
    }
    return NULL;
}

int engine_start(struct engine *e, struct err *err)
{
    clock_gettime(CLOCK_REALTIME, &e->started);
    e->start_ns = engine_now(e);
    e->last_second_ns = e->start_ns;
    measure(e);
    for (unsigned i = 0; i < e->pools; i++)
        if (pool_start(e->pool[i], err) < 0)
            return err ? err->code : ERR_FAILED;
    publish(e, e->start_ns);
    if (e->virtual_time)
        return 0;
    int failed = pthread_create(&e->thread, NULL, engine_main, e);
    if (failed)
        return err_set(err, ERR_FAILED, "engine: no thread: %s", strerror(failed));
    e->threaded = true;
    return 0;
}

/* ---- virtual time ---- */

void engine_step(struct engine *e, uint64_t until_ns)
{
    uint64_t until = e->start_ns + until_ns;
    if (!e->tick_ns)
        e->tick_ns = e->virtual_now;
    while (e->virtual_now <= until && !e->ended) {
        uint64_t next = e->tick_ns;
        struct worker *due = NULL;
        for (unsigned i = 0; i < e->pools; i++)
            for (unsigned k = 0; k < e->pool[i]->workers; k++) {
                struct worker *w = e->pool[i]->worker[k];
                uint64_t at = w->reaped ? NS_NEVER : worker_next_due(w);
                if (at < next) {
                    next = at;
                    due = w;
                }
            }
        if (next > until) {
            e->virtual_now = until;
            return;
        }
        if (next > e->virtual_now)
            e->virtual_now = next;
        if (!due) {
            supervise(e, true);
            e->tick_ns += TICK_NS;
        } else if (!worker_turn(due)) {
            atomic_store(&due->stage, STAGE_ENDED);
        }
    }
}

/* ---- what the front end calls ---- */

static int enqueue(struct engine *e, const struct queued *one, struct err *err)
{
    pthread_mutex_lock(&e->queue_mutex);
    bool full = e->queued == QUEUE_MAX;
    if (!full)
        e->queue[(e->queue_first + e->queued++) % QUEUE_MAX] = *one;
    pthread_mutex_unlock(&e->queue_mutex);
    if (full) {
        drop_command(one->command);
        return err_set(err, ERR_FAILED, "commands: %d are waiting already; this one was not taken",
                       QUEUE_MAX);
    }
    engine_wake(e);
    return 0;
}

int engine_send(struct engine *e, const struct command *c, enum origin by, struct err *err)
{
    struct queued one = {.command = malloc(sizeof *c), .by = by};
    if (!one.command)
        abort();
    *one.command = *c;
    return enqueue(e, &one, err);
}

int engine_consent(struct engine *e, unsigned pool, struct err *err)
{
    return enqueue(e, &(struct queued){.by = BY_KEY, .consent = pool}, err);
}

int engine_send_text(struct engine *e, const char *text, enum origin by, struct err *err)
{
    struct command c;
    int code = command_parse(&c, text, err, NULL);
    return code < 0 ? code : engine_send(e, &c, by, err);
}

bool engine_take_screen(struct engine *e, struct command *c)
{
    pthread_mutex_lock(&e->queue_mutex);
    bool any = e->screens > 0;
    if (any) {
        *c = e->screen[e->screen_first];
        e->screen_first = (e->screen_first + 1) % SCREEN_MAX;
        e->screens--;
    }
    pthread_mutex_unlock(&e->queue_mutex);
    return any;
}

const struct snapshot *engine_snapshot(struct engine *e)
{
    pthread_mutex_lock(&e->snapshot_mutex);
    const struct snapshot *s = snapshot_retain(e->snapshot);
    pthread_mutex_unlock(&e->snapshot_mutex);
    return s;
}

int engine_fd(const struct engine *e)
{
    return e->news_fd;
}

bool engine_wait(struct engine *e, uint64_t timeout_ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t end = (uint64_t)until.tv_sec * NS_PER_S + (uint64_t)until.tv_nsec + timeout_ns;
    until.tv_sec = (time_t)(end / NS_PER_S);
    until.tv_nsec = (long)(end % NS_PER_S);
    pthread_mutex_lock(&e->snapshot_mutex);
    int code = 0;
    while (!(e->snapshot && e->snapshot->ended) && !code)
        code = pthread_cond_timedwait(&e->ended_cond, &e->snapshot_mutex, &until);
    bool ended = e->snapshot && e->snapshot->ended;
    pthread_mutex_unlock(&e->snapshot_mutex);
    return ended;
}

static _Atomic bool threads_left;

bool engine_threads_left(void)
{
    return atomic_load(&threads_left);
}

void engine_leave(struct engine *e)
{
    if (!e)
        return;
    atomic_store(&threads_left, true);
    if (e->threaded)
        pthread_detach(e->thread);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (e->threaded) {
        engine_end(e, END_NOW, "user");
        engine_wait(e, 3 * NS_PER_S);
        atomic_store(&e->quit, true);
        engine_wake(e);
        pthread_join(e->thread, NULL);
    }
    for (unsigned i = 0; i < e->pools; i++)
        pool_stop_thread(e->pool[i]); /* all at once, so that they end side by side */
    bool all = true;
    for (unsigned i = 0; i < e->pools; i++)
        all = pool_free(e->pool[i]) && all;
    if (!all) {
        atomic_store(&threads_left, true);
        return;
    }
    free(e->pool);
    for (struct confirmed *c = atomic_load(&e->confirmed), *next; c; c = next) {
        next = c->next;
        free(c);
    }
    snapshot_release(e->snapshot);
    rules_free(e->rules);
    sweep_free(e->sweep);
    for (unsigned i = 0; i < e->pasts; i++)
        sweep_kept_release(e->past[i]);
    for (struct queued q; take_queued(e, &q);)
        drop_command(q.command);
    scenario_fini(&e->scenario);
    pthread_mutex_destroy(&e->queue_mutex);
    pthread_mutex_destroy(&e->event_mutex);
    pthread_mutex_destroy(&e->snapshot_mutex);
    pthread_cond_destroy(&e->ended_cond);
    if (e->wake_fd >= 0)
        close(e->wake_fd);
    if (e->news_fd >= 0)
        close(e->news_fd);
    free(e);
}
