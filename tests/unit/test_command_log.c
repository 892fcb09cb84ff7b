/* The log of commands, on virtual time: the result that belongs to a ticket, what is kept and for
 * how long, and that an undo reverts a change exactly. */
#include "virtual_run.h"

#include "engine/base/text.h"
#include "engine/state/command_log.h"
#include "engine/state/engine_state.h"

#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)

struct run {
    struct scenario scenario;
    struct engine *engine;
    uint64_t now_ns;
};

static void begin(struct run *r, const char *const *urls)
{
    *r = (struct run){0};
    r->engine = virtual_start(&r->scenario, urls);
    engine_step(r->engine, r->now_ns += S);
}

static void end(struct run *r)
{
    virtual_end(r->engine, &r->scenario);
}

static int64_t send(struct run *r, const char *text)
{
    struct err err = {0};
    int64_t ticket = engine_send_text(r->engine, text, BY_KEY, &err);
    if (ticket < 0)
        fail_msg("%s: %s", text, err.msg);
    return ticket;
}

static int64_t carry_out(struct run *r, const char *text)
{
    int64_t ticket = send(r, text);
    engine_step(r->engine, r->now_ns += S);
    return ticket;
}

static void assert_result(struct run *r, int64_t ticket, enum command_result result,
                          const char *why)
{
    struct err err;
    assert_int_equal(engine_ticket_result(r->engine, ticket, &err), result);
    assert_string_equal(err.msg, why);
}

static const struct kept_command *kept(const struct run *r, int64_t ticket)
{
    struct command_log *log = &r->engine->commands;
    const struct kept_command *k = &command_log_lock(log)->kept[(uint64_t)ticket % COMMANDS_KEPT];
    command_log_unlock(log); /* on virtual time there is no other thread */
    return k;
}

static void test_a_ticket_says_what_became_of_its_command(void **state)
{
    struct run r;
    struct err err = {0};
    (void)state;
    begin(&r, (const char *const[]){"null:", "null:?name=b&clients=2", NULL});
    int64_t ticket = send(&r, "threads 2");
    assert_result(&r, ticket, COMMAND_WAITING, "");
    engine_step(r.engine, r.now_ns += S);
    assert_result(&r, ticket, COMMAND_DONE, "");
    assert_int_equal(kept(&r, ticket)->by, BY_KEY);
    assert_string_equal(kept(&r, ticket)->text, "threads 2");
    assert_int_equal(kept(&r, ticket)->sent_ns - r.engine->start_ns, S);
    assert_result(&r, carry_out(&r, "nosuch threads 2"), COMMAND_REFUSED,
                  "no pool is called 'nosuch'");
    assert_true(engine_send_text(r.engine, "thread 2", BY_KEY, &err) == ERR_USAGE);
    assert_result(&r, carry_out(&r, "undo"), COMMAND_DONE, "");
    assert_result(&r, carry_out(&r, "undo"), COMMAND_DONE, "");
    assert_result(&r, carry_out(&r, "undo"), COMMAND_REFUSED, "undo: nothing to undo");
    /* 1 - 1 client is refused by the first pool, 2 - 1 is taken by the other one */
    assert_result(&r, carry_out(&r, "clients -1"), COMMAND_PARTLY,
                  "null: clients 0: out of range, allowed 1 to 1000000");
    carry_out(&r, "lock");
    assert_int_equal(engine_ticket_result(r.engine, carry_out(&r, "threads 3"), NULL),
                     COMMAND_REFUSED);
    assert_result(&r, 0, COMMAND_UNKNOWN, "");
    assert_result(&r, -1, COMMAND_UNKNOWN, "");
    assert_result(&r, 1000, COMMAND_UNKNOWN, "");
    end(&r);
}

static void test_the_last_2048_are_kept(void **state)
{
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:", NULL});
    int64_t first = carry_out(&r, "mark first"), last = 0;
    for (unsigned i = 1; i < COMMANDS_KEPT; i++) {
        last = send(&r, "mark another");
        engine_step(r.engine, r.now_ns += S / 10);
    }
    assert_int_equal(last, first + COMMANDS_KEPT - 1);
    assert_result(&r, first, COMMAND_DONE, "");
    last = carry_out(&r, "mark one more");
    assert_result(&r, first, COMMAND_UNKNOWN, "");
    assert_result(&r, first + 1, COMMAND_DONE, "");
    assert_result(&r, last, COMMAND_DONE, "");
    end(&r);
}

static void test_no_secret_is_kept(void **state)
{
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:", NULL});
    int64_t add = carry_out(&r, "add redis://u:topsecret@127.0.0.1:1/0?x=topsecret");
    int64_t set = carry_out(&r, "set password topsecret");
    assert_string_equal(kept(&r, add)->text, "add redis://***@127.0.0.1:1/0");
    assert_string_equal(kept(&r, set)->text, "set password ***");
    assert_int_equal(engine_ticket_result(r.engine, add, NULL), COMMAND_REFUSED);
    assert_null(strstr(kept(&r, add)->why, "topsecret"));
    assert_null(strstr(kept(&r, set)->why, "topsecret"));
    end(&r);
}

