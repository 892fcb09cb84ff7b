/* The targets of the demo: see demo.h.
 *
 * Processes: loadtop -> watcher -> redis-server. The watcher holds the reading end of a pipe whose
 * writing end only loadtop has: at its end of file, for whatever reason, it kills the server and
 * removes the folder. The folder is opened once, when it has just been created, so that a folder
 * which another user puts under its name is not emptied. The watcher has its own session, so that
 * Ctrl-C reaches loadtop only; the server dies with it (PR_SET_PDEATHSIG). The server stores
 * nothing, so SIGKILL loses nothing. A backend's stand-in also runs in a separate process with its
 * own pipe, so that its CPU is not counted as the load generator's. */
#include "ui/cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/config/scenario.h"
#include "engine/os/loop.h"
#include "ui/base/say.h"
#include "ui/cli/cli.h"

#define START_NS (5 * NS_PER_S)
#define STOP_NS NS_PER_S
#define SOCKET_NAME "redis.sock"
#define MOCK_PLACE_MAX 128

/* One thread and a short pipeline, so that `+` raises the throughput. */
#define REDIS_QUERY "?threads=1&clients=4&pattern=batch&depth=4&ops=get:80,set:20"
/* N* = sqrt((1 - sigma) / kappa) = 15.6 threads, at 13,300/s. */
#define KNEE_URL "null:?lambda=2000&sigma=0.03&kappa=0.004&threads=2&name=knee"
/* 8 servers that take 4 ms each serve at most 2,000/s. Half of that is requested, so that raising
 * `rate` shows how the queue grows. */
#define QUEUE_URL                                                                                  \
    "null:?service=4ms&dist=exp&servers=8&clients=32&rate=1000/s&arrival=poisson&name=queue"

/* 4 clients that are each busy for 1 ms with a message take 4,000/s at most:
 * 2 of them fall behind. */
#define MOCK_TOPIC "loadtop-demo"
#define MOCK_WRITERS "?rate=2500/s&pattern=chain&depth=500&size=200&name=mock-tx"
#define MOCK_READERS "?ops=consume&assign=hand&clients=4&work=1ms&name=mock-rx"

/* The path of a program in PATH; false when there is none. Relative folders in PATH are skipped. */
static bool find_program(const char *name, char *buf, size_t size)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        size_t len = strcspn(at, ":");
        int n = snprintf(buf, size, "%.*s/%s", (int)len, len ? at : ".", name);
        if (n > 0 && (size_t)n < size && buf[0] == '/' && access(buf, X_OK) == 0)
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}

/* ---- The watcher ---- */

/* Removes only files that the server creates, and only in its own folder; then the folder, if its
 * name still leads to it and it is empty. */
static void remove_folder(const struct demo *d)
{
    static const char *const made[] = {SOCKET_NAME, "dump.rdb"};
    struct stat ours, named;
    for (unsigned i = 0; i < sizeof made / sizeof *made; i++)
        unlinkat(d->folder, made[i], 0);
    if (fstat(d->folder, &ours) == 0 && lstat(d->dir, &named) == 0 && ours.st_dev == named.st_dev &&
        ours.st_ino == named.st_ino)
        rmdir(d->dir);
}

/* Runs the server in the open folder, so that all its paths are relative to it. */
static void become_server(const char *program, int folder, pid_t watcher)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    unsetenv("LOADTOP_PASSWORD");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* it ended before the line above */
    if (getppid() != watcher)
        _exit(126);
    if (fchdir(folder) < 0)
        _exit(126);
    execl(program, "redis-server", "--port", "0", "--unixsocket", SOCKET_NAME, "--unixsocketperm",
          "700", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", ".",
          (char *)NULL);
    _exit(127);
}

/* Detaches from the terminal, so that Ctrl-C reaches loadtop only, and closes the output, so that a
 * reader of loadtop's output does not wait for this process. */
