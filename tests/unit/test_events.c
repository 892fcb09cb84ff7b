/* The effect that an event reports, on virtual time: a change that is known to help is "real", one
 * that is known to do nothing is "noise", and an event that does not change the load does not
 * shorten the seconds of its neighbours. */
#include "virtual_run.h"

#include "engine/state/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)

/* The newest event of a kind; the snapshot must have one. */
static const struct event *newest(const struct snapshot *n, enum event_kind kind)
{
    for (unsigned i = n->events; i-- > 0;)
        if (n->event[i].kind == kind)
            return &n->event[i];
    fail_msg("no event of the kind '%s'", event_kind_name(kind));
    return NULL;
}

static void send(struct engine *e, const char *text)
{
    struct err err = {0};
    if (engine_send_text(e, text, BY_KEY, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
}

static struct event effect_of(const char *command, unsigned seed)
{
    char url[128];
    struct scenario s;
    snprintf(url, sizeof url, "null:?threads=1&clients=4&service=20ms&dist=exp&seed=%u", seed);
    struct engine *e = virtual_start(&s, (const char *const[]){url, NULL});
    engine_step(e, 15 * S);
    send(e, command);
    engine_step(e, 18 * S);
    send(e, "mark in between");
    send(e, "set nosuch 1");
    engine_step(e, 30 * S);
    const struct snapshot *n = engine_snapshot(e);
    struct event ev = *newest(n, EVENT_CHANGE);
    assert_string_equal(newest(n, EVENT_MARK)->what, "mark");
    assert_string_equal(newest(n, EVENT_REFUSED)->pool, "null");
    assert_true(isnan(newest(n, EVENT_REFUSED)->before_per_s));
    snapshot_release(n);
    virtual_end(e, &s);
    return ev;
}

static void test_more_clients_are_a_real_change(void **state)
{
    (void)state;
    struct event ev = effect_of("clients 8", 1);
    assert_string_equal(ev.what, "clients");
    assert_true(ev.settled && ev.real && ev.diff_low > 0);
    assert_true(fabs(ev.before_per_s - 200) < 20 && fabs(ev.after_per_s - 400) < 40);
    assert_true(ev.diff_low < 200 && 200 < ev.diff_high);
}

/* More connections than clients change nothing: one in twenty may be called real, at most. */
static void test_what_changes_nothing_is_noise(void **state)
{
    (void)state;
    unsigned real = 0;
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct event ev = effect_of("connections 9", seed);
        assert_true(ev.settled);
        assert_int_equal(ev.real, ev.diff_low > 0 || ev.diff_high < 0);
        real += ev.real;
    }
    assert_in_range(real, 0, 7); /* of 60 at 5 %: more in one case of a hundred */
}

/* One command changes 64 pools, and a hundred notes follow: each change gets its effect. */
static void test_many_events_at_once_have_their_effects(void **state)
{
    const char *urls[POOLS_MAX + 1] = {NULL};
    struct scenario s;
    unsigned changes = 0;
    (void)state;
    for (unsigned i = 0; i < POOLS_MAX; i++)
        urls[i] = "null:?clients=2&service=20ms";
    struct engine *e = virtual_start(&s, urls);
    engine_step(e, 12 * S);
    send(e, "clients 4");
    engine_step(e, 12 * S + S / 5);
    for (unsigned i = 0; i < 100; i++) {
        send(e, "mark one of many");
        engine_step(e, 12 * S + S / 5 + i * S / 1000);
    }
    engine_step(e, 25 * S);
    const struct snapshot *n = engine_snapshot(e);
    for (unsigned i = 0; i < n->events; i++) {
        const struct event *ev = &n->event[i];
        if (ev->kind != EVENT_CHANGE)
            continue;
        changes++;
        if (!ev->settled || !(ev->after_per_s > 1.9 * ev->before_per_s))
            fail_msg("%s: %g before, %g after", ev->pool, ev->before_per_s, ev->after_per_s);
    }
    assert_int_equal(changes, POOLS_MAX);
    snapshot_release(n);
    virtual_end(e, &s);
}

static void test_a_kind_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(event_kind_name(EVENT_CHANGE), "");
    assert_string_equal(event_kind_name(EVENT_SWEEP_END), "sweep end");
    assert_string_equal(end_reason_name(END_BY_NONE), "");
    assert_string_equal(end_reason_name(END_BY_RULE), "rule");
    assert_string_equal(check_name(CHECK_ACCOUNTING), "accounting");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_clients_are_a_real_change),
        cmocka_unit_test(test_what_changes_nothing_is_noise),
        cmocka_unit_test(test_many_events_at_once_have_their_effects),
        cmocka_unit_test(test_a_kind_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