/* ---- what is no change ---- */

/* Sends what asks for the value that is there, and sees that nothing says it was changed. */
static void assert_no_change(struct run *r, const char *text)
{
    const struct snapshot *a = engine_snapshot(r->engine);
    double since = a->pool[0].plateau[a->pool[0].plateaus - 1].start_s;
    uint64_t events = a->events_total;
    assert_true(a->pool[0].plateau_on);
    snapshot_release(a);
    assert_result(r, carry_out(r, text), COMMAND_DONE, "");
    const struct snapshot *b = engine_snapshot(r->engine);
    const struct plateau *last = &b->pool[0].plateau[b->pool[0].plateaus - 1];
    if (b->events_total != events)
        fail_msg("%s: an event: %s", text, b->event[b->events - 1].what);
    if (b->undo[0])
        fail_msg("%s: u undoes: %s", text, b->undo);
    if (!b->pool[0].plateau_on || last->start_s > since)
        fail_msg("%s: a new plateau begins", text);
    snapshot_release(b);
}

static void test_an_equal_value_is_no_change(void **state)
{
    static const char *const texts[] = {
        "threads 2",    "clients 3",          "threads 2 over 10s",   "rate off",
        "pattern sync", "ops op:7",           "set errors 0.00",      "set dist const",
        "set think 0",  "set service 1000us", "set arrival constant",
    };
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:?threads=2&clients=3&service=1ms", NULL});
    engine_step(r.engine, r.now_ns += 10 * S);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_no_change(&r, texts[i]);
    end(&r);
}

/* A number that is in effect and is set now: the event says what is different. */
static void test_what_was_automatic(void **state)
{
    static const struct {
        const char *text, *from, *to;
    } cases[] = {
        {"depth 1", "auto", "1"},
        {"depth auto", "1", "auto"},
        {"depth 4", "1", "4"},
        {"connections 3", "auto", "3"},
        {"connections auto", "3", "auto"},
        {"connections 2", "3", "2"},
    };
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:?clients=3&service=1ms", NULL});
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_result(&r, carry_out(&r, cases[i].text), COMMAND_DONE, "");
        const struct snapshot *n = engine_snapshot(r.engine);
        assert_string_equal(n->event[n->events - 1].from, cases[i].from);
        assert_string_equal(n->event[n->events - 1].to, cases[i].to);
        snapshot_release(n);
    }
    end(&r);
}

static uint64_t events(const struct run *r)
{
    const struct snapshot *n = engine_snapshot(r->engine);
    uint64_t total = n->events_total;
    snapshot_release(n);
    return total;
}

static void test_an_order_given_twice_is_one(void **state)
{
    static const char *const texts[] = {"pause",  "resume", "pause all", "resume all", "lock",
                                        "unlock", "stop",   "start",     "sweep stop"};
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:?service=1ms", NULL});
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        carry_out(&r, texts[i]);
        uint64_t once = events(&r);
        assert_result(&r, carry_out(&r, texts[i]), COMMAND_DONE, "");
        if (events(&r) != once)
            fail_msg("%s: a second event", texts[i]);
    }
    end(&r);
}

/* The value that a ramp is passing is no value that is set: to stay there ends the ramp. */
static void test_staying_on_a_ramp_is_a_change(void **state)
{
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:?service=1ms", NULL});
    carry_out(&r, "threads 11 over 100s");
    engine_step(r.engine, r.now_ns += 44 * S);
    uint64_t before = events(&r);
    carry_out(&r, "threads 5");
    assert_int_equal(events(&r), before + 1);
    engine_step(r.engine, r.now_ns += 60 * S);
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(n->pool[0].load.threads, 5);
    assert_string_equal(n->undo, "null threads 5");
    snapshot_release(n);
    end(&r);
}

/* ---- what is taken back ---- */

#define TYPES 13
static struct backend many;
static const struct backend *const only[] = {&many, NULL};
static char names[TYPES][24];
static struct op_type types[TYPES + 1];

/* The null service with as many operations as Redis has, and longer names. */
static void make_many(void)
{
    for (unsigned i = 0; i < TYPES; i++) {
        snprintf(names[i], sizeof names[i], "operation_of_kind_%02u", i);
        types[i] = backend_null.ops[0];
        types[i].name = names[i];
        types[i].weight = i == 0;
    }
    many = backend_null;
    many.ops = types;
}

static void begin_many(struct run *r, const char *mix)
{
    struct options defaults;
    struct err err = {0};
    struct text url = {0};
    make_many();
    *r = (struct run){0};
    scenario_init(&r->scenario);
    options_init(&defaults, pool_option_table);
    text_add(&url, "null:?ops=%s", mix);
    if (scenario_add(&r->scenario, text_str(&url), ORIGIN_ARGV, &defaults, only, &err) < 0 ||
        !(r->engine = engine_new(&r->scenario, only, true, &err)) ||
        engine_start(r->engine, &err) < 0)
        fail_msg("%s", err.msg);
    options_fini(&defaults);
    text_free(&url);
    engine_step(r->engine, r->now_ns += S);
}

