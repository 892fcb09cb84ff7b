/* Files are written completely or not at all: an older file survives every failure, and no
 * temporary file is left. A full disk is simulated by /dev/full and by a file size limit, which
 * fail in write like a real one. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <pthread.h>
#include <time.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "ui/base/out_file.h"
#include "ui/base/fd_write.h"

static char dir[64], path[128];

static int setup(void **state)
{
    (void)state;
    copy_str(dir, sizeof dir, "/tmp/loadtop-file-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/run.json", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void contains(const char *file, const char *text)
{
    char got[64] = "";
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof got - 1, f);
    fclose(f);
    got[n] = '\0';
    assert_string_equal(got, text);
}

/* How many files are in the folder. */
static unsigned files(void)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static void write_ok(const char *file, const char *text)
{
    struct err err = {0};
    if (out_file_write(file, text, strlen(text), OUT_AT_ONCE, &err) < 0)
        fail_msg("%s", err.msg);
}

static void test_new_and_replaced(void **state)
{
    (void)state;
    struct stat st;
    mode_t before = umask(027);
    write_ok(path, "one");
    umask(before);
    contains(path, "one");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640); /* as open() gives, not 0600 */
    assert_int_equal(chmod(path, 0604), 0);
    write_ok(path, "two");
    contains(path, "two");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0604);
    assert_int_equal(files(), 1);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct err err = {0};
    struct rlimit before, small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    static char big[100000];
    memset(big, 'x', sizeof big);
    write_ok(path, "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = out_file_write(path, big, sizeof big, OUT_AT_ONCE, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, ERR_FAILED);
    assert_non_null(strstr(err.msg, path));
    contains(path, "old");
    assert_int_equal(files(), 1);
}

