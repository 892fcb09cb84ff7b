/* Names to addresses, and which of them is tried when; see the header.
 *
 * getaddrinfo has no bound, so a name is looked up by a thread of its own. Who asked takes what is
 * there when the time is over; a thread that still waits then throws its answer away, and the last of
 * the two frees what they share. */
#include "backends/common/resolve.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS (100 * NS_PER_MS) /* how often a wait looks whether the pool is stopping */

_Static_assert(ADDRESSES_MAX <= 8 * sizeof(unsigned), "a bit for each address");

/* ---- Looking a name up ---- */

struct lookup {
    pthread_mutex_t mutex;
    pthread_cond_t news;
    unsigned holders; /* who asked, and the thread */
    bool done;
    int failed;            /* of getaddrinfo */
    struct addrinfo *list; /* owned until it is taken */
    char host[256], port[8];
};

/* Called with the mutex held. */
static void let_go(struct lookup *l)
{
    unsigned left = --l->holders;
    pthread_mutex_unlock(&l->mutex);
    if (left)
        return;
    if (l->list)
        freeaddrinfo(l->list);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->news);
    free(l);
}

static int look(const char *host, const char *port, int flags, struct addrinfo **list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    *list = NULL;
    return getaddrinfo(host, port, &hints, list);
}

static void *look_up(void *ctx)
{
    struct lookup *l = ctx;
    struct addrinfo *list;
    int failed = look(l->host, l->port, 0, &list);
    pthread_mutex_lock(&l->mutex);
    l->failed = failed;
    l->list = failed ? NULL : list;
    l->done = true;
    pthread_cond_signal(&l->news);
    let_go(l);
    return NULL;
}

static struct lookup *lookup_new(const char *host, const char *port)
{
    pthread_condattr_t attr;
    struct lookup *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    copy_str(l->host, sizeof l->host, host);
    copy_str(l->port, sizeof l->port, port);
    l->holders = 1;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->news, &attr);
    pthread_condattr_destroy(&attr);
    return l;
}

/* Called with the mutex held. Signals are for the program's other threads. */
static bool start_thread(struct lookup *l)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, look_up, l) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        pthread_detach(thread);
        l->holders++;
    }
    return started;
}

/* Called with the mutex held. Waits for the thread's answer. */
static bool await_answer(struct lookup *l, const struct pool *pool, uint64_t deadline_ns)
{
    for (uint64_t now = clock_ns(); !l->done && now < deadline_ns; now = clock_ns()) {
        if (pool && pool_stopping(pool))
            return false;
        uint64_t until = now + LOOK_NS < deadline_ns ? now + LOOK_NS : deadline_ns;
        struct timespec at = {.tv_sec = (time_t)(until / NS_PER_S),
                              .tv_nsec = (long)(until % NS_PER_S)};
        pthread_cond_timedwait(&l->news, &l->mutex, &at);
    }
    return l->done;
}

/* What a thread of its own finds. NULL and err. */
static struct addrinfo *look_up_name(const struct pool *pool, const char *host, const char *port,
                                     const char *shown, uint64_t deadline_ns, struct err *err)
{
    struct lookup *l = lookup_new(host, port);
    if (!l) {
        err_set(err, ERR_FAILED, "%s: out of memory", shown);
        return NULL;
    }
    pthread_mutex_lock(&l->mutex);
    struct addrinfo *found = NULL;
    if (!start_thread(l))
        err_set(err, ERR_UNREACHED, "%s: looking up %s: no thread to be had", shown, host);
    else if (!await_answer(l, pool, deadline_ns))
        err_set(err, ERR_UNREACHED,
                "%s: looking up %s: no answer in time (does the name server answer? an address in "
                "place of the name needs none)",
                shown, host);
    else if (l->failed)
        err_set(err, ERR_UNREACHED, "%s: looking up %s: %s", shown, host, gai_strerror(l->failed));
    else
        found = l->list;
    if (found)
        l->list = NULL;
    let_go(l);
    return found;
}

static void addresses_init(struct addresses *a, const char *host)
{
    memset(a, 0, sizeof *a);
    atomic_init(&a->current, 0);
    atomic_init(&a->dropped, 0);
    copy_str(a->host, sizeof a->host, host);
}

/* Has this machine sockets for it? One without IPv6 may be told ::1 all the same. */
static bool has_family(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT;
    close(fd);
    return true;
}

int resolve(struct addresses *a, const struct pool *pool, const char *host, unsigned port,
            const char *shown, uint64_t deadline_ns, struct err *err)
{
    char digits[8];
    struct addrinfo *list;
    addresses_init(a, host);
    snprintf(digits, sizeof digits, "%u", port & 0xFFFF);
    if (look(host, digits, AI_NUMERICHOST, &list) != 0)
        list = look_up_name(pool, host, digits, shown, deadline_ns, err);
    if (!list)
        return ERR_UNREACHED;
    for (const struct addrinfo *i = list; i && a->n < ADDRESSES_MAX; i = i->ai_next) {
        struct address *to = &a->address[a->n];
        if ((i->ai_family != AF_INET && i->ai_family != AF_INET6) ||
            i->ai_addrlen > sizeof to->addr || !has_family(i->ai_family))
            continue;
        memcpy(&to->addr, i->ai_addr, i->ai_addrlen);
        to->len = i->ai_addrlen;
        a->n++;
    }
    freeaddrinfo(list);
    return a->n ? 0
                : err_set(err, ERR_UNREACHED, "%s: %s has no address that this machine can reach",
                          shown, host);
}

