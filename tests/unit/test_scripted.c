/* The engine against a backend that follows a script (scripted.h), on virtual time: each thing that
 * a backend may do, by itself; test_scripted_random combines them at random.
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan). */
#include "tests/unit/scripted_run.h"

#include <string.h>

/* ---- each kind alone ---- */

static void test_done_later_in_submit_and_in_flush(void **state)
{
    (void)state;
    static const struct script_step step[] = {
        {.after_ns = MS}, {.when = IN_SUBMIT}, {.when = IN_FLUSH}};
    for (unsigned i = 0; i < 3; i++) {
        struct script s = {.step = &step[i], .steps = 1};
        assert_int_equal(play(&s, "count=900&clients=3&pattern=chain&depth=4").completed, 900);
        assert_int_equal(scripted.done, 900);
    }
    struct script mixed = {.step = step, .steps = 3};
    assert_int_equal(play(&mixed, "count=900&clients=3&pattern=chain&depth=4").completed, 900);
}

static void test_errors_and_refusals(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = MS}, {.kind = SCRIPT_FAIL, .after_ns = MS},
                             {.kind = SCRIPT_FAIL, .when = IN_SUBMIT}, {.kind = SCRIPT_REFUSED})};
    struct tally t = play(&s, "count=800&clients=4");
    assert_int_equal(t.completed, 200);
    assert_int_equal(t.errors, 600);
}

static void test_a_part_of_a_bulk(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_PARTIAL, .after_ns = MS, .count = 3})};
    struct tally t = play(&s, "count=1000&ops=bulk&rows=10&clients=2");
    assert_int_equal(scripted.submits, 100);
    assert_int_equal(t.completed, 700);
    assert_int_equal(t.errors, 300);
}

/* Each is refused once for 2 ms, then takes 1 ms: 3 ms, of which nothing is offered before it is
 * taken. */
static void test_busy(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_BUSY, .after_ns = 2 * MS}, {.after_ns = MS})};
    struct run r;
    begin(&r, &s, "clients=4&connections=1");
    step(&r, 301 * MS);
    assert_in_range(counts(&r).offered, 99, 101);
    struct tally t = end(&r);
    assert_int_equal(t.offered, t.completed);
    assert_int_equal(scripted.accepted, t.completed);
    assert_in_range(scripted.busy - t.completed, 0, 1);
}

/* It is lost while it takes nothing: the one that is opened in its place takes some again. */
static void test_busy_and_then_lost(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_DOWN, .after_ns = 5 * MS},
                             {.kind = SCRIPT_BUSY, .after_ns = 3600 * S}, {.after_ns = MS},
                             {.after_ns = MS}, {.after_ns = MS})};
    struct run r;
    begin(&r, &s, "clients=2&connections=1&pattern=chain&depth=2");
    step(&r, 200 * MS);
    assert_true(counts(&r).completed > 0);
    end(&r);
}

/* It stays offered and keeps its times: 1 ms and 2 ms are 3 ms of service. */
static void test_again_in_another_group(void **state)
{
    (void)state;
    struct script s = {
        STEPS({.kind = SCRIPT_AGAIN, .after_ns = MS, .count = 1}, {.after_ns = 2 * MS}),
        .groups = 2};
    struct run r;
    begin(&r, &s, "clients=1&count=100");
    step(&r, S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(n->pool[0].counts.completed, 100);
    assert_true(n->pool[0].service.mean > 2.99e6 && n->pool[0].service.mean < 3.01e6);
    snapshot_release(n);
    assert_int_equal(end(&r).offered, 100);
    assert_int_equal(scripted.again, 100);
}

/* What was handed back inside submit and then waits for room has its whole timeout. */
static void test_again_inside_submit_is_not_late_at_once(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_AGAIN, .when = IN_SUBMIT},
                             {.kind = SCRIPT_BUSY, .after_ns = 20 * MS}, {.after_ns = MS})};
    struct tally t = play(&s, "clients=1&timeout=50ms&count=30");
    assert_int_equal(t.timeouts, 0);
    assert_int_equal(t.completed, 30);
}

/* A closed client's request waits for a connection as long as it takes, also beside one that is
 * sent again: it is not given back for another that waits again. */
