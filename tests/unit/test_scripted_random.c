/* The engine against random scripts (scripted.h), on virtual time: all that a backend may do, in any
 * order, under any load, while a person changes it.
 *
 *   SCRIPT_SEED=N    the random script of that seed only
 *   SCRIPT_SEEDS=N   so many seeds, from SCRIPT_SEED or 1 on (./dev bench soak scripts)
 *
 * One thread: nothing for ThreadSanitizer to see (ctest: not-tsan, ctest: long). */
#include "tests/unit/scripted_run.h"

#include <stdlib.h>
#include <string.h>

#define RANDOM_STEPS 64
#define RANDOM_OPENINGS 16

struct chance {
    struct rng rng;
    struct script_step step[RANDOM_STEPS];
    struct script_opening opening[RANDOM_OPENINGS];
    struct script script;
    char query[256];
};

static uint32_t below(struct chance *c, uint32_t n)
{
    return (uint32_t)rng_below(rng_next(&c->rng), n);
}

static bool one_in(struct chance *c, uint32_t n)
{
    return below(c, n) == 0;
}

static struct script_step pick_step(struct chance *c, unsigned usual)
{
    struct script_step s = {.kind = SCRIPT_DONE,
                            .when = one_in(c, 4) ? (enum script_when)below(c, 3) : WHEN_LATER,
                            .after_ns = below(c, 8) * MS / 2 + MS / 2,
                            .count = below(c, 8),
                            .sends = one_in(c, 4)};
    if (below(c, 10) >= usual)
        s.kind = (enum script_kind)below(c, SCRIPT_KINDS);
    if (s.kind == SCRIPT_TIMEOUT && !(c->script.flags & BACKEND_TIMEOUTS))
        s.kind = SCRIPT_FAIL;
    if (s.kind == SCRIPT_SILENT && c->script.flags && !one_in(c, 8)) {
        s.kind = SCRIPT_DONE; /* so late that time is up */
        s.after_ns = 70 * MS;
    }
    if (s.kind == SCRIPT_TRIPS)
        s.count %= 4;
    if (s.kind == SCRIPT_TROUBLE)
        s.count *= (uint32_t)MS;
    return s;
}

static void pick_script(struct chance *c)
{
    static const unsigned flags[] = {0, 0, 0, BACKEND_STREAMS, BACKEND_STREAMS, BACKEND_TIMEOUTS};
    unsigned usual = 3 + below(c, 7);
    c->script = (struct script){.step = c->step,
                                .steps = RANDOM_STEPS,
                                .opening = c->opening,
                                .openings = RANDOM_OPENINGS,
                                .flags = flags[below(c, 6)],
                                .groups = 1 + below(c, 3),
                                .detours = one_in(c, 2),
                                .depth = one_in(c, 2) ? 0 : 1 + below(c, 8),
                                .alone = one_in(c, 2) ? 0 : below(c, 101)};
    for (unsigned i = 0; i < RANDOM_STEPS; i++)
        c->step[i] = pick_step(c, usual);
    for (unsigned i = 0; i < RANDOM_OPENINGS; i++)
        c->opening[i] = (struct script_opening){
            .kind = one_in(c, 3) ? (enum script_opening_kind)below(c, 4) : OPENING_UP,
            .after_ns = one_in(c, 2) ? 0 : below(c, 6) * MS,
            .closes_after_ns = one_in(c, 3) ? below(c, 60) * MS : 0};
}

static void pick_query(struct chance *c)
{
    static const char *const pattern[] = {"sync", "batch", "queue", "chain", "unthrottled"};
    static const char *const ops[] = {"one", "one,bulk", "bulk", "one,bulk,message"};
    struct text t = {0};
    text_add(&t, "seed=%u&threads=%u&clients=%u&pattern=%s&ops=%s&rows=%u", below(c, 1000),
             1 + below(c, 2), 1 + below(c, 6), pattern[below(c, 5)], ops[below(c, 4)],
             1 + below(c, 6));
    text_add(&t, "&timeout=%ums&depth=%u", 20 + below(c, 40), 1 + below(c, 6));
    if (one_in(c, 2))
        text_add(&t, "&connections=%u", 2 + below(c, 7));
    if (one_in(c, 3))
        text_add(&t, "&rate=%u/s&arrival=%s", 200 + below(c, 4000),
                 one_in(c, 2) ? "poisson" : "constant");
    if (one_in(c, 4))
        text_add(&t, "&think=%ums", 1 + below(c, 5));
    if (one_in(c, 3))
        text_add(&t, "&count=%u", 1 + below(c, 2000));
    if (one_in(c, 4))
        text_add(&t, "&warmup=%ums", 1 + below(c, 200));
    copy_str(c->query, sizeof c->query, text_str(&t));
    text_free(&t);
}

