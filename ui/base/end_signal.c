/* See end_signal.h. Called while waiting for a reader or a lock, and at the end of a run. */
#include "ui/base/end_signal.h"

#include <stddef.h>
#include <unistd.h>

#include "ui/base/exit_code.h"

static const int end_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

#define END_SIGNALS (sizeof end_signals / sizeof *end_signals)

bool end_signal_waits(void)
{
    sigset_t pending;
    if (sigpending(&pending) < 0)
        return false;
    for (size_t i = 0; i < END_SIGNALS; i++)
        if (sigismember(&pending, end_signals[i]) == 1)
            return true;
    return false;
}

void end_signals_hold(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    for (size_t i = 0; i < END_SIGNALS; i++)
        sigaddset(&set, end_signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, before);
}

void end_signals_let(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void leave(int number)
{
    _exit(EXIT_SIGNAL + number);
}

void end_signals_end(void)
{
    struct sigaction sa = {.sa_handler = leave};
    sigset_t blocked;
    sigfillset(&sa.sa_mask);
    if (pthread_sigmask(SIG_BLOCK, NULL, &blocked) != 0)
        return;
    for (size_t i = 0; i < END_SIGNALS; i++) {
        sigset_t one;
        /* HUP under nohup */
        if (sigismember(&blocked, end_signals[i]) != 1)
            continue;
        sigaction(end_signals[i], &sa, NULL);
        sigemptyset(&one);
        sigaddset(&one, end_signals[i]);
        pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    }
}