static void test_who_waits_keeps_the_place(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_AGAIN, .after_ns = 5 * MS},
                             {.kind = SCRIPT_BUSY, .after_ns = 20 * MS}, {.after_ns = 5 * MS})};
    struct run r;
    begin(&r, &s, "clients=8&connections=1&timeout=100ms");
    step(&r, S);
    assert_in_range(scripted.made - scripted.accepted, 0, 8);
    end(&r);
}

/* One connection does not take it: another one has room, at once. */
static void test_busy_on_one_of_two_connections(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_BUSY, .after_ns = 50 * MS}, {.after_ns = MS})};
    struct run r;
    begin(&r, &s, "clients=1&connections=2&count=2");
    step(&r, 2 * MS);
    assert_int_equal(counts(&r).completed, 1);
    assert_int_equal(end(&r).completed, 2);
}

/* One that is sent again keeps the time of its first sending, behind others that are younger. */
static void test_time_is_up_behind_younger_ones(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_AGAIN, .after_ns = 900 * MS}, {.after_ns = 800 * MS},
                             {.kind = SCRIPT_SILENT}, {.kind = SCRIPT_SILENT}),
                       .flags = BACKEND_STREAMS};
    struct run r;
    begin(&r, &s, "clients=2&connections=1&depth=2&pattern=queue&timeout=1s&count=3");
    step(&r, 990 * MS);
    assert_int_equal(counts(&r).timeouts, 0);
    assert_int_equal(scripted.again, 1);
    step(&r, 160 * MS);
    assert_int_equal(counts(&r).timeouts, 1);
    end(&r);
}

/* What was in flight before the pattern was unthrottled does not count in its bound of memory. */
static void test_memory_of_those_before_unthrottled(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = 20 * MS})};
    struct run r;
    begin(&r, &s, "clients=2&pattern=chain&depth=16");
    step(&r, 50 * MS);
    send(&r, "pattern unthrottled");
    step(&r, 50 * MS);
    send(&r, "pattern chain");
    step(&r, S);
    end(&r);
}

/* A connection whose last request was sent elsewhere is closed if it is to go, and reopened if its
 * settings changed. */
static void test_a_connection_that_retires_on_again(void **state)
{
    (void)state;
    struct script s = {
        STEPS({.kind = SCRIPT_AGAIN, .after_ns = 3 * MS, .count = 1}, {.after_ns = 3 * MS}),
        .groups = 2};
    struct run r;
    begin(&r, &s, "clients=8&connections=8");
    step(&r, 10 * MS);
    uint64_t before = scripted.openings;
    send(&r, "set reopen 1");
    step(&r, S);
    assert_int_equal(scripted.openings, before + 16);
    send(&r, "connections 1");
    step(&r, S);
    for (uint32_t g = 0; g < 2; g++)
        assert_null(worker_conn(pool_sup(engine_sup(r.engine)->pool[0])->worker[0]->worker, g, 1));
    end(&r);
}

static void test_a_connection_is_lost(void **state)
{
    (void)state;
    static const struct script_step last[] = {{.kind = SCRIPT_DOWN, .when = IN_SUBMIT},
                                              {.kind = SCRIPT_DOWN, .when = IN_FLUSH},
                                              {.kind = SCRIPT_DOWN, .after_ns = MS / 2}};
    for (unsigned i = 0; i < 3; i++) {
        struct script s = {STEPS({.after_ns = MS}, {.after_ns = MS}, {.after_ns = MS}, last[i])};
        struct script_step steps[] = {
            {.after_ns = MS}, {.after_ns = MS}, {.after_ns = MS}, last[i]};
        s.step = steps;
        struct tally t = play(&s, "clients=2&connections=1&pattern=chain&depth=2");
        assert_true(scripted.lost > 5);
        assert_in_range(t.errors, scripted.lost, 4 * scripted.lost);
        assert_int_equal(t.offered, t.completed + t.errors);
        assert_in_range(scripted.openings - scripted.lost, 0, 1);
    }
}

static void test_openings_that_fail(void **state)
{
    (void)state;
    static const struct script_opening bad[] = {{.kind = OPENING_ERROR},
                                                {.kind = OPENING_DOWN},
                                                {.kind = OPENING_DOWN, .after_ns = 3 * MS},
                                                {.kind = OPENING_SILENT},
                                                {.kind = OPENING_DOWN, .closes_after_ns = MS}};
    for (unsigned i = 0; i < 5; i++) {
        struct script_opening opening[] = {bad[i], bad[i], {.kind = OPENING_UP, .after_ns = MS}};
        struct script s = {.opening = opening, .openings = 3};
        assert_int_equal(play(&s, "count=100&clients=3&timeout=100ms").completed, 100);
        assert_true(scripted.openings >= 3);
    }
}

