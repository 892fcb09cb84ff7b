/* Looks up names with a bound: getaddrinfo has none, and a name server that does not answer must
 * not hold the start.
 *
 * A few threads share a list of names. Who asked takes what is there when the time is over; a
 * thread that still waits for an answer then throws it away, and the last one frees the list.
 * Called by rules_load. */
#include "engine/pools/protect_names.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define THREADS 16

struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t news;
    unsigned n, next, done, holders;
    char **name;            /* [n], owned */
    struct addrinfo **list; /* [n]; owned until the caller takes them */
};

/* Called with the mutex held. */
static void let_go(struct lookup *l)
{
    unsigned left = --l->holders;
    pthread_mutex_unlock(&l->mutex);
    if (left)
        return;
    for (unsigned i = 0; i < l->n; i++) {
        free(l->name[i]);
        if (l->list[i])
            freeaddrinfo(l->list[i]);
    }
    free(l->name);
    free(l->list);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->news);
    free(l);
}

static void *look(void *ctx)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *l = ctx;
    pthread_mutex_lock(&l->mutex);
    while (l->next < l->n) {
        unsigned i = l->next++;
        struct addrinfo *found = NULL;
        pthread_mutex_unlock(&l->mutex);
        if (getaddrinfo(l->name[i], NULL, &hints, &found) != 0)
            found = NULL;
        pthread_mutex_lock(&l->mutex);
        l->list[i] = found;
        l->done++;
        pthread_cond_signal(&l->news);
    }
    let_go(l);
    return NULL;
}

static struct lookup *lookup_new(const char *const *names, unsigned n)
{
    pthread_condattr_t attr;
    struct lookup *l = calloc(1, sizeof *l);
    if (!l || !(l->name = calloc(n, sizeof *l->name)) || !(l->list = calloc(n, sizeof *l->list)))
        abort();
    for (unsigned i = 0; i < n; i++)
        if (!(l->name[i] = strdup(names[i])))
            abort();
    l->n = n;
    l->holders = 1;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->news, &attr);
    pthread_condattr_destroy(&attr);
    return l;
}

/* Called with the mutex held. Signals are for the program's other threads. */
static void start_threads(struct lookup *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < THREADS && i < l->n; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, look, l) != 0)
            break;
        pthread_detach(thread);
        l->holders++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void names_look_up(const char *const *names, unsigned n, struct addrinfo **list)
{
    struct timespec until;
    memset(list, 0, n * sizeof *list);
    if (!n)
        return;
    struct lookup *l = lookup_new(names, n);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += NAMES_WAIT_MS / 1000;
    pthread_mutex_lock(&l->mutex);
    start_threads(l);
    for (int late = 0; l->holders > 1 && l->done < l->n && !late;)
        late = pthread_cond_timedwait(&l->news, &l->mutex, &until);
    for (unsigned i = 0; i < n; i++) {
        list[i] = l->list[i];
        l->list[i] = NULL;
    }
    l->next = l->n; /* what nobody has begun is not begun any more */
    let_go(l);
}
