/* The supervisor: one thread that carries out commands, supervises pools, and publishes a snapshot.
 *
 * It ticks ten times a second, and at once when a command arrives or a worker wakes it. It never
 * waits for a target, and for a worker at most a millisecond (monitor_collect). On virtual time
 * there is no thread: engine_step advances the clock from one due time to the next and runs what is
 * due, so that a run of hours takes seconds. */
#include "engine/engine.h"

#include "engine/state/engine_state.h"
#include "engine/control/grid.h"
#include "engine/pools/guard.h"
#include "engine/state/pool.h"
#include "engine/state/pool_figures.h"
#include "engine/state/snapshot_store.h"
#include "engine/pools/protect.h"
#include "engine/base/role.h"
#include "engine/base/secret.h"
#include "engine/control/sweep.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"
#include "engine/config/command_text.h"
#include "engine/figures/monitor.h"
#include "engine/control/change.h"
#include "engine/figures/events.h"
#include "engine/control/execute.h"
#include "engine/pools/pool_change.h"
#include "engine/pools/pool_life.h"
#include "engine/pools/pool_thread.h"
#include "engine/pools/pool_workers.h"
#include "engine/pools/sender.h"
#include "engine/control/snapshot_make.h"
#include "engine/state/sweep_shown.h"
#include "engine/figures/thresholds.h"
#include "engine/load/worker.h"
#include "engine/load/workers.h"

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
/* how long the end may take from a signal to the last snapshot, because loadtop guarantees to end
 * within half a second */
#define HURRY_NS (150 * NS_PER_MS)
#define HURRY_STEP_NS (10 * NS_PER_MS)

/* Gives the calling thread the supervisor's role, because the supervisor's thread does not run or
 * does not exist. */
static struct roles act_as_supervisor(void)
{
    return roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
}

/* ---- creation ---- */

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

static struct engine *make(const struct scenario *s, const struct backend *const *backends,
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
    struct engine_supervised *esup = engine_sup(e);
    e->virtual_time = virtual_time;
    e->virtual_now = NS_PER_S;
    e->virtual_clock = virtual_time ? &e->virtual_now : NULL;
    e->backends = backends;
    e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    esup->next_number = 1;
    esup->machine.others = esup->machine.set_s = esup->machine.slept_s = NAN;
    esup->machine.pressure = esup->machine.available = NAN;
    esup->machine.cpus = 1;
    esup->locked = s->limits.locked;
    pthread_mutex_init(&e->queue_lock, NULL);
    pthread_mutex_init(&e->events_lock, NULL);
    pthread_mutex_init(&e->shown_lock, NULL);
    command_log_init(&e->commands);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->shown_ended, &attr);
    pthread_condattr_destroy(&attr);
    copy_scenario(&e->scenario, s);
    ats_sort(e->scenario.at, e->scenario.ats);
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

struct engine *engine_new(const struct scenario *s, const struct backend *const *backends,
                          bool virtual_time, struct err *err)
{
    struct roles before = act_as_supervisor();
    struct engine *e = make(s, backends, virtual_time, err);
    roles_set(before);
    return e;
}

/* ---- the supervisor ---- */

static bool take_queued(struct engine *e, struct queued *q)
{
    struct engine_queue *queue = engine_lock_queue(e);
    bool any = queue->n > 0;
    if (any) {
        *q = queue->ring[queue->first];
        queue->first = (queue->first + 1) % QUEUE_MAX;
        queue->n--;
    }
    engine_unlock_queue(e);
    return any;
}

/* Wipes and frees a command, because it may contain a password. */
static void drop_command(struct command *c)
{
    if (c)
        explicit_bzero(c, sizeof *c);
    free(c);
}

static void run_command(struct engine *e, struct order o)
{
    struct err err = {0};
    int code = execute(e, &o, &err);
    order_close(e, &o, code, &err);
}

static void run_commands(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    struct queued q;
    while (take_queued(e, &q)) {
        if (q.command)
            run_command(e, (struct order){.command = q.command,
                                          .by = q.by,
                                          .origin = ORIGIN_ARGV,
                                          .ticket = q.ticket});
        else
            execute_consent(e, q.consent);
        drop_command(q.command);
    }
    while (esup->at_next < e->scenario.ats &&
           e->start_ns + e->scenario.at[esup->at_next].at_ns <= now_ns) {
        struct command c;
        struct err err;
        const struct at *at = &e->scenario.at[esup->at_next++];
        if (command_parse(&c, at->text, &err, NULL) == 0)
            run_command(e,
                        (struct order){.command = &c,
                                       .by = BY_AT,
                                       .origin = at->origin,
                                       .ticket = command_log_add(&e->commands, &c, BY_AT, now_ns)});
    }
    change_ramps(e, now_ns);
}

