/* The accounting of open arrival, on virtual time: at every tick, all starts that the schedule made
 * due (known by arithmetic) are offered, not started or still due, whatever delays a start.
 *
 * The target is the null service with bulks, and with a time from which on its connections accept
 * nothing more (SUBMIT_BUSY), like a full pipeline or a library's full queue, or are lost.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan). */
#include "engine/backend.h"

static const struct backend *const wall_backends[];
#define VIRTUAL_BACKENDS wall_backends
#include "virtual_run.h"

#include "engine/os/loop.h"
#include "engine/config/command.h"
#include "engine/engine.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)

/* ---- the target ---- */

static uint64_t wall_from_ns; /* on virtual time; NS_NEVER: no wall */
static bool wall_loses;       /* it loses its connections, and lets none stand again */

static const struct op_type wall_ops[] = {
    {.name = "op", .help = "one", .weight = 1, .reads = true, .noun = "op"},
    {.name = "row", .help = "of a bulk", .bulk = "rows", .reads = true, .noun = "row"},
    {.name = "got", .help = "received", .receives = true, .reads = true, .noun = "msg"},
    {.name = NULL},
};
static struct option_spec wall_options[16];
static struct backend wall;
static const struct backend *const wall_backends[] = {&wall, NULL};

static bool walled(const struct conn *c)
{
    return loop_now(worker_loop(c->worker)) >= wall_from_ns;
}

static enum submit wall_submit(struct conn *c, struct op *op)
{
    if (!walled(c))
        return backend_null.submit(c, op);
    if (!wall_loses)
        return SUBMIT_BUSY;
    conn_down(c, "closed", "the wall"); /* an error of what it carried, this one included */
    return SUBMIT_QUEUED;
}

static int wall_open(struct conn *c, struct err *err)
{
    if (walled(c) && wall_loses) {
        conn_down(c, "refused", "the wall");
        return 0;
    }
    return backend_null.open(c, err);
}

/* Settings changed: it takes again, if there is no wall any more. */
static void wall_tune(struct worker *w)
{
    struct conn *c;
    for (unsigned i = 0; (c = worker_conn(w, 0, i)); i++)
        if (!walled(c))
            conn_room(c);
}

static void wall_make(void)
{
    unsigned n = 0;
    for (; backend_null.options[n].name; n++)
        wall_options[n] = backend_null.options[n];
    wall_options[n++] = (struct option_spec){"rows", OPTION_COUNT, OPTION_LIVE, "100",
                                             1,      1000,         NULL,        "rows of a bulk"};
    wall_options[n].name = NULL;
    wall = backend_null;
    wall.options = wall_options;
    wall.ops = wall_ops;
    wall.open = wall_open;
    wall.submit = wall_submit;
    wall.tune = wall_tune;
}

/* ---- a run ---- */

struct run {
    struct scenario scenario;
    struct engine *e;
    uint64_t now;
};

static void begin(struct run *r, const char *url, uint64_t wall_at_ns)
{
    const char *const urls[] = {url, NULL};
    wall_from_ns = NS_NEVER;
    wall_loses = false;
    r->e = virtual_start(&r->scenario, urls);
    r->now = 0;
    /* virtual time begins at 1 s */
    wall_from_ns = wall_at_ns == NS_NEVER ? NS_NEVER : S + wall_at_ns;
}

/* Both identities, of the pool and of each thread's counts. Returns the account. */
static struct schedule_counts account(const struct pool_snapshot *p)
{
    const struct schedule_counts *a = &p->schedule;
    const struct counts *c = &p->counts;
    assert_int_equal(c->offered,
                     c->completed + c->errors + c->timeouts + c->in_flight + c->dropped);
    assert_int_equal(a->due, a->offered + a->not_started + a->still_due);
    for (unsigned i = 0; i < p->checks; i++)
        if (p->check[i].id == CHECK_ACCOUNTING && !p->check[i].ok)
            fail_msg("%s", p->check[i].why);
    return *a;
}

