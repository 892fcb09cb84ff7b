/* A saved run as the baseline: figures are compared only if the base had the present load; and an
 * impossible load, in a file that was edited, is ignored or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "engine/base/err.h"
#include "tests/unit/fixture_snapshot.h"
#include "ui/run/baseline.h"
#include "ui/panels/screen_state.h"
#include "ui/views/views.h"

static struct screen sc;

/* Takes a run of the fixture's first pool with this load. */
static int load(const char *threads, const char *clients, const char *depth, struct err *err)
{
    char file[] = "/tmp/test-baseline-XXXXXX";
    unsigned pools = 0;
    int fd = mkstemp(file);

    assert_true(fd >= 0);
    dprintf(fd,
            "{\"loadtop\": \"0\", \"schema\": 1, \"pools\": [{\"name\": \"redis\", \"threads\": "
            "%s, \"clients\": %s, \"depth\": %s, \"throughput_per_s\": 5}]}",
            threads, clients, depth);
    close(fd);
    int code = baseline_load(&sc.baselines, fixture_snapshot(), file, &pools, err);
    unlink(file);
    assert_int_equal(pools, code == 0 ? 1 : 0);
    return code;
}

/* Is the present held against it? */
static bool is_compared(const char *threads, const char *clients, const char *depth)
{
    const struct snapshot *s = fixture_snapshot();
    const char *why;
    struct err err = {0};

    if (load(threads, clients, depth, &err))
        fail_msg("%s", err.msg);
    bool found =
        baseline_at(baseline_of(&sc.baselines, s->pool[0].number), &s->pool[0], &why) != NULL;
    baseline_free(&sc.baselines);
    return found;
}

static void check_refused(const char *threads, const char *said)
{
    struct err err = {0};

    assert_int_equal(load(threads, "10", "16", &err), ERR_USAGE);
    assert_non_null(strstr(err.msg, said));
}

static void test_only_the_same_load_is_compared(void **state)
{
    (void)state;
    screen_init(&sc, views);
    assert_true(is_compared("4", "10", "16"));
    assert_false(is_compared("5", "10", "16"));
    assert_false(is_compared("4", "10", "4294967312"));  /* 16 in the low 32 bits */
    assert_false(is_compared("4294967300", "10", "16")); /* 4 */
    assert_false(is_compared("4", "1e19", "16"));
    check_refused("-4", "pools/0/threads is below 0");
    check_refused("\"4\"", "pools/0/threads is text, not a number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_same_load_is_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