static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd);
    setsid();
    prctl(PR_SET_NAME, "loadtop-demo", 0UL, 0UL, 0UL);
}

/* Waits until loadtop or the server ends. Exits with the server's status, or 0 if we stopped it. */
static void watch_server(const char *program, const struct demo *d, int leash)
{
    sigset_t child;
    leave_terminal();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int chld_fd = signalfd(-1, &child, SFD_CLOEXEC);
    pid_t self = getpid(), server = fork();
    if (server == 0)
        become_server(program, d->folder, self);
    struct pollfd fds[2] = {{.fd = leash, .events = POLLIN}, {.fd = chld_fd, .events = POLLIN}};
    while (server > 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    int status = 0, code = 0;
    if (server < 0)
        code = 125;
    else if (!fds[0].revents && waitpid(server, &status, 0) == server)
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    else if (kill(server, SIGKILL) == 0)
        waitpid(server, &status, 0);
    remove_folder(d);
    _exit(code);
}

/* ---- Starting and stopping ---- */

static bool answers(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    char reply[16];
    copy_str(un.sun_path, sizeof un.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct timeval second = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    bool up = connect(fd, (const struct sockaddr *)&un, sizeof un) == 0 &&
              write(fd, "PING\r\n", 6) == 6 && read(fd, reply, sizeof reply) >= 5 &&
              memcmp(reply, "+PONG", 5) == 0;
    close(fd);
    return up;
}

/* Opens the folder just created, after checking that it is ours. */
static int open_folder(struct demo *d, struct err *err)
{
    struct stat st;
    d->folder = open(d->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (d->folder >= 0 && fstat(d->folder, &st) == 0 && st.st_uid == geteuid() &&
        (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return 0;
    int bad = err_set(err, ERR_FAILED, "%s: another user put something in its place", d->dir);
    d->dir[0] = '\0'; /* it is not ours to remove */
    return bad;
}

static int make_folder(struct demo *d, struct err *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");
    const char *parents[] = {runtime, tmp, "/tmp"};
    for (unsigned i = 0; i < sizeof parents / sizeof *parents; i++) {
        /* a socket's path has 107 characters at most */
        if (!parents[i] || parents[i][0] != '/' || strlen(parents[i]) > 60)
            continue;
        snprintf(d->dir, sizeof d->dir, "%.60s/loadtop-demo-XXXXXX", parents[i]);
        if (mkdtemp(d->dir))
            return open_folder(d, err);
    }
    d->dir[0] = '\0';
    return err_set(err, ERR_FAILED, "no folder for its socket: %s", strerror(errno));
}

/* Forks the watcher. 0, or ERR_FAILED. */
static int start_watcher(struct demo *d, const char *program, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(err, ERR_FAILED, "pipe: %s", strerror(errno));
    d->watcher = fork();
    if (d->watcher == 0) {
        close(ends[1]);
        watch_server(program, d, ends[0]);
    }
    close(ends[0]);
    if (d->watcher < 0) {
        close(ends[1]);
        d->watcher = 0;
        return err_set(err, ERR_FAILED, "fork: %s", strerror(errno));
    }
    d->leash = ends[1];
    return 0;
}

/* Terminating signals are blocked until the watcher exists, which will remove the folder. */
static int make_watched_folder(struct demo *d, const char *program, struct err *err)
{
    sigset_t all, kept;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &kept);
    int bad = make_folder(d, err);
    if (!bad)
        bad = start_watcher(d, program, err);
    sigprocmask(SIG_SETMASK, &kept, NULL);
    return bad;
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = 10 * 1000000};
    nanosleep(&t, NULL);
}

static int start_redis(struct demo *d, char *url, size_t size, struct err *err)
{
    char program[512], path[128];
    int status;
    if (!find_program("redis-server", program, sizeof program))
        return err_set(err, ERR_FAILED, "redis-server is not installed (apt install redis-server)");
    int bad = make_watched_folder(d, program, err);
    if (bad)
        return bad;
    snprintf(path, sizeof path, "%s/" SOCKET_NAME, d->dir);
    for (uint64_t end = clock_ns() + START_NS; !answers(path); nap()) {
        if (waitpid(d->watcher, &status, WNOHANG) == d->watcher) {
            d->watcher = 0;
            return err_set(err, ERR_FAILED, "redis-server ended at once with status %d",
                           WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        }
        if (clock_ns() > end)
            return err_set(err, ERR_FAILED, "redis-server did not answer within 5 s");
    }
    snprintf(url, size, "redis+unix://%s" REDIS_QUERY, path);
    return 0;
}

/* ---- A backend's stand-in ---- */

static void serve(const struct backend *b, int answer, int leash)
{
    char place[MOCK_PLACE_MAX] = "";
    struct err err = {0};
    struct pollfd fd = {.fd = leash, .events = POLLIN};
    leave_terminal();
    unsetenv("LOADTOP_PASSWORD");
    bool up = b->demo(place, sizeof place, &err) == 0;
    const char *words = up ? place : err.msg;
    if (write(answer, up ? "+" : "-", 1) < 0 || write(answer, words, strlen(words)) < 0)
        up = false;
    close(answer);
    while (up && poll(&fd, 1, -1) < 0 && errno == EINTR)
        ;
    _exit(0); /* skip the atexit handlers, which are loadtop's */
}

/* Reads the stand-in's output up to its end of file; false on timeout. */
static bool read_all(int fd, char *buf, size_t size)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t len = 0;
    for (uint64_t end = clock_ns() + START_NS; clock_ns() < end && len + 1 < size;) {
        ssize_t n = poll(&p, 1, 100) > 0 ? read(fd, buf + len, size - 1 - len) : -1;
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    buf[len] = '\0';
    return len > 0;
}

static int start_mock(struct demo *d, const struct backend *b, char *place, size_t size,
                      struct err *err)
{
    int leash[2], answer[2];
    char said[MOCK_PLACE_MAX + 1];
    if (pipe2(leash, O_CLOEXEC) < 0)
        return err_set(err, ERR_FAILED, "pipe: %s", strerror(errno));
    if (pipe2(answer, O_CLOEXEC) < 0) {
        close(leash[0]);
        close(leash[1]);
        return err_set(err, ERR_FAILED, "pipe: %s", strerror(errno));
    }
    d->mock = fork();
    if (d->mock == 0) {
        close(leash[1]);
        close(answer[0]);
        /* otherwise the other watcher would wait for this process too */
        if (d->leash >= 0)
            close(d->leash);
        serve(b, answer[1], leash[0]);
    }
    close(leash[0]);
    close(answer[1]);
    d->mock_leash = leash[1];
    bool came = d->mock > 0 && read_all(answer[0], said, sizeof said);
    close(answer[0]);
    if (d->mock < 0)
        return err_set(err, ERR_FAILED, "fork: %s", strerror(errno));
    if (!came || said[0] != '+')
        return err_set(err, ERR_FAILED, "%s", came ? said + 1 : "no answer within 5 s");
    copy_str(place, size, said + 1);
    return 0;
}

static const struct backend *find_backend(const struct backend *const *backends, const char *name)
{
    for (unsigned i = 0; backends[i]; i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}

static void add_option(struct text *t, const char *name, const char *value)
{
    text_add(t, "&%s=", name);
    for (; *value; value++)
        text_add(t, strchr("&%#", *value) ? "%%%02X" : "%c", (unsigned char)*value);
}

/* Options on the line win over the demo's own: they go to the end of the query, where the last
 * counts. */
static int add_pool(struct scenario *s, const struct cli *c, const struct backend *backend,
                    const char *url, const struct backend *const *backends, struct err *err)
{
    struct text t = {0};
    char value[512];
    text_add(&t, "%s", url);
    for (unsigned i = 0; i < c->pool.n; i++)
        if (option_given(&c->pool, i) && i != POOL_OPS && i != POOL_NAME)
            add_option(&t, c->pool.table[i].name, options_text(&c->pool, i, value, sizeof value));
    for (unsigned i = 0; i < c->settings; i++)
        if (options_find(backend->options, c->setting[i].name) >= 0)
            add_option(&t, c->setting[i].name, c->setting[i].value);
    int bad = scenario_add(s, text_str(&t), ORIGIN_ARGV, NULL, backends, err);
    text_free(&t);
    return bad;
}

/* librdkafka's mock cluster, with a producing and a consuming pool. */
static int add_mock(struct demo *d, const struct cli *c, struct scenario *s,
                    const struct backend *const *backends, struct err *err)
{
    char url[256], place[MOCK_PLACE_MAX];
    struct err why = {0};
    const struct backend *kafka = find_backend(backends, "kafka");
    if (!kafka || kafka->unavailable || !kafka->demo) {
        complain("demo: without kafka: %s",
                 kafka && kafka->unavailable ? kafka->unavailable : "it is not built in");
        return 0;
    }
    if (start_mock(d, kafka, place, sizeof place, &why) < 0) {
        complain("demo: without kafka: %s", why.msg);
        return 0;
    }
    complain("demo: kafka is librdkafka's mock cluster: never a measure of a broker");
    snprintf(url, sizeof url, "kafka://%s/" MOCK_TOPIC MOCK_WRITERS, place);
    int bad = add_pool(s, c, kafka, url, backends, err);
    snprintf(url, sizeof url, "kafka://%s/" MOCK_TOPIC MOCK_READERS, place);
    return bad ? bad : add_pool(s, c, kafka, url, backends, err);
}

int demo_start(struct demo *d, const struct cli *c, struct scenario *s,
               const struct backend *const *backends, struct err *err)
{
    char url[256];
    struct err why = {0};
    *d = (struct demo){.folder = -1, .leash = -1, .mock_leash = -1};
    if (c->words)
        return err_set(err, ERR_USAGE, "demo brings its own targets; '%.60s' is one too many",
                       c->word[0]);
    const struct backend *redis = find_backend(backends, "redis");
    int bad = 0;
    if (!redis || redis->unavailable) {
        complain("demo: without redis: %s", redis ? redis->unavailable : "it is not built in");
    } else if (start_redis(d, url, sizeof url, &why) < 0) {
        complain("demo: without redis: %s", why.msg);
        demo_stop(d);
    } else {
        bad = add_pool(s, c, redis, url, backends, err);
    }
    if (!bad)
        bad = add_mock(d, c, s, backends, err);
    const struct backend *null = find_backend(backends, "null");
    if (!bad)
        bad = add_pool(s, c, null, KNEE_URL, backends, err);
    if (!bad)
        bad = add_pool(s, c, null, QUEUE_URL, backends, err);
    return bad;
}

void demo_stop(struct demo *d)
{
    if (d->leash >= 0)
        close(d->leash);
    d->leash = -1;
    for (uint64_t end = clock_ns() + STOP_NS; d->watcher > 0; nap()) {
        if (waitpid(d->watcher, NULL, WNOHANG) != 0)
            d->watcher = 0;
        /* it continues by itself: it only waits for the server's end */
        else if (clock_ns() > end)
            break;
    }
    if (d->mock_leash >= 0)
        close(d->mock_leash);
    d->mock_leash = -1;
    for (uint64_t end = clock_ns() + STOP_NS; d->mock > 0 && clock_ns() < end; nap())
        if (waitpid(d->mock, NULL, WNOHANG) != 0)
            d->mock = 0;
    /* if the watcher could not remove it */
    if (!d->watcher && d->dir[0])
        remove_folder(d);
    if (d->folder >= 0)
        close(d->folder);
    d->folder = -1;
    d->watcher = 0;
    d->dir[0] = '\0';
}
