/* The terminal below curses: modes, direct writes, and signals; see tty.h.
 *
 * Our handlers are installed before curses is opened, which then does not change those signals;
 * they write one byte to a pipe that the loop polls. Handlers of crash signals write a string
 * prepared when the terminal was opened, restore the modes and raise the signal again, without
 * allocating or locking. */
#include "ui/term/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "ui/base/end_signal.h"

static struct {
    int pipe[2];
    struct sigaction before[NSIG];
    sigset_t mask_before, ends; /* ends: the signals that end the program */
} tty = {.pipe = {-1, -1}};

/* What the handlers read; set before they are installed. */
static volatile sig_atomic_t is_open;
static volatile sig_atomic_t end_signal, stop_signal;
static char restore_text[512];
static size_t restore_len;
static struct termios modes_before;
/* The terminal, opened a second time so that no write blocks; -1: this was not possible. */
static int direct_fd = -1;

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP, 0};

/* Tries for 100 ms, because another thread may be writing and a crash must end. Discards pending
 * output in the kernel and resumes stopped output. */
void tty_restore_now(void)
{
    const char *s = restore_text;
    size_t len = restore_len;
    struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
    for (int tries = 0; len > 0 && tries < 20;) {
        ssize_t n = direct_fd >= 0 || poll(&room, 1, 0) > 0
                        ? write(direct_fd >= 0 ? direct_fd : STDOUT_FILENO, s, len)
                        : 0;
        if (n > 0) {
            s += n;
            len -= (size_t)n;
            continue;
        }
        if (tries++ == 0) {
            tcflow(STDOUT_FILENO, TCOON);
            tcflush(STDOUT_FILENO, TCOFLUSH);
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

static void on_crash(int sig)
{
    if (is_open) {
        is_open = 0;
        tty_restore_now();
        tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
    }
    /* SA_RESETHAND has restored the default action, and SA_NODEFER lets the signal through */
    raise(sig);
}

static void on_signal(int sig)
{
    int saved = errno;

    if (sig == SIGTSTP)
        stop_signal = 1;
    else if (sig != SIGWINCH)
        end_signal = sig;
    if (write(tty.pipe[1], "", 1) < 0) {
        /* the pipe is full: the loop is awake anyway */
    }
    errno = saved;
}

static void catch_signal(int sig, void (*handler)(int), int flags)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, &tty.before[sig]);
}

int tty_catch_signals(struct err *err)
{
    if (pipe2(tty.pipe, O_CLOEXEC | O_NONBLOCK))
        return err_set(err, ERR_FAILED, "pipe: %s", strerror(errno));
    for (int i = 0; crash_signals[i]; i++)
        catch_signal(crash_signals[i], on_crash, (int)(SA_RESETHAND | SA_NODEFER));
    end_signals_fill(&tty.ends);
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&tty.ends, number) == 1)
            catch_signal(number, on_signal, SA_RESTART);
    catch_signal(SIGWINCH, on_signal, SA_RESTART);
    catch_signal(SIGTSTP, on_signal, SA_RESTART);
    if (tty.before[SIGTSTP].sa_handler == SIG_IGN) /* no job control: it could not be continued */
        signal(SIGTSTP, SIG_IGN);
    /* If the caller keeps these signals blocked before and after, their default action never
     * happens. */
    sigprocmask(SIG_UNBLOCK, &tty.ends, &tty.mask_before);
    return 0;
}

void tty_release_signals(void)
{
    sigprocmask(SIG_SETMASK, &tty.mask_before, NULL);
    for (int i = 0; crash_signals[i]; i++)
        sigaction(crash_signals[i], &tty.before[crash_signals[i]], NULL);
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&tty.ends, number) == 1)
            sigaction(number, &tty.before[number], NULL);
    sigaction(SIGWINCH, &tty.before[SIGWINCH], NULL);
    sigaction(SIGTSTP, &tty.before[SIGTSTP], NULL);
    close(tty.pipe[0]);
    close(tty.pipe[1]);
    tty.pipe[0] = tty.pipe[1] = -1;
}

struct term_signals tty_take_signals(void)
{
    struct term_signals s = {0};
    char buf[64];

    while (read(tty.pipe[0], buf, sizeof buf) > 0)
        continue;
    s.end = end_signal;
    s.suspend = stop_signal;
    end_signal = 0;
    stop_signal = 0;
    return s;
}

/* ---- modes, and the way back ---- */

int tty_keep_modes(struct err *err)
{
    if (tcgetattr(STDIN_FILENO, &modes_before))
        return err_set(err, ERR_FAILED, "stdin: %s", strerror(errno));
    return 0;
}

void tty_raw_modes(void)
{
    struct termios raw = modes_before;
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT | PARMRK);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | ISIG | IEXTEN);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void tty_give_modes_back(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
}

/* Opens a separate file description, because O_NONBLOCK on the shared one would also affect the
 * shell. */
static int open_direct(void)
{
    return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void tty_set_open(bool open)
{
    if (direct_fd >= 0)
        close(direct_fd);
    direct_fd = open ? open_direct() : -1;
    is_open = open;
}

int tty_signal_fd(void)
{
    return tty.pipe[0];
}

bool tty_signal_waits(void)
{
    return end_signal || stop_signal;
}

void tty_wake(void)
{
    (void)!write(tty.pipe[1], "", 1);
}

void tty_restore_begin(void)
{
    restore_len = 0;
}

void tty_restore_add(const char *s)
{
    if (!s || s == (char *)-1) /* NOLINT: what curses returns for an unknown name */
        return;
    while (*s && restore_len < sizeof restore_text) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;

        if (end)
            s = end + 1;
        else
            restore_text[restore_len++] = *s++;
    }
}
