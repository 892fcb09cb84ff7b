/* For fuzzers: runs part of a target in a thread that can open no file, create no socket and start
 * no process or thread. The kernel enforces this by a seccomp filter on that thread only, so the
 * fuzzer's own thread is not restricted. A forbidden call is either refused, or ends the program as
 * a finding that names the call.
 *
 * If the kernel does not support seccomp filters, a message says so once and the fuzzer runs
 * without one. Setting FUZZ_UNGUARDED does the same: the sanitizers start another program to print
 * a stack trace, which the filter would forbid. */
#ifndef LOADTOP_TESTS_FUZZ_GUARD_H
#define LOADTOP_TESTS_FUZZ_GUARD_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GUARD_FILES = 1, /* besides sockets and processes */ GUARD_REFUSE = 2 /* do not abort */ };

struct guard {
    int flags;
    bool started;
    sem_t go, done;
    void (*run)(void *);
    void *ctx;
};

static inline void guard_tell(int sig, siginfo_t *info, void *ucontext)
{
    const char *what = info->si_syscall == SYS_socket    ? "made a socket\n"
                       : info->si_syscall == SYS_connect ? "connected\n"
                       : info->si_syscall == SYS_openat  ? "opened a file\n"
#ifdef SYS_open
                       : info->si_syscall == SYS_open ? "opened a file\n"
#endif
                                                      : "started a process or a thread\n";

    (void)sig;
    (void)ucontext;
    (void)!write(STDERR_FILENO, "fuzz: the target ", 17);
    (void)!write(STDERR_FILENO, what, strlen(what));
    abort();
}

#define GUARD_CALL(nr, then)                                                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, (then))

static inline bool guard_filter(int flags)
{
    unsigned no = flags & GUARD_REFUSE ? SECCOMP_RET_ERRNO | EACCES : SECCOMP_RET_TRAP;
    unsigned file = flags & GUARD_FILES ? no : SECCOMP_RET_ALLOW;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        GUARD_CALL(SYS_socket, no),
        GUARD_CALL(SYS_connect, no),
        GUARD_CALL(SYS_execve, no),
        GUARD_CALL(SYS_execveat, no),
        GUARD_CALL(SYS_clone, no),
        GUARD_CALL(SYS_clone3, no),
        GUARD_CALL(SYS_openat, file),
#ifdef SYS_open /* older machines have more ways */
        GUARD_CALL(SYS_fork, no),
        GUARD_CALL(SYS_vfork, no),
        GUARD_CALL(SYS_open, file),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {.len = sizeof code / sizeof *code, .filter = code};
    struct sigaction sa = {.sa_sigaction = guard_tell, .sa_flags = SA_SIGINFO};

    sigaction(SIGSYS, &sa, NULL);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static inline void *guard_thread(void *of)
{
    struct guard *g = of;

    if (!getenv("FUZZ_UNGUARDED") && !guard_filter(g->flags))
        perror("fuzz: unguarded: seccomp");
    for (;;) {
        while (sem_wait(&g->go) < 0)
            continue;
        g->run(g->ctx);
        sem_post(&g->done);
    }
    return NULL;
}

/* Runs it to its end. */
static inline void guard_run(struct guard *g, void (*run)(void *), void *ctx)
{
    pthread_t thread;

    if (!g->started && (sem_init(&g->go, 0, 0) < 0 || sem_init(&g->done, 0, 0) < 0 ||
                        pthread_create(&thread, NULL, guard_thread, g) != 0))
        abort();
    g->started = true;
    g->run = run;
    g->ctx = ctx;
    sem_post(&g->go);
    while (sem_wait(&g->done) < 0)
        continue;
}

#endif
