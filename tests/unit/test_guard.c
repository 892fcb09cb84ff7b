/* A pool whose target is not on this machine: who may start it, what stops it, and how far it may
 * be raised; on virtual time, with the simulated service treated as a remote target. */
#include "engine/config/command.h"
#include "engine/state/engine_state.h"
#include "engine/pools/guard.h"
#include "engine/pools/permission.h"
#include "engine/base/role.h"
#include "engine/state/pool.h"
#include "tests/unit/virtual_run.h"
#include "engine/config/scenario_yaml.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)

static void command(struct engine *e, const char *text)
{
    struct err err = {0};
    if (engine_send_text(e, text, BY_COMMAND, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

/* As when the first address that is not this machine's is met. */
static void go_away(struct engine *e)
{
    atomic_store(&engine_sup(e)->pool[0]->atomic.remote, true);
}

static enum pool_state state_of(struct engine *e)
{
    return pool_sup(engine_sup(e)->pool[0])->state;
}

/* How many events say this. */
static unsigned events(struct engine *e, const char *what, const char *words)
{
    const struct snapshot *n = engine_snapshot(e);
    unsigned found = 0;
    for (unsigned i = 0; i < n->events; i++)
        found += !strcmp(n->event[i].what, what) && strstr(n->event[i].to, words) != NULL;
    snapshot_release(n);
    return found;
}

static uint64_t completed(struct engine *e)
{
    const struct snapshot *n = engine_snapshot(e);
    uint64_t c = n->pool[0].counts.completed;
    snapshot_release(n);
    return c;
}

/* Everything times out, in bursts that are a timeout apart: seconds in which nothing ends are no
 * seconds without errors. It ends a sweep as well. */
static void timeouts_pause_and_end_the_sweep(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&clients=4&timeout=3s&stall=10s+600s",
                                       NULL};
    for (unsigned remote = 0; remote < 2; remote++) {
        struct scenario s;
        struct engine *e = virtual_start(&s, urls);
        if (remote)
            go_away(e);
        command(e, "sweep threads=1,2 hold=300s");
        engine_step(e, 9 * S);
        assert_int_equal(state_of(e), POOL_LOADING);
        engine_step(e, 40 * S);
        assert_int_equal(state_of(e), remote ? POOL_PAUSED : POOL_LOADING);
        assert_int_equal(events(e, "rule", "over 10 % errors for 10 s"), remote);
        assert_int_equal(events(e, "sweep end", "over 10 % errors"), remote);
        virtual_end(e, &s);
    }
}

/* Errors in a few seconds, a good second between: no reason to stop. */
static void passing_errors_pause_nothing(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&clients=4&timeout=500ms&stall=10s+6s",
                                       NULL};
    struct scenario s;
    struct engine *e = virtual_start(&s, urls);
    go_away(e);
    engine_step(e, 60 * S);
    assert_int_equal(state_of(e), POOL_LOADING);
    assert_int_equal(events(e, "rule", ""), 0);
    virtual_end(e, &s);
}

static void only_a_yes_lifts_the_hold(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms", NULL};
    static const char *const starts[] = {"resume all", "resume",    "1 resume", "1 start",
                                         "undo",       "threads 4", "stop",     "start"};
    struct scenario s;
    struct err err = {0};
    virtual_scenario(&s, urls);
    s.limits.hold_remote = true;
    assert_int_equal(scenario_at(&s, "1s resume", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_at(&s, "2s resume all", ORIGIN_ARGV, &err), 0);
    struct engine *e = virtual_begin(&s);
    go_away(e);
    engine_step(e, 5 * S);
    for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
        command(e, starts[i]);
        engine_step(e, (6 + i) * S);
        assert_int_equal(completed(e), 0);
    }
    command(e, "sweep threads=1,2 hold=1s");
    engine_step(e, 30 * S);
    assert_int_equal(completed(e), 0);
    command(e, "lock");
    engine_step(e, 31 * S);
    assert_int_equal(engine_consent(e, 1, &err), 0);
    engine_step(e, 32 * S);
    assert_int_equal(completed(e), 0);
    command(e, "unlock");
    engine_step(e, 33 * S);
    assert_int_equal(engine_consent(e, 1, &err), 0);
    engine_step(e, 35 * S);
    assert_true(completed(e) > 1000);
    virtual_end(e, &s);
}

/* A node elsewhere is learnt while the load runs. */
static void what_becomes_remote_is_asked_about(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms", NULL};
    for (unsigned screen = 0; screen < 2; screen++) {
        struct scenario s;
        struct err err = {0};
        virtual_scenario(&s, urls);
        s.limits.hold_remote = screen;
        struct engine *e = virtual_begin(&s);
        engine_step(e, 5 * S);
        uint64_t before = completed(e);
        assert_true(before > 1000);
        go_away(e);
        engine_step(e, 6 * S);
        before = completed(e);
        command(e, "resume all");
        engine_step(e, 10 * S);
        assert_int_equal(completed(e) > before + 100, !screen);
        assert_int_equal(events(e, "remote", "is not on this machine"), 1);
        command(e, "threads 65");
        engine_step(e, 11 * S);
        assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, 1);
        assert_int_equal(engine_consent(e, 1, &err), 0);
        before = completed(e);
        engine_step(e, 15 * S);
        assert_true(completed(e) > before + 100);
        virtual_end(e, &s);
    }
}