/* Two cannot be opened, so one is tried at a time, and that one, silent, is to go: another is tried
 * in its place. */
static void test_the_one_that_is_tried_retires(void **state)
{
    (void)state;
    struct script s = {OPENINGS({.kind = OPENING_DOWN}, {.kind = OPENING_DOWN},
                                {.kind = OPENING_SILENT}, {.kind = OPENING_UP})};
    struct run r;
    begin(&r, &s, "clients=3&connections=3");
    step(&r, 300 * MS);
    assert_int_equal(scripted.openings, 3);
    send(&r, "connections 1");
    step(&r, S);
    assert_true(counts(&r).completed > 500);
    end(&r);
}

/* A group is lost for good: what waits in it is routed again, and finds another one. */
static void test_a_group_that_is_down_is_left(void **state)
{
    (void)state;
    struct script_step done[100];
    for (unsigned i = 0; i < 100; i++)
        done[i] = (struct script_step){.after_ns = MS};
    done[0] = (struct script_step){.kind = SCRIPT_DOWN, .after_ns = 20 * MS};
    struct script_opening opening[100] = {{.kind = OPENING_UP}, {.kind = OPENING_UP}};
    for (unsigned i = 2; i < 100; i++)
        opening[i].kind = OPENING_SILENT;
    struct script s = {.step = done,
                       .steps = 100,
                       .opening = opening,
                       .openings = 100,
                       .groups = 2,
                       .detours = true};
    struct run r;
    begin(&r, &s, "clients=8&connections=1&count=90");
    step(&r, S);
    assert_int_equal(counts(&r).completed, 89);
    end(&r);
}

/* Half are never answered. Where answers have no names each ends its connection. */
static void test_silence(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = MS}, {.kind = SCRIPT_SILENT})};
    struct tally t = play(&s, "clients=1&timeout=20ms&count=10");
    assert_int_equal(t.completed, 5);
    assert_int_equal(t.timeouts, 5);
    assert_in_range(scripted.openings, 5, 6);
}

/* Late answers with names: each was counted as a timeout before, and none ends its connection. */
static void test_late_answers_with_streams(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = 30 * MS}, {.after_ns = MS}), .flags = BACKEND_STREAMS};
    struct tally t = play(&s, "clients=1&pattern=chain&depth=4&timeout=20ms&count=40");
    assert_int_equal(t.completed, 20);
    assert_int_equal(t.timeouts, 20);
    assert_int_equal(scripted.done, 40);
    assert_int_equal(scripted.openings, 1);
}

static void test_timeouts_of_its_own(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = MS}, {.kind = SCRIPT_TIMEOUT, .after_ns = 90 * MS}),
                       .flags = BACKEND_TIMEOUTS};
    struct tally t = play(&s, "clients=1&timeout=20ms&count=20");
    assert_int_equal(t.completed, 10);
    assert_int_equal(t.timeouts, 10);
    assert_int_equal(scripted.openings, 1);
}

static void test_messages(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_RECEIVED, .count = 7, .after_ns = MS},
                             {.kind = SCRIPT_RECEIVED_ERROR, .count = 2, .after_ns = MS})};
    struct tally t = play(&s, "ops=one,message&count=1000&clients=2");
    assert_int_equal(t.offered, 1000);
    assert_int_equal(t.errors, scripted.received_errors);
    assert_int_equal(t.completed, scripted.done + scripted.received);
}

/* Also while starts that the warm-up left behind are still made. */
static void test_messages_behind_a_warmup(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_RECEIVED, .count = 1, .after_ns = MS})};
    struct run r;
    begin(&r, &s, "ops=one,message&clients=1&rate=2000/s&warmup=100ms&count=500");
    step(&r, 5 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(n->ended_by, END_BY_COUNT);
    assert_int_equal(n->pool[0].counts.offered, 500);
    snapshot_release(n);
    end(&r);
}

/* 1 ms, then 20 ms in which nothing new is leased. */
static void test_trouble(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_TROUBLE, .count = 20 * MS, .after_ns = MS})};
    struct run r;
    begin(&r, &s, "clients=3&connections=1");
    step(&r, 21 * 40 * MS + MS / 2);
    assert_in_range(scripted.submits, 40, 42);
    end(&r);
}

