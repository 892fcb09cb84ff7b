/* What a person is told of connections that are missing: connections and parts of the target that
 * are up beside those that are wanted, on virtual time.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan). */
#include "tests/unit/scripted_run.h"

#include "engine/stats/recorder.h"

#include <math.h>
#include <string.h>

/* ---- what is looked at ---- */

static struct pool *the_pool(const struct run *r)
{
    return engine_sup(r->engine)->pool[0];
}

static const struct check *check_of(const struct snapshot *n)
{
    for (unsigned i = 0; i < n->pool[0].checks; i++)
        if (n->pool[0].check[i].id == CHECK_CONNECTIONS)
            return &n->pool[0].check[i];
    fail_msg("no check of connections");
    return NULL;
}

/* How many events of the kind there are; *last: the text of the newest. */
static unsigned events_of(const struct snapshot *n, enum event_kind kind, const char **last)
{
    unsigned found = 0;
    for (unsigned i = 0; i < n->events; i++)
        if (n->event[i].kind == kind) {
            found++;
            *last = n->event[i].to;
        }
    return found;
}

static void expect_connections(const struct run *r, uint32_t up, uint32_t wanted)
{
    const struct snapshot *n = engine_snapshot(r->engine);
    assert_int_equal(n->pool[0].connections_up, up);
    assert_int_equal(n->pool[0].connections_wanted, wanted);
    snapshot_release(n);
}

/* ---- connections ---- */

#define FULL "9 of 50 connections up: refused: scripted: it cannot be opened"

/* A target that takes 9 of 50: said once, with the reason, and nothing of it is valid. */
static void test_a_target_that_takes_few(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=50");
    scripted_target.most = 9;
    step(&r, 12 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    const struct pool_snapshot *p = &n->pool[0];
    assert_int_equal(p->connections_up, 9);
    assert_int_equal(p->connections_wanted, 50);
    assert_string_equal(p->state_why, FULL);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    assert_string_equal(text, FULL);
    assert_int_equal(events_of(n, EVENT_DOWN, &text), 0);
    assert_int_equal(p->errors, 0);
    assert_int_equal(p->conn_errors, 1);
    assert_string_equal(p->conn_error[0].name, "refused");
    assert_string_equal(p->conn_error[0].last, "scripted: it cannot be opened");
    assert_int_equal(p->conn_error[0].count, scripted.turned_away);
    assert_false(check_of(n)->ok);
    assert_false(p->valid);
    assert_true(p->plateaus > 0);
    for (unsigned i = 0; i < p->plateaus; i++) {
        assert_false(p->plateau[i].valid);
        assert_string_equal(p->plateau[i].why_not, "9 of 50 connections up: refused");
        assert_int_equal(p->plateau[i].connections_up, 9);
        assert_int_equal(p->plateau[i].connections_wanted, 50);
        assert_int_equal(p->plateau[i].light[LIGHT_CONNECTIONS].state, LIGHT_BAD);
    }
    snapshot_release(n);
    end(&r);
}

/* The nine that stand have answers all the time; the others are tried one at a time, after half a
 * second at the latest. */
static void test_the_rest_is_not_a_storm(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    struct run r;
    (void)state;
    begin(&r, &s, "clients=50");
    scripted_target.most = 9;
    step(&r, S);
    assert_in_range(scripted.turned_away, 41, 50);
    uint64_t before = scripted.turned_away;
    step(&r, 60 * S);
    assert_in_range(scripted.turned_away - before, 2 * 60, 4 * 60);
    end(&r);
}

/* Room again: all are up within a second, it is said, and what follows is valid. The run has shown
 * too few for a third of its time. */
static void test_room_again(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=50");
    scripted_target.most = 9;
    step(&r, 20 * S);
    scripted_target.most = 0;
    step(&r, S);
    expect_connections(&r, 50, 50);
    step(&r, 39 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_UP, &text), 1);
    assert_string_equal(text, "all 50 connections up");
    assert_string_equal(n->pool[0].state_why, "");
    assert_true(n->pool[0].plateau[n->pool[0].plateaus - 1].valid);
    assert_false(check_of(n)->ok);
    assert_true(fabs(check_of(n)->value - 1.0 / 3) < 0.02);
    assert_non_null(strstr(check_of(n)->why, " (34 %, limit 5): at worst 9 of 50 connections up: "
                                             "refused"));
    snapshot_release(n);
    end(&r);
}

