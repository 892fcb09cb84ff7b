/* The thread that writes to the terminal: see tty_out.h.
 *
 * Sent output waits in `next`; the thread moves it to `now` and holds no lock while it writes. A
 * blocked write is interrupted by a signal to the thread with an empty handler, so that write()
 * returns. */
#include "ui/term/tty_out.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/os/loop.h"
#include "ui/term/tty.h"

#define BREAK_OFF SIGURG /* a signal that is ignored by default and used for nothing else here */
#define RETRY_NS (5 * NS_PER_MS)
#define BREAK_OFF_TRIES 20

static struct {
    FILE *stream;
    pthread_t thread;
    struct sigaction before; /* of BREAK_OFF */
    bool running;
    struct text now; /* used by the thread only, while it is writing */
    /* Below: under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct text next;
    bool end, writing;
    bool abandon; /* tells the thread to abandon what it is writing */
    bool wanted;  /* the loop waits for tty_wake */
} out = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the thread ---- */

static bool is_abandoned(void)
{
    pthread_mutex_lock(&out.lock);
    bool abandon = out.abandon;
    pthread_mutex_unlock(&out.lock);
    return abandon;
}

static void write_all(const char *s, size_t len)
{
    while (len > 0 && !is_abandoned()) {
        ssize_t n = write(STDOUT_FILENO, s, len);
        /* another program that shares the terminal has made it non-blocking */
        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
        /* the terminal is gone, which the loop detects itself */
        else if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            s += n;
            len -= (size_t)n;
        }
    }
}

static void *write_on(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&out.lock);
    while (!out.end) {
        if (!out.next.len) {
            pthread_cond_wait(&out.changed, &out.lock);
            continue;
        }
        struct text taken = out.next;
        out.next = out.now;
        out.now = taken;
        text_clear(&out.next);
        out.writing = true;
        pthread_mutex_unlock(&out.lock);
        write_all(text_str(&out.now), out.now.len);
        pthread_mutex_lock(&out.lock);
        out.writing = out.abandon = false;
        if (out.wanted && !out.next.len) {
            out.wanted = false;
            tty_wake();
        }
        pthread_cond_broadcast(&out.changed);
    }
    pthread_mutex_unlock(&out.lock);
    return NULL;
}

/* ---- the loop's side ---- */

static void do_nothing(int sig)
{
    (void)sig;
}

/* Blocks all signals in the new thread except the one that interrupts its write. */
static int start_thread(void)
{
    struct sigaction sa = {.sa_handler = do_nothing};
    sigset_t all, kept;
    sigemptyset(&sa.sa_mask);
    sigaction(BREAK_OFF, &sa, &out.before);
    sigfillset(&all);
    sigdelset(&all, BREAK_OFF);
    pthread_sigmask(SIG_SETMASK, &all, &kept);
    int error = pthread_create(&out.thread, NULL, write_on, NULL);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    if (error)
        sigaction(BREAK_OFF, &out.before, NULL);
    return error;
}

int tty_out_open(struct err *err)
{
    pthread_condattr_t attr;
    int fd = memfd_create("frame", MFD_CLOEXEC), error;
    out.stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out.stream) {
        error = errno;
        if (fd >= 0)
            close(fd);
        return err_set(err, ERR_FAILED, "no memory for the screen: %s", strerror(error));
    }
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&out.changed, &attr);
    pthread_condattr_destroy(&attr);
    out.end = out.abandon = out.wanted = out.writing = false;
    error = start_thread();
    if (error) {
        fclose(out.stream);
        pthread_cond_destroy(&out.changed);
        return err_set(err, ERR_FAILED, "no thread for the screen: %s", strerror(error));
    }
    out.running = true;
    return 0;
}

FILE *tty_out_stream(void)
{
    return out.stream;
}

void tty_out_add(const char *s, size_t len)
{
    (void)!write(fileno(out.stream), s, len); /* a memory stream: fails only when out of memory */
}

bool tty_out_ready(void)
{
    pthread_mutex_lock(&out.lock);
    bool ready = !out.writing && !out.next.len;
    out.wanted = !ready;
    pthread_mutex_unlock(&out.lock);
    return ready;
}

/* Moves the output collected so far to the text. */
static void collect(struct text *to)
{
    char buf[16384];
    ssize_t n;
    for (off_t at = 0; (n = pread(fileno(out.stream), buf, sizeof buf, at)) > 0; at += n)
        text_put(to, buf, (size_t)n);
    (void)!ftruncate(fileno(out.stream), 0);
    lseek(fileno(out.stream), 0, SEEK_SET);
}

void tty_out_send(void)
{
    pthread_mutex_lock(&out.lock);
    collect(&out.next);
    pthread_cond_broadcast(&out.changed);
    pthread_mutex_unlock(&out.lock);
}

static void send(const struct text *t)
{
    pthread_mutex_lock(&out.lock);
    text_put(&out.next, text_str(t), t->len);
    pthread_cond_broadcast(&out.changed);
    pthread_mutex_unlock(&out.lock);
}

static struct timespec after(uint64_t ns)
{
    uint64_t at = clock_ns() + ns;
    return (struct timespec){.tv_sec = (time_t)(at / NS_PER_S), .tv_nsec = (long)(at % NS_PER_S)};
}

static bool wait_written(int timeout_ms)
{
    struct timespec until = after((uint64_t)timeout_ms * NS_PER_MS);
    int late = 0;
    pthread_mutex_lock(&out.lock);
    while ((out.writing || out.next.len) && !late)
        late = pthread_cond_timedwait(&out.changed, &out.lock, &until);
    bool written = !out.writing && !out.next.len;
    pthread_mutex_unlock(&out.lock);
    return written;
}

/* The signal may arrive just before the write that it should interrupt, so it is sent repeatedly.
 * Stopped output is resumed and the kernel's pending output discarded, otherwise the sequences that
 * restore the terminal would never reach it. */
static void give_up(void)
{
    tcflow(STDOUT_FILENO, TCOON);
    pthread_mutex_lock(&out.lock);
    text_clear(&out.next);
    out.abandon = out.writing;
    for (int i = 0; out.writing && i < BREAK_OFF_TRIES; i++) {
        struct timespec until = after(RETRY_NS);
        pthread_kill(out.thread, BREAK_OFF);
        pthread_cond_timedwait(&out.changed, &out.lock, &until);
    }
    pthread_mutex_unlock(&out.lock);
    tcflush(STDOUT_FILENO, TCOFLUSH);
}

bool tty_out_flush(int timeout_ms)
{
    struct text last = {0};
    bool taken = false;
    if (!wait_written(timeout_ms))
        give_up();
    collect(&last);
    /* what fills the kernel's buffer may be output of another program */
    for (int i = 0; i < 2 && !taken; i++) {
        send(&last);
        taken = wait_written(timeout_ms);
        if (!taken)
            give_up();
    }
    text_free(&last);
    return taken;
}

void tty_out_close(void)
{
    if (!out.running)
        return;
    pthread_mutex_lock(&out.lock);
    out.end = true;
    bool stuck = out.writing;
    pthread_cond_broadcast(&out.changed);
    pthread_mutex_unlock(&out.lock);
    out.running = false;
    if (stuck) { /* nothing has interrupted the write: the end of the process will */
        pthread_detach(out.thread);
        return;
    }
    pthread_join(out.thread, NULL);
    sigaction(BREAK_OFF, &out.before, NULL);
    pthread_cond_destroy(&out.changed);
    fclose(out.stream);
    text_free(&out.now);
    text_free(&out.next);
}