static void ask_stats(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    for (unsigned i = 0; i < esup->pools; i++)
        if (atomic_load(&esup->pool[i]->atomic.open_stage) == OPEN_DONE)
            pool_ask_stats(esup->pool[i]);
}

static void take_end(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    int asked = atomic_load(&e->atomic.end_asked);
    if (!asked)
        return;
    if (asked == 2 && !esup->hurry_ns) {
        esup->hurry_ns = now_ns;
        /* there may be no time for final stats later */
        if (!esup->ended_ns)
            ask_stats(e);
    }
    if (!esup->ended_by) {
        esup->ended_by = engine_lock_queue(e)->end_by;
        engine_unlock_queue(e);
    }
    enum worker_order order = asked == 2 ? ORDER_CLOSE : ORDER_DRAIN;
    esup->ending = true;
    for (unsigned i = 0; i < esup->pools; i++)
        pool_finish(esup->pool[i], esup->ended_by, order, now_ns);
}

/* No pool can be added any more: there is no screen, and no timed command is pending. */
static bool nothing_to_come(const struct engine *e)
{
    return !e->scenario.limits.ask_names && engine_sup(e)->at_next == e->scenario.ats;
}

/* Every pool has ended. A run whose pools were all removed continues while others can be added,
 * until --max-time. */
static bool all_ended(const struct engine *e, uint64_t now_ns)
{
    const struct engine_supervised *esup = engine_sup(e);
    uint64_t most = e->scenario.limits.max_time_ns;
    bool live = false, removed_end = true;
    for (unsigned i = 0; i < esup->pools; i++) {
        bool ended = pool_sup(esup->pool[i])->state == POOL_ENDED;
        if (!ended && !pool_sup(esup->pool[i])->removed)
            return false;
        live = live || !pool_sup(esup->pool[i])->removed;
        removed_end = removed_end && ended;
    }
    if (live || esup->ending)
        return true;
    return removed_end &&
           ((esup->pools && nothing_to_come(e)) || (most && now_ns - e->start_ns >= most));
}

/* Have the backends' final stats arrived or timed out? They may take a second, longer while a
 * removal runs, and after a signal until the guaranteed half second is over. */
static bool figures_final(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    bool late = now_ns - esup->ended_ns >= NS_PER_S;
    if (e->virtual_time || (esup->hurry_ns && now_ns - esup->hurry_ns >= HURRY_NS))
        return true;
    for (unsigned i = 0; i < esup->pools; i++)
        if (pool_stats_pending(esup->pool[i]) &&
            (!late || atomic_load(&esup->pool[i]->atomic.removing_ns) > now_ns))
            return false;
    return true;
}

/* Tells which timed commands were due only after the run had ended by itself: as nothing else follows,
 * they would be left out without a word. */
static void tell_never_due(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    enum end_reason by = esup->ended_by;
    unsigned told = 0; /* each has its event; only the first is also written to stderr */
    if (!by && esup->pools)
        by = pool_sup(esup->pool[esup->pools - 1])->ended_by;
    if (by != END_BY_DURATION && by != END_BY_COUNT)
        return;
    for (unsigned i = esup->at_next; i < e->scenario.ats; i++) {
        struct command c;
        char text[COMMAND_LINE_MAX], due[32], why[96];
        struct err err;
        if (command_parse(&c, e->scenario.at[i].text, &err, NULL) < 0 || c.verb == VERB_STOP ||
            c.verb == VERB_QUIT) /* what they are for has happened */
            continue;
        snprintf(why, sizeof why, "it was due at %s, after the end: not done",
                 format_exact_duration(due, sizeof due, e->scenario.at[i].at_ns));
        engine_event(e, NULL, EVENT_REFUSED, command_shown(&c, text, sizeof text), why, BY_AT);
        if (!told++)
            engine_say(e, "'%s': %s", text, why);
    }
}