/* The figures after the end are those under load, and a run that is over before it is looked at a
 * second time is judged, too. */
static void test_a_run_of_a_moment(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=50&count=100");
    scripted_target.most = 9;
    step(&r, 10 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_true(n->ended);
    assert_int_equal(n->pool[0].counts.completed, 100);
    assert_int_equal(n->pool[0].connections_up, 9);
    assert_int_equal(n->pool[0].connections_wanted, 50);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    assert_string_equal(text, FULL);
    assert_false(check_of(n)->ok);
    snapshot_release(n);
    end(&r);
}

/* Connections that are lost and stand again after the back-off, one each five seconds, are errors of
 * their class and no shortage. */
static void test_one_that_is_lost_for_a_moment(void **state)
{
    static struct script_step step_of[5000] = {[4999] = {.kind = SCRIPT_DOWN, .after_ns = MS}};
    for (unsigned i = 0; i < 4999; i++)
        step_of[i].after_ns = 10 * MS;
    struct script s = {.step = step_of, .steps = 5000};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=10");
    step(&r, 60 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_in_range(scripted.lost, 10, 12);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_true(check_of(n)->ok);
    assert_true(n->pool[0].plateau[n->pool[0].plateaus - 1].valid);
    assert_int_equal(n->pool[0].conn_errors, 1);
    assert_string_equal(n->pool[0].conn_error[0].name, "lost");
    assert_int_equal(n->pool[0].conn_error[0].count, scripted.lost);
    snapshot_release(n);
    end(&r);
}

/* All are lost again and again, and stand again at once: there is no event each time, but that so few
 * carried the load makes the run and its plateaus not valid. */
static void test_all_that_are_lost_again_and_again(void **state)
{
    struct script_step step_of[410];
    for (unsigned i = 0; i < 410; i++) /* 10 connections, 40 x 10 ms */
        step_of[i] = (struct script_step){.kind = i < 400 ? SCRIPT_DONE : SCRIPT_DOWN,
                                          .after_ns = (i < 400 ? 10 : 1) * MS};
    struct script s = {.step = step_of, .steps = 410};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=10");
    step(&r, 60 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_in_range(scripted.lost, 1000, 1400);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_false(check_of(n)->ok);
    assert_true(check_of(n)->value > 0.1 && check_of(n)->value < 0.4);
    assert_non_null(strstr(check_of(n)->why, "at worst 0 of 10 connections up: lost"));
    for (unsigned i = 0; i < n->pool[0].plateaus; i++)
        assert_false(n->pool[0].plateau[i].valid);
    snapshot_release(n);
    end(&r);
}

/* A target that opens one connection after the other, one each step_ms. */
static void play_slow_target(struct run *r, unsigned n, unsigned step_ms, const char *query)
{
    static struct script_opening opening[100];
    static struct script s;
    for (unsigned i = 0; i < n; i++)
        opening[i] = (struct script_opening){.after_ns = (i + 1) * step_ms * MS};
    s = (struct script){.opening = opening, .openings = n};
    begin(r, &s, query);
}

/* All of them are up within the second that an opening may take: nothing is missing. */
static void test_slow_openings_are_no_shortage(void **state)
{
    const char *text = "";
    struct run r;
    (void)state;
    play_slow_target(&r, 40, 20, "clients=40");
    step(&r, 500 * MS);
    expect_connections(&r, 24, 40);
    step(&r, 3 * S);
    expect_connections(&r, 40, 40);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_true(check_of(n)->ok);
    assert_true(check_of(n)->value <= 0);
    snapshot_release(n);
    end(&r);
}

/* However steadily they come up: each that does buys no time for the others. */
static void test_openings_that_never_end(void **state)
{
    const char *text = "";
    struct run r;
    (void)state;
    play_slow_target(&r, 50, 90, "clients=50&rate=300/s&duration=5s");
    step(&r, 6 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_true(n->ended);
    assert_int_equal(n->pool[0].connections_up, 50);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_false(check_of(n)->ok);
    assert_in_range((uint64_t)(100 * check_of(n)->value), 88, 92);
    snapshot_release(n);
    end(&r);
}

/* The load ends before all are up: all of its time was too few. */
static void test_openings_that_do_not_end_in_time(void **state)
{
    const char *text = "";
    struct run r;
    (void)state;
    for (unsigned ms = 900; ms <= 4000; ms += 3100) {
        char query[64];
        snprintf(query, sizeof query, "clients=100&duration=%ums", ms);
        play_slow_target(&r, 100, 200, query);
        step(&r, 5 * S);
        const struct snapshot *n = engine_snapshot(r.engine);
        assert_true(n->ended);
        assert_in_range(n->pool[0].connections_up, ms / 200 - 1, ms / 200);
        assert_int_not_equal(n->pool[0].bottleneck, BOTTLENECK_SERVER);
        assert_false(check_of(n)->ok);
        assert_true(check_of(n)->value > 0.95);
        assert_true(events_of(n, EVENT_PARTIAL, &text) <= 1);
        snapshot_release(n);
        end(&r);
    }
}

/* Connections that hang while they are opened are missing once they are given up. */
static void test_openings_that_hang(void **state)
{
    struct script_opening opening[20] = {[0] = {.kind = OPENING_UP}};
    for (unsigned i = 1; i < 20; i++)
        opening[i].kind = OPENING_SILENT;
    struct script s = {.opening = opening, .openings = 20};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=3");
    step(&r, 4 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    snapshot_release(n);
    step(&r, 2 * S);
    n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    assert_string_equal(text,
                        "1 of 3 connections up: connect: no answer to the opening within 5.0 s");
    assert_false(check_of(n)->ok);
    snapshot_release(n);
    end(&r);
}

/* The load is over before they are given up. */
static void test_a_short_run_whose_openings_hang(void **state)
{
    struct script_opening opening[50] = {[0] = {.kind = OPENING_UP}};
    for (unsigned i = 9; i < 50; i++)
        opening[i].kind = OPENING_SILENT;
    struct script s = {.opening = opening, .openings = 50};
    const char *text = "";
    struct run r;
    (void)state;
    for (unsigned ms = 400; ms <= 5000; ms += 1150) {
        char query[64];
        snprintf(query, sizeof query, "clients=50&duration=%ums", ms);
        begin(&r, &s, query);
        step(&r, 6 * S);
        const struct snapshot *n = engine_snapshot(r.engine);
        const struct pool_snapshot *p = &n->pool[0];
        assert_true(n->ended);
        assert_int_equal(p->connections_up, 9);
        assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
        assert_string_equal(text, "9 of 50 connections up");
        assert_false(check_of(n)->ok);
        assert_true(check_of(n)->value > 0.9);
        assert_true(p->plateaus > 0 || ms < 3000);
        for (unsigned i = 0; i < p->plateaus; i++) {
            assert_false(p->plateau[i].valid);
            assert_int_equal(p->plateau[i].connections_up, 9);
            assert_int_equal(p->plateau[i].connections_wanted, 50);
        }
        snapshot_release(n);
        end(&r);
    }
}

/* Connections that are lost near the end and hang while they are opened again. */
static void test_the_end_of_a_run(void **state)
{
    struct script_opening opening[20] = {[0] = {.kind = OPENING_UP}};
    for (unsigned i = 10; i < 20; i++)
        opening[i].kind = OPENING_SILENT;
    static struct script_step step_of[10000] = {[9999] = {.kind = SCRIPT_DOWN, .after_ns = MS}};
    for (unsigned i = 0; i < 9999; i++)
        step_of[i].after_ns = 10 * MS;
    struct script s = {.opening = opening, .openings = 20, .step = step_of, .steps = 10000};
    struct run r;
    (void)state;
    begin(&r, &s, "clients=10&duration=13s");
    step(&r, 15 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_true(n->ended);
    assert_false(check_of(n)->ok);
    assert_in_range((uint64_t)(100 * check_of(n)->value), 20, 24);
    assert_non_null(strstr(check_of(n)->why, "at worst 9 of 10 connections up: lost"));
    snapshot_release(n);
    end(&r);
}

/* What is wanted rises all the time, and the target takes few. */
static void test_a_ramp_against_a_limit(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=1");
    scripted_target.most = 6;
    send(&r, "clients 400 over 10s");
    step(&r, S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    snapshot_release(n);
    step(&r, 9 * S);
    n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    assert_false(check_of(n)->ok);
    assert_non_null(strstr(n->pool[0].state_why, "6 of "));
    snapshot_release(n);
    send(&r, "stop");
    step(&r, S);
    n = engine_snapshot(r.engine);
    assert_true(check_of(n)->value > 0.95);
    snapshot_release(n);
    end(&r);
}

/* Each takes a while to open, so that some are always being opened: nothing is missing, and what is
 * at the end was asked for only then. */
static void test_a_ramp_over_a_slow_way(void **state)
{
    struct script s = {OPENINGS({.after_ns = 300 * MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=1&duration=10s");
    send(&r, "clients 100 over 10s");
    step(&r, 9 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_true(check_of(n)->value <= 0);
    snapshot_release(n);
    step(&r, 2 * S);
    n = engine_snapshot(r.engine);
    assert_true(n->ended);
    assert_true(check_of(n)->ok);
    snapshot_release(n);
    end(&r);
}

/* It opens fewer in a second than the ramp asks for: they are missing while it runs. */
static void test_a_ramp_that_is_too_fast(void **state)
{
    struct run r;
    (void)state;
    play_slow_target(&r, 100, 200, "clients=1");
    send(&r, "clients 100 over 2s");
    step(&r, 4 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_false(check_of(n)->ok);
    assert_true(check_of(n)->value > 0.9);
    snapshot_release(n);
    end(&r);
}

/* What is wanted is lowered to what there is, down to a single connection. */
static void test_fewer_are_wanted(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    const char *text = "";
    struct run r;
    (void)state;
    for (unsigned wanted = 1; wanted <= 2; wanted++) {
        begin(&r, &s, "clients=3");
        scripted_target.most = 2;
        step(&r, 2 * S);
        send(&r, wanted == 1 ? "clients 1" : "clients 2");
        step(&r, 2 * S);
        const struct snapshot *n = engine_snapshot(r.engine);
        assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
        assert_int_equal(events_of(n, EVENT_UP, &text), 1);
        assert_string_equal(text, wanted == 1 ? "the connection is up" : "all 2 connections up");
        snapshot_release(n);
        end(&r);
    }
}

/* Down is told as before; the time of it counts as well, but nothing is told of a part. */
static void test_an_outage(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=4&connections=4");
    step(&r, 10 * S);
    scripted_target.shut = 1;
    send(&r, "set reopen 1"); /* all are closed, and none comes up */
    step(&r, 10 * S);
    scripted_target.shut = 0;
    step(&r, 20 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_DOWN, &text), 1);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_int_equal(events_of(n, EVENT_UP, &text), 1);
    assert_int_equal(n->pool[0].connections_up, 4);
    assert_in_range((uint64_t)(100 * check_of(n)->value), 23, 27);
    snapshot_release(n);
    end(&r);
}

/* The point before an outage is a point, at whichever tenth of a second it begins. */
static void test_the_plateau_before_an_outage(void **state)
{
    static struct script_step step_of[10504];
    struct run r;
    (void)state;
    for (unsigned tenth = 0; tenth < 10; tenth++) {
        unsigned good = 8250 + tenth * 250;
        struct script s = {.step = step_of, .steps = good + 4};
        for (unsigned i = 0; i < s.steps; i++)
            step_of[i] =
                (struct script_step){.kind = i < good ? SCRIPT_DONE : SCRIPT_DOWN, .after_ns = MS};
        begin(&r, &s, "clients=4&connections=4&rate=2500/s&arrival=poisson");
        step(&r, S);
        scripted_target.shut = 1; /* those that are lost do not come up again */
        step(&r, 7 * S);
        const struct snapshot *n = engine_snapshot(r.engine);
        const struct plateau *first = &n->pool[0].plateau[0];
        assert_int_equal(n->pool[0].state, POOL_DOWN);
        assert_true(n->pool[0].plateaus > 0);
        if (!first->valid || first->connections_up < 4)
            fail_msg("at .%u: %u up: %s", tenth, first->connections_up, first->why_not);
        snapshot_release(n);
        end(&r);
    }
}

/* Threads that leave have no part in it, and those that come are waited for. */
static void test_threads_come_and_go(void **state)
{
    struct script s = {OPENINGS({.after_ns = 300 * MS})};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=5&threads=4");
    step(&r, 2 * S);
    expect_connections(&r, 20, 20);
    send(&r, "threads 2");
    step(&r, 2 * S);
    expect_connections(&r, 10, 10);
    send(&r, "threads 6");
    step(&r, 200 * MS);
    expect_connections(&r, 10, 30);
    step(&r, 2 * S);
    expect_connections(&r, 30, 30);
    send(&r, "stop");
    step(&r, 2 * S);
    expect_connections(&r, 0, 0);
    send(&r, "start");
    step(&r, 2 * S);
    expect_connections(&r, 30, 30);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_string_equal(check_of(n)->why, "");
    assert_true(check_of(n)->ok);
    snapshot_release(n);
    end(&r);
}

/* ---- parts of the target ---- */

/* One of three nodes refuses: its connections are missing, although the others do all the work. */
static void test_a_group_that_refuses(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS}), .groups = 3, .detours = true};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=6&connections=2");
    step(&r, S);
    expect_connections(&r, 6, 6);
    scripted_target.shut = 1U << 1;
    send(&r, "set reopen 1");
    step(&r, 5 * S);
    expect_connections(&r, 4, 6);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    assert_string_equal(text, "4 of 6 connections up: refused: scripted: it cannot be opened");
    snapshot_release(n);
    end(&r);
}

/* A node that has left the cluster is not missing, and is not tried again; when it is back its
 * connections are wanted again. */
static void test_a_group_that_left(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS}), .groups = 3, .detours = true};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=6&connections=2");
    step(&r, S);
    scripted_target.left = 1U << 1;
    send(&r, "set reopen 1");
    step(&r, S);
    expect_connections(&r, 4, 4);
    uint64_t openings = scripted.openings;
    step(&r, 10 * S);
    assert_int_equal(scripted.openings, openings);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 0);
    assert_true(check_of(n)->ok);
    snapshot_release(n);
    scripted_target.left = 0;
    scripted_target.shut = 5; /* the others go, and their requests are routed to it */
    send(&r, "set reopen 2");
    step(&r, 5 * S);
    expect_connections(&r, 2, 6);
    end(&r);
}

/* What pool_stats would say of the target's nodes. */
static void nodes_are(const struct run *r, uint32_t up, const char *why)
{
    struct stats *s = &pool_lock(the_pool(r))->stats;
    s->parts = 1;
    s->part[0] = (struct stat_part){.noun = "nodes", .up = up, .wanted = 3};
    copy_str(s->part[0].why, sizeof s->part[0].why, why);
    pool_unlock(the_pool(r));
}

/* What the backend says of parts is treated like connections. */
static void test_parts_that_the_backend_knows(void **state)
{
    struct script s = {.steps = 0};
    const char *text = "";
    struct run r;
    (void)state;
    begin(&r, &s, "clients=2");
    step(&r, 2 * S);
    nodes_are(&r, 2, "10.0.0.3:9042: connection refused");
    step(&r, 8 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    const struct pool_snapshot *p = &n->pool[0];
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 1);
    assert_string_equal(text, "2 of 3 nodes up: 10.0.0.3:9042: connection refused");
    assert_string_equal(p->state_why, text);
    assert_int_equal(p->connections_up, 2);
    assert_false(check_of(n)->ok);
    assert_false(p->plateau[p->plateaus - 1].valid);
    assert_string_equal(p->plateau[p->plateaus - 1].why_not, "2 of 3 nodes up");
    assert_int_equal(p->plateau[p->plateaus - 1].connections_up, 2);
    snapshot_release(n);
    nodes_are(&r, 1, "");
    step(&r, S);
    nodes_are(&r, 3, "");
    step(&r, 10 * S);
    n = engine_snapshot(r.engine);
    assert_int_equal(events_of(n, EVENT_PARTIAL, &text), 2);
    assert_string_equal(text, "1 of 3 nodes up");
    assert_int_equal(events_of(n, EVENT_UP, &text), 1);
    assert_string_equal(text, "all 3 nodes, 2 connections up");
    snapshot_release(n);
    end(&r);
}

/* most: as many connections as the target takes; 0: any number. */
static void begin_search(struct run *r, struct script *s, uint32_t most)
{
    begin(r, s, "clients=50");
    scripted_target.most = most;
    send(r, "sweep capacity from=1000/s to=8000/s");
}

/* A search for the capacity ends without a result, and says why. */
static void test_a_capacity_of_few_connections(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    struct run r;
    (void)state;
    begin_search(&r, &s, 9);
    step(&r, 60 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_false(n->sweep.on);
    assert_non_null(strstr(n->sweep.ended, "9 of 50 connections up: refused: no rate held"));
    assert_false(n->pool[0].capacity.known);
    snapshot_release(n);
    end(&r);
}

/* What is missing for a moment only makes it probe once more. */
static void test_a_capacity_with_a_node_that_restarts(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    struct run r;
    (void)state;
    begin_search(&r, &s, 0);
    step(&r, 6 * S);
    nodes_are(&r, 2, "10.0.0.3:9042: connection refused");
    step(&r, 2 * S);
    nodes_are(&r, 3, "");
    step(&r, 100 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_false(n->sweep.on);
    assert_true(n->pool[0].capacity.known);
    assert_int_equal(n->pool[0].capacity.limited_by, CAPACITY_BOUND);
    assert_true(fabs(n->pool[0].capacity.rate_per_s - 8000) < 1);
    snapshot_release(n);
    end(&r);
}

/* A node is lost after two rates have held: the search ends with the higher of them, and says why. */
static void test_a_capacity_up_to_a_shortage(void **state)
{
    struct script s = {OPENINGS({.after_ns = MS})};
    struct run r;
    (void)state;
    begin_search(&r, &s, 0);
    step(&r, 11 * S);
    nodes_are(&r, 2, "10.0.0.3:9042: connection refused");
    step(&r, 100 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    const struct capacity *c = &n->pool[0].capacity;
    assert_false(n->sweep.on);
    assert_true(c->known);
    assert_true(c->rate_per_s < 8000);
    assert_int_equal(c->limited_by, CAPACITY_BOUND);
    assert_string_equal(c->why, "no higher rate was tried: 2 of 3 nodes up");
    snapshot_release(n);
    end(&r);
}

int main(void)
{
    /* Between two steps it looks at what is the supervisor's. */
    roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_target_that_takes_few),
        cmocka_unit_test(test_the_rest_is_not_a_storm),
        cmocka_unit_test(test_room_again),
        cmocka_unit_test(test_a_run_of_a_moment),
        cmocka_unit_test(test_one_that_is_lost_for_a_moment),
        cmocka_unit_test(test_all_that_are_lost_again_and_again),
        cmocka_unit_test(test_slow_openings_are_no_shortage),
        cmocka_unit_test(test_openings_that_never_end),
        cmocka_unit_test(test_openings_that_do_not_end_in_time),
        cmocka_unit_test(test_openings_that_hang),
        cmocka_unit_test(test_a_short_run_whose_openings_hang),
        cmocka_unit_test(test_the_end_of_a_run),
        cmocka_unit_test(test_a_ramp_against_a_limit),
        cmocka_unit_test(test_a_ramp_over_a_slow_way),
        cmocka_unit_test(test_a_ramp_that_is_too_fast),
        cmocka_unit_test(test_fewer_are_wanted),
        cmocka_unit_test(test_an_outage),
        cmocka_unit_test(test_the_plateau_before_an_outage),
        cmocka_unit_test(test_threads_come_and_go),
        cmocka_unit_test(test_a_group_that_refuses),
        cmocka_unit_test(test_a_group_that_left),
        cmocka_unit_test(test_parts_that_the_backend_knows),
        cmocka_unit_test(test_a_capacity_of_few_connections),
        cmocka_unit_test(test_a_capacity_with_a_node_that_restarts),
        cmocka_unit_test(test_a_capacity_up_to_a_shortage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
