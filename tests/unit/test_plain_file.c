/* Reading from a pipe, and how long it waits for the pipe's writer. */
#include "engine/os/loop.h"
#include "engine/os/plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_deadline(void **state)
{
    (void)state;
    char path[] = "/tmp/loadtop-plain-XXXXXX", got[8];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = plain_file_open(path, true, path, NULL);
    assert_true(fd >= 0);
    uint64_t until = clock_ns() + 50 * NS_PER_MS;
    assert_int_equal(plain_file_next(fd, got, sizeof got, until), -1); /* no writer */
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(clock_ns() >= until);
    int writer = open(path, O_WRONLY);
    assert_int_equal(plain_file_next(fd, got, sizeof got, until), -1); /* one that writes nothing */
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(write(writer, "abc", 3), 3);
    assert_int_equal(plain_file_next(fd, got, sizeof got, until), 3); /* what is there is read */
    close(writer);
    assert_int_equal(plain_file_next(fd, got, sizeof got, UINT64_MAX), 0);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
