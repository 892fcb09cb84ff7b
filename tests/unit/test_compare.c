/* `compare` on runs of the simulated service on virtual time: it seldom finds a difference between
 * two halves of one steady run, over all figures together, and usually finds a service that became
 * 3 % slower. A tenth of the cases is tested; all 100 with LOADTOP_SOAK=1.
 *
 * ctest: long */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "tests/unit/virtual_run.h"
#include "ui/report/compare.h"
#include "ui/json/run.h"
#include "ui/json/saved_run.h"

#define S 1000000000ull
#define HALF_S 60

static unsigned cases(void)
{
    return getenv("LOADTOP_SOAK") ? 100 : virtual_repeats(10);
}

/* A run of that many seconds, saved. */
static json_t *run_of(const char *url, unsigned seconds)
{
    const char *const urls[] = {url, NULL};
    struct scenario *s = calloc(1, sizeof *s);
    assert_non_null(s);
    struct engine *e = virtual_start(s, urls);
    engine_step(e, seconds * S + S / 2);
    const struct snapshot *snap = engine_snapshot(e);
    json_t *run = json_run(snap, NULL, NAN);
    snapshot_release(snap);
    virtual_end(e, s);
    free(s);
    return run;
}

/* Its seconds from `from` on, as a run of its own. */
static json_t *part_of(const json_t *run, size_t from, size_t n)
{
    json_t *part = json_deep_copy(run), *series = json_array();
    json_t *pool = json_array_get(json_object_get(part, "pools"), 0);
    for (size_t i = from; i < from + n; i++)
        json_array_append(series, json_array_get(json_object_get(pool, "series"), i));
    json_object_set_new(pool, "series", series);
    return part;
}

/* What the table says. */
static char *said_of(json_t *base_json, json_t *new_json)
{
    const struct compare_options o = {.threshold = NAN};
    struct text t = {0};
    struct err err = {0};
    struct saved_run *base = saved_run_read(base_json, &err), *new = saved_run_read(new_json, &err);
    const struct saved_run *const bases[] = {base}, *const news[] = {new};
    bool regressed;
    assert_string_equal(err.msg, "");
    assert_int_equal(compare_runs(&t, bases, 1, news, 1, &o, &regressed, &err), 0);
    char *said = strdup(text_str(&t));
    text_free(&t);
    saved_run_free(base);
    saved_run_free(new);
    return said;
}

static unsigned false_findings(const char *url, unsigned runs)
{
    unsigned found = 0;
    for (unsigned seed = 1; seed <= runs; seed++) {
        char whole[200];
        snprintf(whole, sizeof whole, "%s&seed=%u", url, seed);
        json_t *run = run_of(whole, 2 * HALF_S + 2);
        json_t *first = part_of(run, 0, HALF_S + 1), *second = part_of(run, HALF_S, HALF_S + 1);
        char *said = said_of(first, second);
        found += strstr(said, "WORSE") || strstr(said, "BETTER");
        free(said);
        json_decref(first);
        json_decref(second);
        json_decref(run);
    }
    return found;
}

/* A closed loop of exponential services, and an open one whose queue remembers from one second to
 * the next. */
static void test_halves_of_a_steady_run(void **state)
{
    (void)state;
    unsigned runs = cases(), most = runs / 10;
    unsigned closed = false_findings("null:?service=2ms&dist=exp&clients=4", runs);
    unsigned open = false_findings(
        "null:?service=4ms&dist=exp&servers=1&rate=200&arrival=poisson&clients=64&errors=0.01",
        runs);
    print_message("two halves: %u of %u, with a queue %u of %u\n", closed, runs, open, runs);
    assert_in_range(closed, 0, most);
    assert_in_range(open, 0, most);
}

static void test_three_percent_slower(void **state)
{
    (void)state;
    unsigned runs = cases(), found = 0;
    for (unsigned seed = 1; seed <= runs; seed++) {
        char base[200], slow[200];
        snprintf(base, sizeof base, "null:?service=2ms&dist=exp&clients=4&seed=%u", seed);
        snprintf(slow, sizeof slow, "null:?service=2060us&dist=exp&clients=4&seed=%u", 1000 + seed);
        json_t *a = run_of(base, HALF_S + 1), *b = run_of(slow, HALF_S + 1);
        char *said = said_of(a, b);
        found += strstr(said, "WORSE") != NULL && !strstr(said, "BETTER");
        free(said);
        json_decref(a);
        json_decref(b);
    }
    print_message("3 %% slower: found in %u of %u\n", found, runs);
    assert_in_range(found, runs * 9 / 10, runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_halves_of_a_steady_run),
        cmocka_unit_test(test_three_percent_slower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
