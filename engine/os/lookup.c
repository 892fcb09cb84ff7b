/* See lookup.h.
 *
 * A few threads share a list of names. Who asked takes what is there when the time is over; a
 * thread that still waits for an answer then throws it away, and the last one frees the list.
 * Called for the rules of targets.conf and by the backends' resolve. */
#include "engine/os/lookup.h"

#include "engine/base/text.h"
#include "engine/os/loop.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define THREADS_MOST 16
#define STOP_ASK_NS (100 * NS_PER_MS)

struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t news;
    unsigned n, next, done, holders; /* holders: who asked, and the threads */
    char port[8];
    char **name;                /* [n], owned */
    struct name_answer *answer; /* [n]; the lists are owned until the caller takes them */
};

static void lookup_free(struct lookup *l)
{
    for (unsigned i = 0; l->name && i < l->n; i++)
        free(l->name[i]);
    for (unsigned i = 0; l->answer && i < l->n; i++)
        if (l->answer[i].list)
            freeaddrinfo(l->answer[i].list);
    free(l->name);
    free(l->answer);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->news);
    free(l);
}

/* Called with the mutex held. */
static void let_go(struct lookup *l)
{
    unsigned left = --l->holders;
    pthread_mutex_unlock(&l->mutex);
    if (!left)
        lookup_free(l);
}

static void *look_up(void *ctx)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *l = ctx;
    pthread_mutex_lock(&l->mutex);
    while (l->next < l->n) {
        unsigned i = l->next++;
        struct addrinfo *list = NULL;
        pthread_mutex_unlock(&l->mutex);
        int failed = getaddrinfo(l->name[i], *l->port ? l->port : NULL, &hints, &list);
        pthread_mutex_lock(&l->mutex);
        l->answer[i] = (struct name_answer){true, failed, failed ? NULL : list};
        l->done++;
        pthread_cond_signal(&l->news);
    }
    let_go(l);
    return NULL;
}

/* NULL: out of memory. */
static struct lookup *lookup_new(const char *const *names, unsigned n, const char *port)
{
    pthread_condattr_t attr;
    struct lookup *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->n = n;
    l->holders = 1;
    copy_str(l->port, sizeof l->port, port ? port : "");
    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->news, &attr);
    pthread_condattr_destroy(&attr);
    l->name = calloc(n, sizeof *l->name);
    l->answer = calloc(n, sizeof *l->answer);
    bool whole = l->name && l->answer;
    for (unsigned i = 0; i < n && whole; i++)
        whole = (l->name[i] = strdup(names[i])) != NULL;
    if (whole)
        return l;
    lookup_free(l);
    return NULL;
}

/* Called with the mutex held. Signals are for the program's other threads. */
static void start_threads(struct lookup *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < THREADS_MOST && i < l->n; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, look_up, l) != 0)
            break;
        pthread_detach(thread);
        l->holders++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Called with the mutex held. */
static void await_answers(struct lookup *l, uint64_t deadline_ns, bool (*stop)(const void *),
                          const void *ctx)
{
    for (uint64_t now = clock_ns(); l->done < l->n && now < deadline_ns; now = clock_ns()) {
        if (stop && stop(ctx))
            return;
        uint64_t until = stop && deadline_ns - now > STOP_ASK_NS ? now + STOP_ASK_NS : deadline_ns;
        struct timespec at = {.tv_sec = (time_t)(until / NS_PER_S),
                              .tv_nsec = (long)(until % NS_PER_S)};
        pthread_cond_timedwait(&l->news, &l->mutex, &at);
    }
}

int names_look_up(const char *const *names, unsigned n, const char *port, uint64_t deadline_ns,
                  bool (*stop)(const void *ctx), const void *ctx, struct name_answer *answer)
{
    memset(answer, 0, n * sizeof *answer);
    if (!n)
        return 0;
    struct lookup *l = lookup_new(names, n, port);
    if (!l)
        return -1;
    pthread_mutex_lock(&l->mutex);
    start_threads(l);
    bool started = l->holders > 1;
    if (started)
        await_answers(l, deadline_ns, stop, ctx);
    for (unsigned i = 0; i < n; i++) {
        answer[i] = l->answer[i];
        l->answer[i].list = NULL;
    }
    l->next = l->n; /* what nobody has begun is not begun any more */
    let_go(l);
    return started ? 0 : -1;
}