void addresses_of_socket(struct addresses *a, const char *path)
{
    addresses_init(a, "");
    struct sockaddr_un *addr = (struct sockaddr_un *)&a->address[0].addr;
    addr->sun_family = AF_UNIX;
    copy_str(addr->sun_path, sizeof addr->sun_path, path);
    a->address[0].len = sizeof *addr;
    a->n = 1;
}

/* ---- Trying them in turn ---- */

static unsigned current(const struct addresses *a)
{
    return atomic_load_explicit((_Atomic unsigned *)(uintptr_t)&a->current, memory_order_relaxed);
}

static bool is_dropped(const struct addresses *a, unsigned i)
{
    return atomic_load_explicit((_Atomic unsigned *)(uintptr_t)&a->dropped, memory_order_relaxed) >>
               i &
           1;
}

const struct address *addresses_current(const struct addresses *a)
{
    return &a->address[current(a)];
}

unsigned addresses_order(const struct addresses *a, unsigned order[ADDRESSES_MAX])
{
    unsigned n = 0, first = current(a);
    for (unsigned i = 0; i < a->n; i++) {
        unsigned k = (first + i) % a->n;
        if (!is_dropped(a, k))
            order[n++] = k;
    }
    return n;
}

int addresses_try(struct addresses *a, const struct pool *pool, uint64_t deadline_ns,
                  int (*attempt)(void *ctx, const struct address *, uint64_t deadline_ns,
                                 struct err *),
                  void *ctx, struct err *err)
{
    unsigned order[ADDRESSES_MAX], n = addresses_order(a, order);
    int code = ERR_UNREACHED;
    for (unsigned i = 0; i < n && code == ERR_UNREACHED; i++) {
        if (pool && pool_stopping(pool))
            return err_set(err, ERR_UNREACHED, "%s: given up, as the pool stops", a->host);
        uint64_t now = clock_ns(), share = deadline_ns > now ? (deadline_ns - now) / (n - i) : 0;
        code = attempt(ctx, &a->address[order[i]], now + share, err);
        if (code == 0)
            addresses_answered(a, order[i]);
    }
    return code;
}

int addresses_connect(const struct addresses *a, const struct pool *pool, unsigned *at,
                      struct err *err)
{
    unsigned order[ADDRESSES_MAX], n = addresses_order(a, order);
    for (unsigned i = 0; i < n; i++) {
        struct err why = {0};
        const struct address *to = &a->address[order[i]];
        int fd = net_connect(pool, a->host, (const struct sockaddr *)&to->addr, to->len, &why);
        *at = order[i];
        if (fd >= 0)
            return fd;
        err_set(err, why.code ? why.code : ERR_UNREACHED, "%s", why.msg);
        if (why.code != ERR_UNREACHED)
            break;
    }
    return -1;
}

void addresses_answered(struct addresses *a, unsigned at)
{
    if (current(a) != at)
        atomic_store_explicit(&a->current, at, memory_order_relaxed);
}

void addresses_failed(struct addresses *a, unsigned at)
{
    /* Of many connections to one address that fails, only the first moves on. */
    unsigned order[ADDRESSES_MAX], was = at;
    if (current(a) == at && addresses_order(a, order) > 1)
        atomic_compare_exchange_strong(&a->current, &was, order[order[0] == at]);
}

void addresses_drop(struct addresses *a, const struct address *address)
{
    for (unsigned i = 0; i < a->n; i++)
        if (i != current(a) && address_equal(&a->address[i], address))
            atomic_fetch_or(&a->dropped, 1U << i);
}

/* ---- As values and as text ---- */

bool address_equal(const struct address *a, const struct address *b)
{
    if (a->addr.ss_family != b->addr.ss_family)
        return false;
    if (a->addr.ss_family == AF_INET) {
        const struct sockaddr_in *x = (const void *)&a->addr, *y = (const void *)&b->addr;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    if (a->addr.ss_family == AF_INET6) {
        const struct sockaddr_in6 *x = (const void *)&a->addr, *y = (const void *)&b->addr;
        return x->sin6_port == y->sin6_port && x->sin6_scope_id == y->sin6_scope_id &&
               memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
    }
    const struct sockaddr_un *x = (const void *)&a->addr, *y = (const void *)&b->addr;
    return strcmp(x->sun_path, y->sun_path) == 0;
}

char *address_text(const struct address *a, char *buf, size_t size)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (a->addr.ss_family == AF_UNIX)
        return copy_str(buf, size, ((const struct sockaddr_un *)(const void *)&a->addr)->sun_path);
    if (getnameinfo((const struct sockaddr *)&a->addr, a->len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return copy_str(buf, size, "?");
    return place_text(buf, size, host, (unsigned)strtoul(port, NULL, 10));
}

char *place_text(char *buf, size_t size, const char *host, unsigned port)
{
    snprintf(buf, size, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    return buf;
}