static void command(struct chance *c, char *buf, size_t size)
{
    static const char *const fixed[] = {"pause",
                                        "resume",
                                        "stop",
                                        "start",
                                        "undo",
                                        "resume",
                                        "start",
                                        "rate off",
                                        "pattern sync",
                                        "pattern batch",
                                        "pattern queue",
                                        "pattern chain",
                                        "pattern unthrottled",
                                        "connections auto",
                                        "set rows 3",
                                        "set reopen 1",
                                        "set reopen 2"};
    static const char *const dial[] = {"threads", "clients", "connections", "depth"};
    uint32_t pick = below(c, 32);
    if (pick < 17)
        copy_str(buf, size, fixed[pick]);
    else if (pick < 20)
        snprintf(buf, size, "rate %u/s", 100 + below(c, 3000));
    else
        snprintf(buf, size, "%s %u", dial[below(c, 4)], 1 + below(c, 8));
}

static void check_end(const struct run *r, bool drained)
{
    struct tally t = counts(r);
    const struct snapshot *n = engine_snapshot(r->engine);
    const struct counts *c = &n->pool[0].counts, *warm = &n->pool[0].warm;
    assert_true(n->ended);
    assert_int_equal(c->offered + warm->offered, t.offered);
    assert_int_equal(c->completed + warm->completed, t.completed);
    assert_int_equal(n->pool[0].schedule.still_due, 0);
    if (drained && t.in_flight)
        assert_true(any_frozen(engine_sup(r->engine)->pool[0]));
    snapshot_release(n);
}

static void run_seed(uint64_t seed)
{
    struct chance c = {0};
    struct run r;
    char text[64];
    rng_seed(&c.rng, seed, 0);
    pick_script(&c);
    pick_query(&c);
    begin_limited(&r, &c.script, c.query, one_in(&c, 8) ? 4500 : 0);
    for (unsigned i = 0; i < 12 && !engine_sup(r.engine)->ended; i++) {
        engine_step(r.engine, r.now += 1 + below(&c, 60) * MS);
        command(&c, text, sizeof text);
        send(&r, text);
    }
    bool drained = !one_in(&c, 4);
    engine_end(r.engine, drained ? END_DRAIN : END_NOW, END_BY_USER);
    engine_step(r.engine, r.now += 20 * S);
    if (*wrong)
        fail_msg("SCRIPT_SEED=%llu (scripted:?%s): %s", (unsigned long long)seed, c.query, wrong);
    check_end(&r, drained);
    virtual_end(r.engine, &r.scenario);
}

static uint64_t from_environment(const char *name, uint64_t usual)
{
    const char *s = getenv(name);
    return s && *s ? strtoull(s, NULL, 10) : usual;
}

static void test_random_scripts(void **state)
{
    (void)state;
    bool one = getenv("SCRIPT_SEED") != NULL;
    uint64_t first = from_environment("SCRIPT_SEED", 1);
    uint64_t seeds = from_environment("SCRIPT_SEEDS", one ? 1 : virtual_repeats(300));
    for (uint64_t seed = first; seed < first + seeds; seed++)
        run_seed(seed);
    print_message("%llu scripts, %llu turns\n", (unsigned long long)seeds,
                  (unsigned long long)turns);
}

int main(void)
{
    /* Between two steps it looks at what is the supervisor's. */
    roles_set((struct roles){.mask = ROLE_FRONT_END | ROLE_SUPERVISOR});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_scripts),

    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