static void too_large_for_elsewhere_ends(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&threads=65", NULL};
    struct scenario s;
    struct engine *e = virtual_start(&s, urls);
    engine_step(e, 2 * S);
    go_away(e);
    engine_step(e, 10 * S);
    assert_int_equal(state_of(e), POOL_ENDED);
    assert_int_equal(events(e, "refused", "above the ceiling of 64"), 1);
    virtual_end(e, &s);
}

static void connections_are_bounded_in_all(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&clients=100&threads=4&name=a",
                                       "null:?service=1ms&clients=100&threads=4&name=b", NULL};
    struct scenario s;
    struct engine *e = virtual_start(&s, urls);
    for (unsigned i = 0; i < 2; i++)
        atomic_store(&engine_sup(e)->pool[i]->atomic.remote, true);
    engine_step(e, S);
    command(e, "a threads 7");
    engine_step(e, 2 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, 4);
    assert_int_equal(events(e, "refused", "above the ceiling of 1000 in all"), 1);
    command(e, "a threads 6");
    engine_step(e, 3 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, 6);
    command(e, "b clients 101");
    engine_step(e, 4 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[1])->load.clients, 100);
    pool_nodes(engine_sup(e)->pool[1], 2); /* each thread connects to both */
    command(e, "b threads 3");
    engine_step(e, 5 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[1])->load.threads, 4);
    command(e, "b threads 2");
    engine_step(e, 6 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[1])->load.threads, 2);
    virtual_end(e, &s);
}

/* Threads that are on their way out keep their connections until they have drained. */
static void draining_connections_count(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&clients=100&threads=9&stall=2s+60s",
                                       NULL};
    struct scenario s;
    struct engine *e = virtual_start(&s, urls);
    go_away(e);
    engine_step(e, 3 * S);
    command(e, "threads 1");
    engine_step(e, 4 * S);
    command(e, "threads 9");
    engine_step(e, 5 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, 1);
    assert_int_equal(events(e, "refused", "threads that end"), 1);
    engine_step(e, 20 * S); /* they were waited for, and are gone */
    command(e, "threads 9");
    engine_step(e, 21 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, 9);
    virtual_end(e, &s);
}

static void load_elsewhere_ends_after_15_minutes(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=100ms", NULL};
    for (unsigned i = 0; i < 3; i++) {
        struct scenario s;
        virtual_scenario(&s, urls);
        s.limits.max_time_ns = i == 2 ? 1000 * S : 0;
        s.limits.cli_time = i == 2;
        struct engine *e = virtual_begin(&s);
        if (i)
            go_away(e);
        engine_step(e, 950 * S);
        assert_int_equal(state_of(e), i == 1 ? POOL_ENDED : POOL_LOADING);
        virtual_end(e, &s);
    }
}

