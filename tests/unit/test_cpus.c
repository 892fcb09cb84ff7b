/* The CPUs of a container: quotas at any level, of both versions of cgroups. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/os/cpus.h"

static char root[] = "/tmp/loadtop-test-cpus-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return system(command); /* NOLINT(cert-env33-c): a folder of our own */
}

static void write_to(const char *group, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", root, group);
    for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s%s/%s", root, group, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static struct cpus read_cpus(const char *cgroup)
{
    struct cpus c;
    cpus_read_in(&c, 8, cgroup, root);
    assert_int_equal(c.affinity, 8);
    return c;
}

static void test_quotas(void **state)
{
    (void)state;
    assert_float_equal(read_cpus("").usable, 8, 0);
    assert_float_equal(read_cpus("0::/\n").usable, 8, 0);
    write_to("/a/b/c", "cpu.max", "max 100000\n");
    assert_float_equal(read_cpus("0::/a/b/c\n").usable, 8, 0);
    write_to("/a", "cpu.max", "150000 100000\n"); /* above it */
    assert_float_equal(read_cpus("0::/a/b/c\n").usable, 1.5, 1e-12);
    write_to("/a/b/c", "cpu.max", "50000 100000\n");
    assert_float_equal(read_cpus("0::/a/b/c\n").usable, 0.5, 1e-12);
    assert_float_equal(read_cpus("0::/a/b\n").usable, 1.5, 1e-12);
    write_to("/a", "cpu.max", "99999999 100000\n"); /* more than there are */
    assert_float_equal(read_cpus("0::/a\n").usable, 8, 0);
    write_to("/first/cpu,cpuacct/x", "cpu.cfs_quota_us", "200000\n");
    write_to("/first/cpu,cpuacct/x", "cpu.cfs_period_us", "100000\n");
    struct cpus c;
    char first[256];
    snprintf(first, sizeof first, "%s/first", root);
    cpus_read_in(&c, 8, "7:memory:/x\n4:cpu,cpuacct:/x\n0::/\n", first);
    assert_float_equal(c.usable, 2, 1e-12);
    write_to("/first/cpu,cpuacct/x", "cpu.cfs_quota_us", "-1\n");
    cpus_read_in(&c, 8, "4:cpu,cpuacct:/x\n", first);
    assert_float_equal(c.usable, 8, 0);
}

/* The container's own group is the root there, whatever its path outside is. */
static void test_inside_a_container(void **state)
{
    (void)state;
    write_to("", "cpu.max", "25000 100000\n");
    write_to("", "cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 1500\n");
    assert_float_equal(read_cpus("0::/docker/0123\n").usable, 0.25, 1e-12);
    assert_int_equal(read_cpus("0::/\n").throttled_ns, 1500000);
    write_to("", "cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 1234\n");
    assert_int_equal(read_cpus("0::/\n").throttled_ns, 1234);
}

static void test_files_that_are_wrong(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "x y\n", "0 100000\n", "-1 100000\n", "5000 0\n"};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_to("", "cpu.max", texts[i]);
        assert_float_equal(read_cpus("0::/\n").usable, 8, 0);
    }
    assert_float_equal(read_cpus("no colons\n:\n::\n0:cpu\n4:cpu:\n").usable, 8, 0);
    struct cpus c;
    cpus_read_in(&c, 0, "", root);
    assert_float_equal(c.usable, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_inside_a_container),
        cmocka_unit_test(test_files_that_are_wrong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