static void note_end(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    if (esup->ended || !all_ended(e, now_ns))
        return;
    if (!esup->ended_ns) {
        esup->ended_ns = now_ns;
        tell_never_due(e);
        for (unsigned i = 0; i < esup->pools; i++)
            atomic_store(&esup->pool[i]->atomic.over, pool_sup(esup->pool[i])->state == POOL_ENDED);
        ask_stats(e); /* request stats with the leftovers as of the end */
    }
    if (!figures_final(e, now_ns))
        return;
    if (!esup->ended_by && esup->pools)
        esup->ended_by = pool_sup(esup->pool[esup->pools - 1])->ended_by;
    thresholds_check(e, now_ns);
    esup->ended = true;
}

static void publish(struct engine *e, uint64_t now_ns)
{
    struct snapshot *s = snapshot_make(e, now_ns);
    /* out of memory: keep the last one */
    if (!s)
        return;
    struct engine_shown *shown = engine_lock_shown(e);
    struct snapshot *old = shown->snapshot;
    shown->snapshot = s;
    if (s->ended)
        pthread_cond_broadcast(&e->shown_ended);
    engine_unlock_shown(e);
    snapshot_release(old);
    loop_signal_fd(e->news_fd);
}

static void measure(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    cpus_read(&esup->cpus);
    usage_measure(&esup->usage, engine_now(e), esup->cpus.usable);
    if (!e->virtual_time)
        machine_sample(&esup->machine);
}

/* Ends sweeps on request of guard.c. */
static void end_sweeps(struct engine *e)
{
    for (unsigned i = 0; i < engine_sup(e)->pools; i++) {
        struct pool *p = engine_sup(e)->pool[i];
        if (pool_sup(p)->sweep_ends[0])
            sweep_stop_on(e, p, pool_sup(p)->sweep_ends);
        pool_sup(p)->sweep_ends[0] = '\0';
    }
}

static void supervise(struct engine *e, bool tick)
{
    struct engine_supervised *esup = engine_sup(e);
    uint64_t now = engine_now(e);
    take_end(e, now);
    run_commands(e, now);
    bool second = false;
    for (unsigned i = 0; i < esup->pools; i++) {
        struct pool *p = esup->pool[i];
        if (pool_sup(p)->state != POOL_ENDED && (tick || pool_sup(p)->finishing))
            monitor_collect(p, now);
        pool_supervise(p, now);
        if (tick && pool_sup(p)->state != POOL_ENDED)
            second |= monitor_tick(p, engine_seconds(e, now), now);
        if (pool_sup(p)->state == POOL_ENDED && !pool_sup(p)->closed_books) {
            pool_sup(p)->closed_books = true;
            monitor_collect(p, now);
            monitor_last(p, engine_seconds(e, now));
        }
    }
    end_sweeps(e);
    if (tick)
        sweep_tick(e, now);
    if (second || (tick && now - esup->last_second_ns >= NS_PER_S)) {
        esup->last_second_ns = now;
        measure(e);
        thresholds_check(e, now);
        events_settle(e);
        for (unsigned i = 0; i < esup->pools; i++)
            guard_errors_high(esup->pool[i], now);
        end_sweeps(e);
    }
    note_end(e, now);
    publish(e, now);
}

static bool is_loaded(const struct pool *p, uint64_t now_ns)
{
    const struct pool_supervised *sup = pool_sup(p);
    return sup->load_from_ns && now_ns > sup->record_from_ns && !sup->paused && sup->wanted &&
           sup->state != POOL_ENDED;
}

/* How long this process stood still since the last tick. The supervisor alone may have been blocked:
 * what its workers did meanwhile says so. */
static double stood_still_s(struct engine *e, uint64_t now_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    double stood_s = standstill_look(&esup->standstill, TICK_NS);
    double slept_s = esup->standstill.slept_s, stopped_s = stood_s - slept_s;
    for (unsigned i = 0; i < esup->pools && stopped_s > 0; i++)
        if (!pool_stood_still(esup->pool[i], now_ns, esup->standstill.gap_s, stopped_s))
            return slept_s;
    return stood_s;
}

/* Looks whether this process was stopped since the last tick, which no thread of it can see
 * otherwise: its clock went on, its work did not. */
static void note_standstill(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    uint64_t now = engine_now(e);
    double stood_s = stood_still_s(e, now);
    bool any = false;
    for (unsigned i = 0; i < esup->pools && stood_s > 0; i++) {
        struct pool *p = esup->pool[i];
        if (!is_loaded(p, now))
            continue;
        pool_sup(p)->stood_s += stood_s;
        pool_sup(p)->figures->plateaus.now.lights.stood_s += stood_s;
        any = true;
    }
    if (!any)
        return;
    char text[160];
    snprintf(
        text, sizeof text,
        "the generator stood still for %.1f s, from %.1f s on: stopped, frozen, or the machine "
        "slept",
        stood_s, fmax(0, engine_seconds(e, now) - stood_s));
    engine_event(e, NULL, EVENT_STANDSTILL, "", text, BY_RULE);
    engine_say(e, "%s", text);
}