/* All operations, none with a round weight. */
static void write_mix(struct text *t, double first)
{
    for (unsigned i = 0; i < TYPES; i++)
        text_add(t, "%s%s:%.17g", i ? "," : "", names[i], first + 1.0 / (i + 3));
}

static void weights(const struct run *r, double weight[OPS_MAX])
{
    const struct snapshot *n = engine_snapshot(r->engine);
    memcpy(weight, n->pool[0].load.weight, OPS_MAX * sizeof *weight);
    snapshot_release(n);
}

/* Reports repeat a run from its events: the newest one says the mix before and after exactly. */
static void assert_event_is_whole(const struct run *r, const double *before, const double *after)
{
    struct err err = {0};
    double from[OPS_MAX], to[OPS_MAX];
    const struct snapshot *n = engine_snapshot(r->engine);
    const struct event *ev = &n->event[n->events - 1];
    assert_int_equal(ev->kind, EVENT_OPS);
    if (ops_parse(types, "null", ev->from, from, &err) < 0 ||
        ops_parse(types, "null", ev->to, to, &err) < 0)
        fail_msg("%s", err.msg);
    assert_memory_equal(from, before, sizeof from);
    assert_memory_equal(to, after, sizeof to);
    snapshot_release(n);
}

static void test_a_long_mix_is_taken_back_exactly(void **state)
{
    struct run r;
    struct text before = {0}, after = {0};
    double was[OPS_MAX], now[OPS_MAX];
    (void)state;
    make_many();
    write_mix(&before, 10);
    text_add(&after, "ops ");
    write_mix(&after, 20);
    begin_many(&r, text_str(&before));
    weights(&r, was);
    int64_t ticket = carry_out(&r, text_str(&after));
    assert_result(&r, ticket, COMMAND_DONE, "");
    assert_string_equal(kept(&r, ticket)->text, text_str(&after));
    weights(&r, now);
    assert_memory_not_equal(was, now, sizeof was);
    assert_event_is_whole(&r, was, now);
    assert_int_equal(command_log_sup(&r.engine->commands)->undo[0]->ticket, ticket);
    assert_result(&r, carry_out(&r, "undo"), COMMAND_DONE, "");
    weights(&r, now);
    assert_memory_equal(was, now, sizeof was);
    assert_result(&r, carry_out(&r, "undo"), COMMAND_REFUSED, "undo: nothing to undo");
    text_free(&before);
    text_free(&after);
    end(&r);
}

/* One change of all pools is one undo for each; the last 64 can be taken back. */
static void test_the_last_64_changes_can_be_undone(void **state)
{
    struct run r;
    char text[32];
    (void)state;
    begin(&r, (const char *const[]){"null:", "null:?name=b", NULL});
    for (unsigned i = 2; i <= 40; i++) {
        snprintf(text, sizeof text, "clients %u", i);
        carry_out(&r, text);
    }
    for (unsigned i = 0; i < UNDO_MAX; i++)
        assert_result(&r, carry_out(&r, "undo"), COMMAND_DONE, "");
    const struct snapshot *n = engine_snapshot(r.engine);
    assert_int_equal(n->pool[0].load.clients, 8); /* 40 - 32 */
    assert_int_equal(n->pool[1].load.clients, 8);
    snapshot_release(n);
    assert_result(&r, carry_out(&r, "undo"), COMMAND_REFUSED, "undo: nothing to undo");
    end(&r);
}

static void test_an_undo_of_a_removed_pool_is_refused(void **state)
{
    struct run r;
    (void)state;
    begin(&r, (const char *const[]){"null:", "null:?name=b", NULL});
    carry_out(&r, "b threads 2");
    carry_out(&r, "remove b");
    assert_result(&r, carry_out(&r, "undo"), COMMAND_REFUSED, "undo: b was removed");
    end(&r);
}

int main(void)
{
    /* Between two steps it looks at what is the supervisor's. */
    roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticket_says_what_became_of_its_command),
        cmocka_unit_test(test_the_last_2048_are_kept),
        cmocka_unit_test(test_no_secret_is_kept),
        cmocka_unit_test(test_an_equal_value_is_no_change),
        cmocka_unit_test(test_what_was_automatic),
        cmocka_unit_test(test_an_order_given_twice_is_one),
        cmocka_unit_test(test_staying_on_a_ramp_is_a_change),
        cmocka_unit_test(test_a_long_mix_is_taken_back_exactly),
        cmocka_unit_test(test_the_last_64_changes_can_be_undone),
        cmocka_unit_test(test_an_undo_of_a_removed_pool_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