static void a_lock_stops_what_is_under_way(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&threads=2", NULL};
    struct scenario s;
    struct engine *e = virtual_start(&s, urls);
    command(e, "threads 20 over 20s");
    command(e, "rate 1k/s over 20s");
    engine_step(e, 5 * S);
    command(e, "lock");
    engine_step(e, 6 * S);
    unsigned threads = pool_sup(engine_sup(e)->pool[0])->load.threads;
    double rate = pool_sup(engine_sup(e)->pool[0])->load.rate_per_s;
    assert_in_range(threads, 3, 10);
    engine_step(e, 30 * S);
    assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, threads);
    assert_true(pool_sup(engine_sup(e)->pool[0])->load.rate_per_s <= rate);
    command(e, "unlock");
    command(e, "sweep threads=1,2,4 hold=5s");
    engine_step(e, 33 * S);
    command(e, "lock");
    engine_step(e, 60 * S);
    assert_int_equal(events(e, "sweep end", "locked"), 1);
    virtual_end(e, &s);
}

/* The target suffers: paused, and paused again when it goes on after a person's resume. */
static void a_target_that_suffers_pauses_the_load(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms", NULL};
    for (unsigned remote = 0; remote < 2; remote++) {
        struct scenario s;
        struct engine *e = virtual_start(&s, urls);
        if (remote)
            go_away(e);
        engine_step(e, 5 * S);
        pool_strain(engine_sup(e)->pool[0], STRAIN_EVICTED, "%d keys were evicted", 7);
        engine_step(e, 6 * S);
        assert_int_equal(state_of(e), remote ? POOL_PAUSED : POOL_LOADING);
        assert_int_equal(events(e, "rule", "paused: 7 keys were evicted"), remote);
        assert_int_equal(pool_sup(engine_sup(e)->pool[0])->strained, remote);
        /* still, in flight */
        pool_strain(engine_sup(e)->pool[0], STRAIN_EVICTED, "%d keys were evicted", 99);
        command(e, "resume");
        for (unsigned i = 0; i < 5; i++) { /* the person has seen it */
            engine_step(e, (7 + i) * S);
            pool_strain(engine_sup(e)->pool[0], STRAIN_EVICTED, "%d keys were evicted", 100);
            assert_int_equal(state_of(e), POOL_LOADING);
        }
        engine_step(e, 20 * S);
        assert_int_equal(state_of(e), POOL_LOADING);
        pool_strain(engine_sup(e)->pool[0], STRAIN_READ_ONLY, "writes are blocked");
        engine_step(e, 21 * S);
        assert_int_equal(state_of(e), remote ? POOL_PAUSED : POOL_LOADING);
        /* A person's own pause and resume says nothing of what comes. */
        command(e, "resume");
        engine_step(e, 40 * S);
        command(e, "pause");
        engine_step(e, 41 * S);
        command(e, "resume");
        engine_step(e, 42 * S);
        pool_strain(engine_sup(e)->pool[0], STRAIN_MEMORY, "writes are refused");
        engine_step(e, 43 * S);
        assert_int_equal(state_of(e), remote ? POOL_PAUSED : POOL_LOADING);
        virtual_end(e, &s);
    }
}

struct look {
    struct pool *pool;
    struct room room;
    struct err err;
    int code;
    _Atomic bool done;
};

/* As a pool's own thread does when it opens: it may wait there for an answer. */
static void *look_for_room(void *ctx)
{
    struct look *l = ctx;
    l->code = pool_room_allowed(l->pool, &l->room, &l->err);
    atomic_store(&l->done, true);
    return NULL;
}