static void *engine_main(void *ctx)
{
    struct engine *e = ctx;
    roles_set((struct roles){.mask = ROLE_SUPERVISOR});
    prctl(PR_SET_NAME, "loadtop-engine", 0UL, 0UL, 0UL);
    uint64_t next = engine_now(e) + TICK_NS;
    supervise(e, true);
    while (!atomic_load(&e->atomic.quit)) {
        uint64_t now = engine_now(e);
        uint64_t most = engine_sup(e)->hurry_ns && !engine_sup(e)->ended ? HURRY_STEP_NS : TICK_NS;
        uint64_t left = next > now ? next - now : 0;
        struct timespec wait = {0, (long)(left < most ? left : most)};
        struct pollfd fd = {.fd = e->wake_fd, .events = POLLIN};
        uint64_t count;
        if (ppoll(&fd, 1, &wait, NULL) > 0 && read(e->wake_fd, &count, sizeof count) < 0)
            continue;
        now = engine_now(e);
        bool tick = now >= next;
        if (tick) {
            next = now - next > TICK_NS ? now + TICK_NS : next + TICK_NS;
            note_standstill(e);
        }
        supervise(e, tick);
    }
    return NULL;
}

/* What the supervisor does before its first tick. */
static int start_pools(struct engine *e, struct err *err)
{
    struct engine_supervised *esup = engine_sup(e);
    clock_gettime(CLOCK_REALTIME, &e->started);
    e->start_ns = engine_now(e);
    esup->last_second_ns = e->start_ns;
    measure(e);
    esup->throttled_from_ns = esup->cpus.throttled_ns;
    for (unsigned i = 0; i < esup->pools; i++)
        if (pool_start(esup->pool[i], err) < 0)
            return err ? err->code : ERR_FAILED;
    publish(e, e->start_ns);
    return 0;
}

int engine_start(struct engine *e, struct err *err)
{
    struct roles before = act_as_supervisor();
    usage_allow_descriptors();
    int code = start_pools(e, err);
    roles_set(before);
    if (code < 0 || e->virtual_time)
        return code;
    int failed = pthread_create(&engine_front(e)->thread, NULL, engine_main, e);
    if (failed)
        return err_set(err, ERR_FAILED, "engine: no thread: %s", strerror(failed));
    engine_front(e)->threaded = true;
    return 0;
}

/* ---- virtual time ---- */

/* Runs a turn of this worker, as its thread would do. */
static void turn(struct worker *w)
{
    struct roles before = roles_set((struct roles){.mask = ROLE_WORKER, .of = w});
    if (!worker_turn(w))
        worker_note_end(w);
    roles_set(before);
}

