/* See end_signal.h. Called while waiting for a reader or a lock, and at the end of a run. */
#include "ui/base/end_signal.h"

#include <stddef.h>
#include <unistd.h>

#include "ui/base/exit_code.h"

/* The usual ones to end a program; they do so even if the caller ignored them, as a shell does for a
 * program in the background. */
static bool is_always_taken(int number)
{
    return number == SIGTERM || number == SIGINT || number == SIGQUIT;
}

static bool ends_by_default(int number)
{
    static const int others[] = {SIGHUP,  SIGUSR1, SIGUSR2, SIGALRM,   SIGVTALRM,
                                 SIGPROF, SIGXCPU, SIGPWR,  SIGSTKFLT, SIGPOLL};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == number)
            return true;
    return number >= SIGRTMIN && number <= SIGRTMAX;
}

static bool ends(int number)
{
    struct sigaction now;
    return is_always_taken(number) ||
           (ends_by_default(number) && !sigaction(number, NULL, &now) && now.sa_handler == SIG_DFL);
}

void end_signals_fill(sigset_t *set)
{
    sigemptyset(set);
    for (int number = 1; number < NSIG; number++)
        if (ends(number))
            sigaddset(set, number);
}

bool end_signal_waits(void)
{
    sigset_t pending;
    if (sigpending(&pending) < 0)
        return false;
    for (int number = 1; number < NSIG; number++)
        if (sigismember(&pending, number) == 1 && ends(number))
            return true;
    return false;
}

void end_signals_hold(sigset_t *before)
{
    sigset_t set;
    end_signals_fill(&set);
    sigaddset(&set, SIGTSTP);
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
    for (int number = 1; number < NSIG; number++) {
        sigset_t one;
        if (sigismember(&blocked, number) != 1 || !ends(number))
            continue;
        sigaction(number, &sa, NULL);
        sigemptyset(&one);
        sigaddset(&one, number);
        pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    }
}