static void test_answers_out_of_order(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = 7 * MS}, {.after_ns = MS}, {.after_ns = 3 * MS}),
                       .flags = BACKEND_STREAMS, .depth = 16};
    assert_int_equal(play(&s, "count=900&clients=4&connections=1&pattern=queue&depth=4").completed,
                     900);
    s.flags = 0;
    assert_int_equal(play(&s, "count=900&clients=4&connections=1&pattern=queue&depth=4").completed,
                     900);
}

static void test_connections_that_close_late(void **state)
{
    (void)state;
    struct script s = {OPENINGS({.closes_after_ns = 50 * MS})};
    struct run r;
    begin(&r, &s, "clients=8&connections=4");
    for (unsigned i = 0; i < 12; i++) {
        send(&r, i % 2 ? "connections 6" : "connections 1");
        step(&r, 30 * MS * (1 + i % 3));
    }
    assert_int_equal(end(&r).errors, 0);
}

/* A client that --max-rate allows one start at a time still comes to all of its depth. */
static void test_a_ceiling_fills_the_depth(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = S})};
    struct run r;
    begin_limited(&r, &s, "clients=2&pattern=chain&depth=8", 1000);
    step(&r, 8 * MS + MS / 2);
    assert_in_range(counts(&r).offered, 8, 9);
    step(&r, 100 * MS);
    assert_int_equal(counts(&r).offered, 16);
    end(&r);
}

/* Requests of one operation and of a hundred: the ceiling is of operations, and it is reached. */
static void test_a_ceiling_counts_each_bulk_as_it_is(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = MS})};
    struct run r;
    begin_limited(&r, &s, "clients=64&ops=one:9,bulk:1&rows=100", 10000);
    step(&r, 20 * S);
    assert_in_range(counts(&r).completed, 198000, 202000);
    end(&r);
}

/* A batch of the pattern is one batch, also when its requests carry several operations each; and
 * such a request is one where the pattern makes none. */
static void test_batches_are_counted_once(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = MS})};
    struct tally t = play(&s, "count=960&clients=1&pattern=batch&depth=16&ops=bulk&rows=10");
    assert_int_equal(t.batches, 6);
    t = play(&s, "count=960&clients=1&ops=bulk&rows=10");
    assert_int_equal(t.batches, 0); /* requests of ten, and no batch */
}

/* The first clients fill the bound of memory; the others have their turn when it is free again. */
static void test_no_unthrottled_client_is_forgotten(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = 10 * MS})};
    struct run r;
    begin(&r, &s, "clients=12&pattern=unthrottled");
    step(&r, S);
    assert_int_equal(scripted.clients, 12);
    end(&r);
}

/* ---- several round trips, and parts of a batch ---- */

static void test_a_request_of_several_round_trips(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_TRIPS, .count = 3, .after_ns = MS})};
    struct tally t = play(&s, "clients=1");
    assert_in_range(t.completed, 240, 280); /* of 4 ms each: one start and one end */
    assert_int_equal(t.offered, t.completed);
}

/* Two connections, so two of them at a time, whatever the depth; they wait in the order of their
 * start, and each is done at its last part. */
static void test_connections_held_alone(void **state)
{
    (void)state;
    struct script s = {STEPS({.kind = SCRIPT_TRIPS, .count = 1, .after_ns = MS}), .alone = 100};
    struct run r;
    begin(&r, &s, "clients=4&pattern=chain&depth=4&connections=2");
    for (unsigned i = 0; i < 1000; i++) {
        step(&r, MS);
        assert_in_range(counts(&r).in_flight, 0, 2);
    }
    assert_in_range(counts(&r).completed, 990, 1000);
    end(&r);
}

/* Beside others, which share the connections: both kinds go on, in every group. */
static void test_held_alone_beside_others(void **state)
{
    (void)state;
    static const char *const query[] = {"clients=4&pattern=chain&depth=4&connections=2",
                                        "clients=4&pattern=batch&depth=6&connections=3",
                                        "clients=2&rate=2000/s&connections=2",
                                        "clients=3&pattern=unthrottled&connections=2"};
    struct script s = {STEPS({.after_ns = MS}, {.kind = SCRIPT_TRIPS, .count = 2, .after_ns = MS}),
                       .groups = 3, .alone = 20};
    for (unsigned i = 0; i < 4; i++) {
        struct tally t = play(&s, query[i]);
        assert_true(t.completed > 500);
        assert_true(scripted.alone > t.completed / 10);
        assert_true(scripted.alone < t.completed / 3);
    }
}