static void step(struct engine *e, uint64_t until_ns)
{
    struct engine_supervised *esup = engine_sup(e);
    uint64_t until = e->start_ns + until_ns;
    if (!esup->tick_ns)
        esup->tick_ns = e->virtual_now;
    while (e->virtual_now <= until && !esup->ended) {
        uint64_t next = esup->tick_ns;
        struct worker *due = NULL;
        for (unsigned i = 0; i < esup->pools; i++)
            for (unsigned k = 0; k < pool_sup(esup->pool[i])->workers; k++) {
                const struct supervised_worker *w = pool_sup(esup->pool[i])->worker[k];
                uint64_t at = w->reaped ? NS_NEVER : worker_next_due(w->worker);
                if (at < next) {
                    next = at;
                    due = w->worker;
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
            esup->tick_ns += TICK_NS;
        } else {
            turn(due);
        }
    }
}

void engine_step(struct engine *e, uint64_t until_ns)
{
    struct roles before = act_as_supervisor();
    step(e, until_ns);
    roles_set(before);
}

/* ---- called by the front end ---- */

/* Queues a command or a consent. Returns the command's ticket, 0 for a consent, or ERR_FAILED. */
static int64_t enqueue(struct engine *e, struct queued *one, struct err *err)
{
    struct engine_queue *queue = engine_lock_queue(e);
    bool full = queue->n == QUEUE_MAX;
    if (!full && one->command)
        one->ticket = command_log_add(&e->commands, one->command, one->by, engine_now(e));
    if (!full)
        queue->ring[(queue->first + queue->n++) % QUEUE_MAX] = *one;
    engine_unlock_queue(e);
    if (full) {
        drop_command(one->command);
        return err_set(err, ERR_FAILED, "commands: %d are waiting already; this one was not taken",
                       QUEUE_MAX);
    }
    engine_wake(e);
    return (int64_t)one->ticket;
}

int64_t engine_send(struct engine *e, const struct command *c, enum origin by, struct err *err)
{
    struct queued one = {.command = malloc(sizeof *c), .by = by};
    if (!one.command)
        abort();
    *one.command = *c;
    return enqueue(e, &one, err);
}

int engine_consent(struct engine *e, unsigned pool, struct err *err)
{
    return (int)enqueue(e, &(struct queued){.by = BY_KEY, .consent = pool}, err);
}

int64_t engine_send_text(struct engine *e, const char *text, enum origin by, struct err *err)
{
    struct command c;
    int code = command_parse(&c, text, err, NULL);
    return code < 0 ? code : engine_send(e, &c, by, err);
}

enum command_result engine_ticket_result(struct engine *e, int64_t ticket, struct err *why)
{
    return command_log_result(&e->commands, ticket > 0 ? (uint64_t)ticket : 0, why);
}

bool engine_take_screen(struct engine *e, struct command *c)
{
    struct engine_queue *queue = engine_lock_queue(e);
    bool any = queue->screens > 0;
    if (any) {
        *c = queue->screen[queue->screen_first];
        queue->screen_first = (queue->screen_first + 1) % SCREEN_MAX;
        queue->screens--;
    }
    engine_unlock_queue(e);
    return any;
}

const struct snapshot *engine_snapshot(struct engine *e)
{
    struct engine_shown *shown = engine_lock_shown(e);
    const struct snapshot *s = snapshot_retain(shown->snapshot);
    engine_unlock_shown(e);
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
    struct engine_shown *shown = engine_lock_shown(e);
    int code = 0;
    while (!(shown->snapshot && shown->snapshot->ended) && !code)
        code = pthread_cond_timedwait(&e->shown_ended, &e->shown_lock, &until);
    bool ended = shown->snapshot && shown->snapshot->ended;
    engine_unlock_shown(e);
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
    if (engine_front(e)->threaded)
        pthread_detach(engine_front(e)->thread);
}

static void join(struct engine *e)
{
    engine_end(e, END_NOW, END_BY_USER);
    engine_wait(e, 3 * NS_PER_S);
    atomic_store(&e->atomic.quit, true);
    engine_wake(e);
    pthread_join(engine_front(e)->thread, NULL);
}

/* Ends all pools and frees the engine. The supervisor's thread has ended or never existed. */
static void give_back(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    /* first request all ends, so that the pools end concurrently */
    for (unsigned i = 0; i < esup->pools; i++)
        pool_stop_thread(esup->pool[i]);
    bool all = true;
    for (unsigned i = 0; i < esup->pools; i++)
        all = pool_free(esup->pool[i]) && all;
    if (!all) {
        atomic_store(&threads_left, true);
        return;
    }
    free(esup->pool);
    for (struct confirmed *c = atomic_load(&e->atomic.confirmed), *next; c; c = next) {
        next = c->next;
        free(c);
    }
    snapshot_release(engine_lock_shown(e)->snapshot);
    engine_unlock_shown(e);
    rules_free(e->rules);
    sweep_free(esup->sweep);
    for (unsigned i = 0; i < esup->pasts; i++)
        sweep_kept_release(esup->past[i]);
    for (struct queued q; take_queued(e, &q);)
        drop_command(q.command);
    struct engine_events *events = engine_lock_events(e);
    for (unsigned i = 0; i < EVENTS_MAX; i++)
        event_texts_release(events->event[i].texts);
    engine_unlock_events(e);
    scenario_fini(&e->scenario);
    command_log_fini(&e->commands);
    pthread_mutex_destroy(&e->queue_lock);
    pthread_mutex_destroy(&e->events_lock);
    pthread_mutex_destroy(&e->shown_lock);
    pthread_cond_destroy(&e->shown_ended);
    if (e->wake_fd >= 0)
        close(e->wake_fd);
    if (e->news_fd >= 0)
        close(e->news_fd);
    free(e);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (engine_front(e)->threaded)
        join(e);
    struct roles before = act_as_supervisor();
    give_back(e);
    roles_set(before);
}