static void room_is_asked_about_or_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms", NULL};
    static const struct {
        double come, has;
        uint64_t max_bytes;
        bool away, screen, refused, asked, confirmed;
    } cases[] = {
        {.come = 2e9, .has = 1e9},
        {.come = 2e9, .has = 1e9, .away = true, .refused = true},
        {.come = 2e9, .has = 1e9, .away = true, .screen = true, .asked = true},
        {.come = 1e9, .has = 2e9, .away = true},
        {.come = 2e9, .has = 1e9, .max_bytes = 1000, .away = true},
        /* how much there is free is not known */
        {.come = 1, .has = NAN},
        {.come = 1, .has = NAN, .away = true, .refused = true},
        {.come = INFINITY, .has = NAN, .away = true, .refused = true},
        {.come = 1, .has = NAN, .away = true, .screen = true, .asked = true},
        {.come = 1, .has = NAN, .away = true, .max_bytes = 1000},
        {.come = 1, .has = NAN, .away = true, .confirmed = true},
        {.come = 1, .has = NAN, .away = true, .screen = true, .confirmed = true},
        {.come = 0, .has = NAN, .away = true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scenario s;
        struct err err = {0};
        pthread_t thread;
        virtual_scenario(&s, urls);
        s.limits.ask_names = cases[i].screen;
        s.limits.max_bytes = cases[i].max_bytes;
        struct engine *e = virtual_begin(&s);
        if (cases[i].confirmed)
            engine_confirm(e, guard_server_name(&engine_sup(e)->pool[0]->spec.target));
        if (cases[i].away)
            go_away(e);
        struct look l = {.pool = engine_sup(e)->pool[0],
                         .room = {.to_come_bytes = cases[i].come,
                                  .free_bytes = cases[i].has,
                                  .of = "memory",
                                  .asked = "INFO"}};
        assert_int_equal(pthread_create(&thread, NULL, look_for_room, &l), 0);
        while (!atomic_load(&l.done) && !atomic_load(&engine_sup(e)->pool[0]->atomic.room_short))
            sched_yield();
        engine_step(e, S);
        assert_int_equal(pool_sup(engine_sup(e)->pool[0])->awaiting_consent, cases[i].asked);
        if (cases[i].asked) {
            assert_int_equal(engine_consent(e, 1, &err), 0);
            engine_step(e, 2 * S);
            assert_int_equal(pool_sup(engine_sup(e)->pool[0])->awaiting_consent, 0);
        }
        pthread_join(thread, NULL);
        assert_int_equal(l.code, cases[i].refused ? ERR_REFUSED : 0);
        virtual_end(e, &s);
    }
}