/* One that is lost, late or sent again lets go of its connection. */
static void test_held_alone_and_not_done(void **state)
{
    (void)state;
    static const struct script_step step[] = {{.kind = SCRIPT_DOWN, .after_ns = MS},
                                              {.kind = SCRIPT_SILENT},
                                              {.kind = SCRIPT_AGAIN, .after_ns = MS, .count = 1},
                                              {.kind = SCRIPT_BUSY, .after_ns = MS},
                                              {.kind = SCRIPT_REFUSED},
                                              {.kind = SCRIPT_FAIL, .when = IN_SUBMIT}};
    for (unsigned i = 0; i < sizeof step / sizeof *step; i++) {
        struct script_step steps[] = {step[i], {.after_ns = MS}};
        struct script s = {.step = steps, .steps = 2, .groups = 2, .alone = 50};
        struct tally t = play(&s, "clients=4&pattern=chain&depth=3&connections=2&timeout=100ms");
        assert_true(t.completed > 20);
        assert_true(scripted.alone > 10);
    }
}

/* What a batch has for a group is one lease: on one connection, though three have room. */
static void test_a_batch_is_split_by_group(void **state)
{
    (void)state;
    struct script s = {STEPS({.after_ns = MS}), .groups = 3};
    struct run r;
    unsigned most[3] = {0};
    begin(&r, &s, "clients=1&pattern=batch&depth=12&connections=3");
    for (unsigned i = 0; i < 500; i++) {
        step(&r, MS / 2);
        const struct worker *w = pool_sup(engine_sup(r.engine)->pool[0])->worker[0]->worker;
        for (uint32_t g = 0; g < 3; g++) {
            unsigned carry = 0;
            for (unsigned k = 0; k < 3; k++) {
                const struct conn *c = worker_conn(w, g, k);
                carry += c && c->requests;
                if (c && c->requests > most[g])
                    most[g] = c->requests;
            }
            assert_in_range(carry, 0, 1);
        }
    }
    /* of 12, 4 by chance in each */
    for (unsigned g = 0; g < 3; g++)
        assert_in_range(most[g], 5, 12);
    end(&r);
}

int main(void)
{
    /* Between two steps it looks at what is the supervisor's. */
    roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done_later_in_submit_and_in_flush),
        cmocka_unit_test(test_errors_and_refusals),
        cmocka_unit_test(test_a_part_of_a_bulk),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_busy_and_then_lost),
        cmocka_unit_test(test_again_in_another_group),
        cmocka_unit_test(test_again_inside_submit_is_not_late_at_once),
        cmocka_unit_test(test_who_waits_keeps_the_place),
        cmocka_unit_test(test_busy_on_one_of_two_connections),
        cmocka_unit_test(test_time_is_up_behind_younger_ones),
        cmocka_unit_test(test_memory_of_those_before_unthrottled),
        cmocka_unit_test(test_a_connection_that_retires_on_again),
        cmocka_unit_test(test_a_connection_is_lost),
        cmocka_unit_test(test_openings_that_fail),
        cmocka_unit_test(test_the_one_that_is_tried_retires),
        cmocka_unit_test(test_a_group_that_is_down_is_left),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_late_answers_with_streams),
        cmocka_unit_test(test_timeouts_of_its_own),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_messages_behind_a_warmup),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_answers_out_of_order),
        cmocka_unit_test(test_connections_that_close_late),
        cmocka_unit_test(test_a_ceiling_fills_the_depth),
        cmocka_unit_test(test_a_ceiling_counts_each_bulk_as_it_is),
        cmocka_unit_test(test_batches_are_counted_once),
        cmocka_unit_test(test_no_unthrottled_client_is_forgotten),
        cmocka_unit_test(test_a_request_of_several_round_trips),
        cmocka_unit_test(test_connections_held_alone),
        cmocka_unit_test(test_held_alone_beside_others),
        cmocka_unit_test(test_held_alone_and_not_done),
        cmocka_unit_test(test_a_batch_is_split_by_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