/* A device is written, never replaced. */
static void test_special(void **state)
{
    (void)state;
    struct err err = {0};
    struct stat st;
    assert_int_equal(out_file_write("/dev/full", "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, strerror(ENOSPC)));
    assert_int_equal(stat("/dev/full", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(out_file_write("/dev/null", "x", 1, OUT_AT_ONCE, &err), 0);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(out_file_write(dir, "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
}

static void test_link(void **state)
{
    (void)state;
    char link[160];
    struct stat st;
    snprintf(link, sizeof link, "%s/link", dir);
    write_ok(path, "old");
    assert_int_equal(symlink(path, link), 0);
    write_ok(link, "new");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    contains(path, "new");
}

/* A link is followed to its end, also one that leads to nothing yet, and none in a circle. */
static void test_links_of_links(void **state)
{
    (void)state;
    char first[160], circle[160];
    struct err err = {0};
    struct stat st;
    snprintf(first, sizeof first, "%s/first", dir);
    snprintf(circle, sizeof circle, "%s/circle", dir);
    assert_int_equal(symlink("second", first), 0);
    snprintf(first, sizeof first, "%s/second", dir);
    assert_int_equal(symlink(path, first), 0);
    snprintf(first, sizeof first, "%s/first", dir);
    write_ok(first, "new");
    contains(path, "new");
    assert_int_equal(lstat(first, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(symlink("circle", circle), 0);
    assert_int_equal(out_file_write(circle, "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, strerror(ELOOP)));
}

/* What another user put into a folder like /tmp sends nothing astray. (Only root can play another
 * user here.) */
static void test_planted(void **state)
{
    (void)state;
    char link[160], fifo[160];
    struct err err = {0};
    struct stat st;
    if (geteuid() != 0)
        skip();
    snprintf(link, sizeof link, "%s/link", dir);
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    write_ok(path, "precious");
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(mkfifo(fifo, 0666), 0);
    /* a namespace that has no other user */
    if (lchown(link, 65534, 65534) < 0 || chown(fifo, 65534, 65534) < 0)
        skip();
    int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    write_ok(link, "wanted"); /* where only this user may put links, another's is the user's own */
    assert_int_equal(chmod(dir, 01777), 0);
    assert_int_equal(out_file_write(link, "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, "another user"));
    assert_non_null(strstr(err.msg, link));
    assert_int_equal(out_file_check(link, &err), ERR_FAILED);
    assert_int_equal(out_file_write(fifo, "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
    contains(path, "wanted");
    /* A file of another's hands on no mode: it may be one that everybody may write to. */
    assert_int_equal(chmod(path, 06777), 0);
    assert_int_equal(chown(path, 65534, 65534), 0);
    mode_t before = umask(022);
    write_ok(path, "ours");
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    close(reader);
}

/* A named pipe: nobody reads it; somebody does; somebody stops. */
static void test_fifo(void **state)
{
    (void)state;
    static char big[300000];
    char fifo[160], got[8];
    struct err err = {0};
    sigset_t term, before;
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_true(out_file_is_special(fifo));
    assert_int_equal(out_file_check(fifo, &err), 0);
    assert_int_equal(out_file_write(fifo, "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, "nobody reads"));
    int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(out_file_write(fifo, "abc", 3, OUT_PATIENT, &err), 0);
    assert_int_equal(read(reader, got, sizeof got), 3);
    assert_int_equal(out_file_write(fifo, big, sizeof big, OUT_AT_ONCE, &err), ERR_FAILED);
    /* Who would wait longer does not once a signal, that nobody has taken yet, is to end it. */
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &term, &before), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(out_file_write(fifo, big, sizeof big, OUT_PATIENT, &err), ERR_FAILED);
    close(reader);
    assert_int_equal(out_file_write(fifo, "x", 1, OUT_PATIENT, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, "a signal ended the wait"));
    signal(SIGTERM, SIG_IGN); /* it goes unseen */
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGTERM, SIG_DFL);
}

static void test_nowhere(void **state)
{
    (void)state;
    struct err err = {0};
    char nowhere[200];
    snprintf(nowhere, sizeof nowhere, "%s/none/run.json", dir);
    assert_int_equal(out_file_write(nowhere, "x", 1, OUT_AT_ONCE, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, nowhere));
    assert_int_equal(out_file_check(nowhere, &err), ERR_FAILED);
    assert_int_equal(out_file_check(dir, &err), ERR_FAILED);
    assert_int_equal(out_file_check(path, &err), 0);
    assert_int_equal(files(), 0);
}

static void test_descriptor(void **state)
{
    (void)state;
    struct err err = {0};
    int ends[2];
    static char big[200000];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fd_write_all(ends[1], "pipe", "abc", 3, 100, &err), 0);
    /* Nobody reads on: the pipe fills, and the call comes back. */
    assert_int_equal(fd_write_all(ends[1], "pipe", big, sizeof big, 50, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, "pipe"));
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    assert_int_equal(fd_write_all(ends[1], "pipe", "abc", 3, -1, &err), ERR_FAILED);
    assert_non_null(strstr(err.msg, strerror(EPIPE)));
    close(ends[1]);
}

enum { PAGE = 4096, PAGES = 10 };

enum { PATIENCE_MS = 2000, PAUSE_MS = 250 }; /* a reader may be late by seven times its pause */

/* Takes a page of the pipe after each pause, `pages` times; the whole takes longer than one
 * timeout. */
struct slow_reader {
    int fd, pages;
};

static void *read_slowly(void *ctx)
{
    const struct slow_reader *r = ctx;
    char page[PAGE];
    for (int i = 0; i < r->pages; i++) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        for (size_t n = 0; n < sizeof page;) {
            ssize_t got = read(r->fd, page + n, sizeof page - n);
            if (got <= 0)
                return NULL;
            n += (size_t)got;
        }
    }
    return NULL;
}

static int write_to_slow_reader(int pages, int timeout_ms)
{
    static char data[(PAGES + 1) * PAGE];
    struct err err = {0};
    int ends[2];
    pthread_t thread;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, PAGE), PAGE);
    struct slow_reader reader = {.fd = ends[0], .pages = pages};
    assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader), 0);
    int code = fd_write_all(ends[1], "pipe", data, sizeof data, timeout_ms, &err);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    return code;
}

/* A reader may take its time as long as it takes something; one that stops is given up. */
static void test_slow_reader(void **state)
{
    (void)state;
    assert_int_equal(write_to_slow_reader(PAGES, PATIENCE_MS), 0);
    assert_int_equal(write_to_slow_reader(2, PATIENCE_MS), ERR_FAILED);
    assert_int_equal(write_to_slow_reader(PAGES, OUT_BLINK_MS), ERR_FAILED); /* for the whole */
}

/* A terminal with a little room left, that nobody reads, holds nobody; what it takes, it takes. The
 * writer's own descriptor stays as it is. */
static void test_full_terminal(void **state)
{
    (void)state;
    static char big[300000];
    char name[64], some[512];
    struct err err = {0};
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, name, sizeof name), 0);
    int terminal = open(name, O_RDWR | O_NOCTTY);
    int filler = open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK);
    assert_true(terminal >= 0 && filler >= 0);
    memset(big, '\n', sizeof big); /* each becomes two */
    while (write(filler, big, sizeof big) > 0)
        ;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fd_write_all(terminal, "terminal", big, sizeof big, 50, &err), ERR_FAILED);
        assert_non_null(strstr(err.msg, "nobody reads"));
        assert_true(read(master, some, 100 + (size_t)i) > 0);
    }
    assert_false(fcntl(terminal, F_GETFL) & O_NONBLOCK);
    while (read(master, some, sizeof some) == (ssize_t)sizeof some)
        ;
    close(filler);
    close(terminal);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_and_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_special, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_of_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_planted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptor, setup, teardown),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_full_terminal),
        /* last: once a signal is to end the program, nothing is waited for any more */
        cmocka_unit_test_setup_teardown(test_fifo, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