/* P means all, also what is scheduled; a person goes on. */
static void a_hand_stops_what_is_scheduled(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms", NULL};
    struct scenario s;
    struct err err = {0};
    virtual_scenario(&s, urls);
    assert_int_equal(scenario_at(&s, "5s resume all", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_at(&s, "6s add null:?service=1ms", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_at(&s, "20s threads 3", ORIGIN_ARGV, &err), 0);
    struct engine *e = virtual_begin(&s);
    engine_step(e, 2 * S);
    command(e, "pause all");
    engine_step(e, 10 * S);
    assert_int_equal(state_of(e), POOL_PAUSED);
    assert_int_equal(engine_sup(e)->pools, 1);
    command(e, "resume all");
    engine_step(e, 21 * S);
    assert_int_equal(state_of(e), POOL_LOADING);
    assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, 3);
    virtual_end(e, &s);
}

/* What a scenario file schedules names no file and takes no lock away. */
static void a_scenario_is_nobodys_hand(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms", NULL};
    for (unsigned own = 0; own < 2; own++) {
        struct scenario s;
        struct err err = {0};
        struct command c;
        enum option_origin origin = own ? ORIGIN_ARGV : ORIGIN_SCENARIO;
        virtual_scenario(&s, urls);
        s.limits.locked = true;
        assert_int_equal(scenario_at(&s, "1s unlock", origin, &err), 0);
        assert_int_equal(scenario_at(&s, "2s threads 2", origin, &err), 0);
        assert_int_equal(scenario_at(&s, "3s screenshot /nowhere/x.txt", origin, &err), 0);
        assert_int_equal(scenario_at(&s, "4s report /nowhere/x.html", origin, &err), 0);
        assert_int_equal(scenario_at(&s, "5s theme /nowhere/x", origin, &err), 0);
        struct engine *e = virtual_begin(&s);
        engine_step(e, 10 * S);
        assert_int_equal(pool_sup(engine_sup(e)->pool[0])->load.threads, own ? 2 : 1);
        unsigned taken = 0;
        while (engine_take_screen(e, &c))
            taken++;
        assert_int_equal(taken, own ? 3 : 0);
        virtual_end(e, &s);
    }
}

/* --max-time is the run's, warm-up, stops and later pools included. */
static void the_runs_time_is_bounded(void **state)
{
    (void)state;
    static const char *const urls[] = {"null:?service=1ms&warmup=50s", "null:?service=1ms&name=b",
                                       NULL};
    struct scenario s;
    struct err err = {0};
    virtual_scenario(&s, urls);
    s.limits.max_time_ns = 10 * S;
    s.limits.cli_time = true;
    assert_int_equal(scenario_at(&s, "1s b stop", ORIGIN_ARGV, &err), 0);
    assert_int_equal(scenario_at(&s, "9s add null:?service=1ms&duration=1h", ORIGIN_ARGV, &err), 0);
    struct engine *e = virtual_begin(&s);
    engine_step(e, 11 * S);
    assert_int_equal(engine_sup(e)->pools, 3);
    for (unsigned i = 0; i < engine_sup(e)->pools; i++)
        assert_int_equal(pool_sup(engine_sup(e)->pool[i])->state, POOL_ENDED);
    virtual_end(e, &s);
}

/* Ceilings in a file lower what holds elsewhere, and do not raise it. */
static void a_file_raises_no_ceiling(void **state)
{
    (void)state;
    static const char text[] =
        "pools: [\"null:\"]\n"
        "limits: { max-threads: 4096, max-clients: 8, max-connections: 99999, max-time: 100h }\n";
    struct scenario s;
    struct options defaults;
    struct err err = {0};
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    if (scenario_load_text(&s, text, sizeof text - 1, "s.yml", &defaults, backends, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(limits_threads(&s.limits, false), 64);
    assert_int_equal(limits_threads(&s.limits, true), 4096);
    assert_int_equal(limits_clients(&s.limits, false), 8);
    assert_int_equal(limits_connections(&s.limits), 1000);
    assert_true(limits_time_ns(&s.limits, false) == 900 * S);
    options_fini(&defaults);
    scenario_fini(&s);
}

/* Each node of a cluster may be protected: no name that was typed is forgotten. */
static void test_every_confirmed_name_is_kept(void **state)
{
    static const char *const urls[] = {"null:", NULL};
    struct scenario s;
    struct engine *e = virtual_start(&s, urls);
    char host[32];
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(host, sizeof host, "node-%d.example", i);
        engine_confirm(e, host);
    }
    for (int i = 0; i < 100; i++) {
        snprintf(host, sizeof host, "NODE-%d.example", i);
        assert_true(engine_confirmed(e, host));
    }
    assert_false(engine_confirmed(e, "node-100.example"));
    virtual_end(e, &s);
}

int main(void)
{
    /* Between two steps it looks at what is the supervisor's. */
    roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeouts_pause_and_end_the_sweep),
        cmocka_unit_test(passing_errors_pause_nothing),
        cmocka_unit_test(only_a_yes_lifts_the_hold),
        cmocka_unit_test(what_becomes_remote_is_asked_about),
        cmocka_unit_test(too_large_for_elsewhere_ends),
        cmocka_unit_test(connections_are_bounded_in_all),
        cmocka_unit_test(draining_connections_count),
        cmocka_unit_test(load_elsewhere_ends_after_15_minutes),
        cmocka_unit_test(a_lock_stops_what_is_under_way),
        cmocka_unit_test(a_target_that_suffers_pauses_the_load),
        cmocka_unit_test(room_is_asked_about_or_refused),
        cmocka_unit_test(a_hand_stops_what_is_scheduled),
        cmocka_unit_test(a_scenario_is_nobodys_hand),
        cmocka_unit_test(the_runs_time_is_bounded),
        cmocka_unit_test(a_file_raises_no_ceiling),
        cmocka_unit_test(test_every_confirmed_name_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