/* A thread that has nothing to do says what is due at its next look at timeouts. */
#define TURN_S 0.1

/* Steps to that moment, tick by tick; rate > 0: what is due is rate x time, as long as it runs. */
static void step_to(struct run *r, uint64_t until_ns, double rate)
{
    while (r->now < until_ns) {
        r->now = r->now + 100 * MS < until_ns ? r->now + 100 * MS : until_ns;
        engine_step(r->e, r->now);
        const struct snapshot *n = engine_snapshot(r->e);
        for (unsigned i = 0; i < n->pools + n->removed; i++) {
            struct schedule_counts a = account(&n->pool[i]);
            if (rate > 0 && n->pool[i].state == POOL_LOADING) {
                double truth = rate * n->now_s;
                if ((double)a.due < truth - TURN_S * rate - 4 || (double)a.due > truth + 4)
                    fail_msg("at %.1f s: %llu are due, not %.0f", n->now_s,
                             (unsigned long long)a.due, truth);
            }
        }
        snapshot_release(n);
    }
}

static void send(struct run *r, const char *text)
{
    struct err err = {0};
    if (engine_send_text(r->e, text, BY_COMMAND, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

/* The only pool at the end of its steps; the snapshot is to be released. */
static const struct snapshot *see(struct run *r, const struct pool_snapshot **p)
{
    const struct snapshot *n = engine_snapshot(r->e);
    *p = &n->pool[0];
    return n;
}

static void end(struct run *r)
{
    virtual_end(r->e, &r->scenario);
}

/* ---- starts that no connection takes ---- */

/* 1,000/s for 2 s, and from 1 s on nothing is taken: each start has its place, whatever ended the
 * load. A start is late after 1 ms. */
static void nothing_vanishes(const char *url, const char *how, bool loses)
{
    struct run r;
    const struct pool_snapshot *p;
    begin(&r, url, S);
    wall_loses = loses;
    step_to(&r, 1999 * MS + MS / 2, 1000);
    if (!strcmp(how, "drain"))
        engine_end(r.e, END_DRAIN, END_BY_USER);
    else if (!strcmp(how, "now"))
        engine_end(r.e, END_NOW, END_BY_SIGNAL);
    else if (*how)
        send(&r, how);
    step_to(&r, 10 * S, 0);
    const struct snapshot *n = see(&r, &p);
    struct schedule_counts a = account(p);
    if (a.still_due || a.due < 1998 || a.due > 2001)
        fail_msg("%s, %s: %llu due, %llu of them still", url, how, (unsigned long long)a.due,
                 (unsigned long long)a.still_due);
    assert_int_equal(p->counts.offered + p->counts.not_started, a.due);
    assert_in_range(p->counts.not_started, 1, 4);
    assert_in_range(p->counts.dropped + p->counts.errors, 990, 1003);
    assert_in_range(p->counts.errors, 0, loses ? 50 : 0);
    for (unsigned i = 0; i < p->checks; i++)
        if (p->check[i].id == CHECK_DROPPED)
            assert_false(p->check[i].ok);
    snapshot_release(n);
    end(&r);
}

static void test_nothing_vanishes_at_the_end(void **state)
{
    (void)state;
    static const char *const load[] = {"pattern=chain&depth=20000", "pattern=queue&depth=20000",
                                       "pattern=batch&depth=50", "threads=2&clients=20",
                                       "threads=2&pattern=chain&depth=100&connections=1"};
    static const char *const how[] = {"drain",    "now",         "stop", "pause",
                                      "rate off", "remove null", ""};
    for (unsigned i = 0; i < sizeof load / sizeof *load; i++)
        for (unsigned k = 0; k < sizeof how / sizeof *how; k++)
            for (unsigned loses = 0; loses < 2; loses++) {
                char url[160];
                snprintf(url, sizeof url, "null:?service=1us&rate=1000/s&timeout=60s&%s%s", load[i],
                         *how[k] ? "" : "&duration=2s");
                nothing_vanishes(url, how[k], loses);
            }
}

/* 2,000/s meet one client of one a second: what became due in the warm-up is of the warm-up, though
 * it is started or dropped later; the measured second has its own 2,000. */
static void test_a_backlog_of_the_warmup_is_not_measured(void **state)
{
    (void)state;
    static const char *const load[] = {"clients=1", "clients=1&threads=2", "rows=10&ops=row:1",
                                       "clients=5&pattern=batch&depth=4"};
    for (unsigned i = 0; i < sizeof load / sizeof *load; i++) {
        struct run r;
        const struct pool_snapshot *p;
        char url[160];
        snprintf(url, sizeof url,
                 "null:?service=1s&rate=2000/s&warmup=1s&duration=1s&timeout=800ms&%s", load[i]);
        begin(&r, url, NS_NEVER);
        step_to(&r, 10 * S, 0);
        const struct snapshot *n = see(&r, &p);
        account(p);
        assert_in_range(p->counts.offered + p->counts.not_started, 1998, 2002);
        assert_in_range(p->warm.offered + p->warm.not_started, 1998, 2002);
        snapshot_release(n);
        end(&r);
    }
}

/* Rows that wait in a bulk, and bulks that wait for a connection. */
static void test_rows_do_not_vanish(void **state)
{
    (void)state;
    static const char *const how[] = {"drain", "pause", "rate off"};
    for (unsigned i = 0; i < 3; i++) {
        struct run r;
        const struct pool_snapshot *p;
        begin(&r, "null:?ops=row&rows=100&rate=1000/s&pattern=chain&depth=4&timeout=60s", S);
        step_to(&r, 1350 * MS, 1000); /* the command comes with the tick at 1.4 s */
        if (i == 0)
            engine_end(r.e, END_DRAIN, END_BY_USER);
        else
            send(&r, how[i]);
        step_to(&r, 8 * S, 0);
        const struct snapshot *n = see(&r, &p);
        struct schedule_counts a = account(p);
        assert_int_equal(a.still_due, 0);
        assert_in_range(a.due, 1398, 1401);
        assert_in_range(p->counts.not_started, 4, 7); /* a row waits 50 ms for its bulk */
        assert_in_range(p->counts.completed, 900, 1000);
        snapshot_release(n);
        end(&r);
    }
}

/* The lag limit is 10 % of the median response as it stood: 50 ms of 500. */
static void test_what_is_not_late_is_not_dropped(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct run r;
        const struct pool_snapshot *p;
        begin(&r,
              late ? "null:?service=500ms&rate=1000/s&pattern=chain&depth=20000&duration=3090ms"
                   : "null:?service=500ms&rate=1000/s&pattern=chain&depth=20000&duration=3040ms",
              3 * S);
        step_to(&r, 10 * S, 0);
        const struct snapshot *n = see(&r, &p);
        struct schedule_counts a = account(p);
        assert_int_equal(a.still_due, 0);
        assert_int_equal(a.due, late ? 3090 : 3040);
        assert_in_range(p->counts.not_started, late ? 48 : 38, late ? 52 : 42);
        assert_in_range(p->counts.dropped, late ? 38 : 0, late ? 42 : 0);
        snapshot_release(n);
        end(&r);
    }
}

/* However few answers there are, and though there were none for two seconds. */
static void test_the_median_of_few_or_long_ago(void **state)
{
    (void)state;
    static const struct {
        const char *load;
        unsigned due, least, most;
    } cases[] = {{"rate=19/s&duration=3045ms", 58, 1, 1},
                 {"rate=1000/s&duration=5540ms", 5540, 48, 52}};
    for (unsigned i = 0; i < 2; i++) {
        struct run r;
        const struct pool_snapshot *p;
        char url[160];
        snprintf(url, sizeof url, "null:?service=500ms&pattern=chain&depth=20000&timeout=60s&%s",
                 cases[i].load);
        begin(&r, url, 2995 * MS);
        step_to(&r, 10 * S, 0);
        const struct snapshot *n = see(&r, &p);
        struct schedule_counts a = account(p);
        assert_int_equal(a.still_due, 0);
        assert_in_range(a.due, cases[i].due - 1, cases[i].due);
        assert_in_range(p->counts.not_started, cases[i].least, cases[i].most);
        snapshot_release(n);
        end(&r);
    }
}

/* Nobody has a free client: those that are due are in no request yet. */
static void test_a_backlog_is_accounted_for(void **state)
{
    (void)state;
    struct run r;
    const struct pool_snapshot *p;
    begin(&r, "null:?service=100ms&rate=1000/s&clients=2&timeout=1s&duration=10s&arrival=poisson",
          NS_NEVER);
    step_to(&r, 20 * S, 0);
    const struct snapshot *n = see(&r, &p);
    struct schedule_counts a = account(p);
    assert_true(n->ended);
    assert_int_equal(a.still_due, 0);
    assert_true(fabs((double)a.due - 10000) < 5 * sqrt(10000));
    assert_int_equal(p->counts.offered + p->counts.not_started, a.due);
    assert_in_range(p->counts.completed, 198, 200);
    snapshot_release(n);
    end(&r);
}

/* ---- changes while it runs ---- */

/* A start that waits for a connection waits on when pattern or depth change, and none is lost in a
 * long ramp, by threads that come and go, or by a change of the mix. */
static void test_changes_lose_nothing(void **state)
{
    (void)state;
    struct run r;
    const struct pool_snapshot *p;
    begin(&r, "null:?service=1us&rate=1000/s&pattern=chain&depth=20000&timeout=600s", S);
    step_to(&r, 2 * S, 1000);
    static const char *const change[] = {"depth 10000", "pattern batch", "pattern queue",
                                         "clients 2",   "connections 3", "pattern sync"};
    for (unsigned i = 0; i < sizeof change / sizeof *change; i++) {
        send(&r, change[i]);
        step_to(&r, (3 + i) * S, 1000);
    }
    send(&r, "threads 3");
    step_to(&r, 9 * S, 1000);
    const struct snapshot *n = see(&r, &p);
    assert_int_equal(p->counts.dropped, 0);
    assert_in_range(p->schedule.still_due, 7900, 8003);
    snapshot_release(n);
    send(&r, "rate 3000/s over 60s"); /* from 1,000: 2,000 on average */
    step_to(&r, 69 * S, 0);
    n = see(&r, &p);
    assert_in_range(p->schedule.due, 9000 + 119000, 9000 + 121500);
    snapshot_release(n);
    send(&r, "threads 1"); /* what the two others owed is dropped */
    step_to(&r, 70 * S, 0);
    wall_from_ns = NS_NEVER;
    send(&r, "depth 30000");
    step_to(&r, 71 * S, 0);
    n = see(&r, &p);
    assert_int_equal(p->schedule.still_due, 0);
    snapshot_release(n);
    end(&r);
}

/* Load that is not of the schedule is not in its account: closed requests that wait when the pool
 * is opened, and bulks in flight then. */
static void test_closed_starts_are_not_in_it(void **state)
{
    (void)state;
    struct run r;
    const struct pool_snapshot *p;
    begin(&r, "null:?ops=row&rows=10&service=300ms&pattern=chain&depth=8&clients=4&connections=1",
          NS_NEVER);
    step_to(&r, S, 0);
    const struct snapshot *n = see(&r, &p);
    uint64_t closed = p->counts.offered;
    assert_int_equal(p->schedule.due, 0);
    assert_true(closed > 0);
    snapshot_release(n);
    send(&r, "rate 100/s");
    step_to(&r, 4 * S, 0);
    n = see(&r, &p);
    assert_in_range(p->schedule.due, 300 - 100 * TURN_S - 1, 301);
    assert_true(p->counts.offered >= closed + p->schedule.offered);
    assert_int_equal(p->counts.dropped, 0);
    snapshot_release(n);
    send(&r, "rate off");
    step_to(&r, 6 * S, 0);
    n = see(&r, &p);
    assert_int_equal(p->schedule.still_due, 0);
    assert_in_range(p->schedule.due, 299, 301);
    snapshot_release(n);
    end(&r);
}

/* What is received comes by itself: a rate makes nothing of it due. */
static void test_a_mix_that_only_receives(void **state)
{
    (void)state;
    struct run r;
    const struct pool_snapshot *p;
    begin(&r, "null:?ops=got&rate=100/s&timeout=100ms", NS_NEVER);
    step_to(&r, 3 * S, 0);
    const struct snapshot *n = see(&r, &p);
    assert_int_equal(p->schedule.due, 0);
    assert_int_equal(p->counts.offered, 0);
    snapshot_release(n);
    send(&r, "ops op,got");
    step_to(&r, 5 * S, 0);
    n = see(&r, &p);
    assert_in_range(p->counts.completed, 189, 200);
    snapshot_release(n);
    end(&r);
}

/* ---- -n ---- */

/* -n with bulks and an open rate ends, exactly: also where the last bulk is short, where the
 * warm-up ends within a bulk, and with several threads whose bulks fill at the same time. */
static void test_count_with_bulks(void **state)
{
    (void)state;
    static const char *const more[] = {"",
                                       "&warmup=1250ms",
                                       "&warmup=1250ms&threads=3",
                                       "&threads=3&arrival=poisson",
                                       "&clients=5&pattern=batch",
                                       "&warmup=50ms&threads=2&pattern=chain&depth=3"};
    static const unsigned count[] = {500, 450, 7, 1050};
    for (unsigned i = 0; i < sizeof more / sizeof *more; i++)
        for (unsigned k = 0; k < 4; k++)
            for (unsigned mixed = 0; mixed < 2; mixed++) {
                struct run r;
                const struct pool_snapshot *p;
                char url[200];
                snprintf(url, sizeof url, "null:?ops=%s&rows=100&rate=1000/s&count=%u%s",
                         mixed ? "row:1,op:1" : "row", count[k], more[i]);
                begin(&r, url, NS_NEVER);
                step_to(&r, 20 * S, 0);
                const struct snapshot *n = see(&r, &p);
                if (!n->ended || p->counts.offered != count[k])
                    fail_msg("%s: %llu offered, ended: %d", url,
                             (unsigned long long)p->counts.offered, n->ended);
                assert_int_equal(n->ended_by, END_BY_COUNT);
                assert_int_equal(p->counts.completed, count[k]);
                assert_int_equal(p->counts.dropped + p->counts.not_started, 0);
                assert_int_equal(p->schedule.due, p->counts.offered + p->warm.offered);
                snapshot_release(n);
                end(&r);
            }
}

/* A pause gives back what it did not start: -n is met after it. */
static void test_count_across_a_pause(void **state)
{
    (void)state;
    static const char *const url[] = {
        "null:?service=300ms&rate=1000/s&count=1500&clients=9&pattern=chain&depth=1000&threads=2",
        "null:?ops=row&rows=64&rate=1000/s&count=1500&threads=2"};
    for (unsigned i = 0; i < 2; i++) {
        struct run r;
        const struct pool_snapshot *p;
        begin(&r, url[i], NS_NEVER);
        step_to(&r, 777 * MS, 1000);
        send(&r, "pause");
        step_to(&r, 3 * S, 0);
        send(&r, "resume");
        step_to(&r, 20 * S, 0);
        const struct snapshot *n = see(&r, &p);
        assert_true(n->ended);
        assert_int_equal(n->ended_by, END_BY_COUNT);
        assert_int_equal(p->counts.offered, 1500);
        assert_int_equal(p->schedule.due, 1500 + p->counts.not_started);
        snapshot_release(n);
        end(&r);
    }
}

static const char *random_command(struct rng *r, char *buf, size_t size)
{
    static const char *const fixed[] = {
        "pause",          "resume",        "stop",          "start",           "pause all",
        "undo",           "resume",        "start",         "rate off",        "pattern sync",
        "pattern batch",  "pattern queue", "pattern chain", "ops row",         "ops op",
        "ops row:1,op:5", "set rows 7",    "set rows 100",  "set service 3ms", "set service 300us"};
    static const char *const dial[] = {"threads", "clients", "connections", "depth"};
    uint64_t pick = rng_below(rng_next(r), 36);
    if (pick < sizeof fixed / sizeof *fixed)
        snprintf(buf, size, "%s", fixed[pick]);
    else if (pick < 26)
        snprintf(buf, size, "rate %u/s", 100 + (unsigned)rng_below(rng_next(r), 5000));
    else if (pick < 28)
        snprintf(buf, size, "rate %u/s over 2s", 100 + (unsigned)rng_below(rng_next(r), 5000));
    else
        snprintf(buf, size, "%s %u", dial[rng_below(rng_next(r), 4)],
                 1 + (unsigned)rng_below(rng_next(r), 8));
    return buf;
}

/* Anything at any moment, with walls that come and go: the account holds at every tick. */
static void test_random_commands_and_walls(void **state)
{
    (void)state;
    static const char *const url[] = {
        "null:?rate=2000/s&warmup=1250ms&timeout=300ms&errors=0.02&clients=3",
        "null:?rate=900/s&arrival=poisson&ops=row&rows=30&threads=2&timeout=90s&count=9000",
        "null:?pattern=chain&depth=30&warmup=300ms&ops=row:1,op:9&rows=50&timeout=1s",
        "null:?rate=3000/s&duration=3s&pattern=batch&timeout=20s&disconnect=900ms"};
    for (unsigned seed = 1; seed <= 40; seed++) {
        struct run r;
        struct rng rng;
        const struct pool_snapshot *p;
        rng_seed(&rng, seed, 0);
        begin(&r, url[seed % 4], NS_NEVER);
        for (unsigned i = 0; i < 60; i++) {
            char text[64];
            uint64_t pick = rng_below(rng_next(&rng), 8);
            if (pick < 2) {
                wall_from_ns = pick ? 0 : NS_NEVER;
                wall_loses = rng_next(&rng) & 1;
            }
            send(&r, random_command(&rng, text, sizeof text));
            step_to(&r, r.now + 1 + rng_below(rng_next(&rng), S / 8), 0);
        }
        engine_end(r.e, END_DRAIN, END_BY_USER);
        step_to(&r, r.now + 10 * S, 0);
        const struct snapshot *n = see(&r, &p);
        assert_true(n->ended);
        assert_int_equal(account(p).still_due, 0);
        if (p->count)
            assert_true(p->counts.offered <= p->count);
        snapshot_release(n);
        end(&r);
    }
}

int main(void)
{
    wall_make();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_vanishes_at_the_end),
        cmocka_unit_test(test_a_backlog_of_the_warmup_is_not_measured),
        cmocka_unit_test(test_rows_do_not_vanish),
        cmocka_unit_test(test_what_is_not_late_is_not_dropped),
        cmocka_unit_test(test_the_median_of_few_or_long_ago),
        cmocka_unit_test(test_a_backlog_is_accounted_for),
        cmocka_unit_test(test_changes_lose_nothing),
        cmocka_unit_test(test_closed_starts_are_not_in_it),
        cmocka_unit_test(test_a_mix_that_only_receives),
        cmocka_unit_test(test_count_with_bulks),
        cmocka_unit_test(test_count_across_a_pause),
        cmocka_unit_test(test_random_commands_and_walls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
