/* Name resolution, and the order in which addresses are tried; see the header. */
#include "backends/common/resolve.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/os/lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(ADDRESSES_MAX <= 8 * sizeof(unsigned), "a bit for each address");
_Static_assert(TRY_WHY_MAX == sizeof((struct err *)0)->msg, "a reason is not cut");

/* ---- Looking a name up ---- */

static bool is_stopping(const void *pool)
{
    return pool && pool_stopping(pool);
}

/* Resolves a name on a separate thread. NULL and err on failure. */
static struct addrinfo *look_up_name(const struct pool *pool, const char *host, const char *port,
                                     const char *shown, uint64_t deadline_ns, struct err *err)
{
    struct name_answer answer;
    if (names_look_up(&host, 1, port, deadline_ns, is_stopping, pool, &answer) < 0)
        err_set(err, ERR_UNREACHED, "%s: looking up %s: no thread to be had", shown, host);
    else if (!answer.done)
        err_set(err, ERR_UNREACHED,
                "%s: looking up %s: no answer in time (does the name server answer? an address in "
                "place of the name needs none)",
                shown, host);
    else if (answer.failed)
        err_set(err, ERR_UNREACHED, "%s: looking up %s: %s", shown, host,
                gai_strerror(answer.failed));
    return answer.list;
}

static void addresses_init(struct addresses *a, const char *host)
{
    memset(a, 0, sizeof *a);
    copy_str(a->host, sizeof a->host, host);
}

/* Does this machine support the address family? Without IPv6 the resolver may still return ::1. */
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
    const struct addrinfo number = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    char digits[8];
    struct addrinfo *list = NULL;
    addresses_init(a, host);
    snprintf(digits, sizeof digits, "%u", port & 0xFFFF);
    if (getaddrinfo(host, digits, &number, &list) != 0)
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
    return atomic_load_explicit(&a->current, memory_order_relaxed);
}

static bool is_dropped(const struct addresses *a, unsigned i)
{
    return atomic_load_explicit(&a->dropped, memory_order_relaxed) >> i & 1;
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

int addresses_try(struct addresses *a, const struct pool *pool, const char *shown,
                  uint64_t deadline_ns,
                  int (*attempt)(void *ctx, const struct address *, uint64_t deadline_ns,
                                 struct err *),
                  void *ctx, struct err *err)
{
    unsigned order[ADDRESSES_MAX], n = addresses_order(a, order);
    struct tries tries = {0};
    struct err why = {0};
    for (unsigned i = 0; i < n; i++) {
        if (pool && pool_stopping(pool)) {
            if (!tries.n)
                err_set(&why, ERR_UNREACHED, "%s: given up, as the pool stops", shown);
            break;
        }
        uint64_t now = clock_ns(), share = deadline_ns > now ? (deadline_ns - now) / (n - i) : 0;
        if (attempt(ctx, &a->address[order[i]], now + share, &why) == 0) {
            addresses_answered(a, order[i]);
            return 0;
        }
        tries_add(&tries, a, order[i], shown, &why);
        if (why.code != ERR_UNREACHED)
            break;
    }
    tries_say(&tries, a, shown, &why);
    return err_set(err, why.code, "%s", why.msg);
}

int addresses_connect(const struct addresses *a, const struct pool *pool, unsigned *at,
                      struct err *err)
{
    unsigned order[ADDRESSES_MAX], n = addresses_order(a, order);
    struct tries tries = {0};
    struct err why = {0};
    for (unsigned i = 0; i < n; i++) {
        const struct address *to = &a->address[order[i]];
        int fd = net_connect(pool, a->host, (const struct sockaddr *)&to->addr, to->len, &why);
        *at = order[i];
        if (fd >= 0)
            return fd;
        tries_add(&tries, a, order[i], a->host, &why);
        if (why.code != ERR_UNREACHED)
            break;
    }
    tries_say(&tries, a, a->host, &why);
    err_set(err, why.code, "%s", why.msg);
    return -1;
}

static bool has_failed(const struct addresses *a, unsigned i, uint64_t now_ns)
{
    uint64_t failed_ns = atomic_load_explicit(&a->failed_ns[i], memory_order_relaxed);
    return failed_ns && now_ns - failed_ns < ADDRESS_REST_NS;
}

unsigned addresses_spread(const struct addresses *a, unsigned i)
{
    unsigned usable[ADDRESSES_MAX], n = 0;
    uint64_t now = clock_ns();
    for (unsigned k = 0; k < a->n; k++)
        if (!is_dropped(a, k) && !has_failed(a, k, now))
            usable[n++] = k;
    return n ? usable[i % n] : current(a);
}

void addresses_answered(struct addresses *a, unsigned at)
{
    if (atomic_load_explicit(&a->failed_ns[at], memory_order_relaxed))
        atomic_store_explicit(&a->failed_ns[at], 0, memory_order_relaxed);
    if (current(a) != at)
        atomic_store_explicit(&a->current, at, memory_order_relaxed);
}

void addresses_failed(struct addresses *a, unsigned at)
{
    /* If many connections to one address fail, only the first advances to the next address. */
    unsigned order[ADDRESSES_MAX], was = at;
    atomic_store_explicit(&a->failed_ns[at], clock_ns(), memory_order_relaxed);
    if (current(a) == at && addresses_order(a, order) > 1)
        atomic_compare_exchange_strong(&a->current, &was, order[order[0] == at]);
}

void addresses_drop(struct addresses *a, const struct address *address)
{
    for (unsigned i = 0; i < a->n; i++)
        if (i != current(a) && address_equal(&a->address[i], address))
            atomic_fetch_or(&a->dropped, 1U << i);
}

/* ---- Naming those that were tried ---- */

/* The text without "prefix: " at its beginning. */
static const char *without(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return len && strncmp(text, prefix, len) == 0 && strncmp(text + len, ": ", 2) == 0
               ? text + len + 2
               : text;
}

/* err's message without its prefix; net_connect's messages begin with the host instead. */
static const char *reason(const struct err *err, const char *shown, const struct addresses *a)
{
    return without(without(err->msg, shown), a->host);
}

void tries_add(struct tries *t, const struct addresses *a, unsigned at, const char *shown,
               const struct err *err)
{
    if (t->n == ADDRESSES_MAX)
        return;
    t->at[t->n] = at;
    copy_str(t->why[t->n++], sizeof *t->why, reason(err, shown, a));
}

#define MORE "; and %u more"
/* bytes of each reason, if they do not all fit in full */
#define WHY_SHORT 127

/* Adds "ADDRESS, ADDRESS: why" for the tries that failed for the same reason as the first, as far as
 * they fit with `most` bytes of the reason, and marks them as said. Room for MORE is left. */
static size_t say_alike(const struct tries *t, const struct addresses *a, unsigned first, int most,
                        bool *said, char *out, size_t size, size_t len)
{
    const char *before = first ? "; " : "";
    size_t rest = strlen(": ") + strnlen(t->why[first], (size_t)most) + sizeof MORE;
    for (unsigned i = first; i < t->n; i++) {
        char place[PLACE_TEXT_MAX];
        if (said[i] || strcmp(t->why[i], t->why[first]) != 0)
            continue;
        address_text(&a->address[t->at[i]], place, sizeof place);
        if (len + strlen(before) + strlen(place) + rest >= size)
            break;
        len = text_append(out, size, len, "%s%s", before, place);
        before = ", ";
        said[i] = true;
    }
    return said[first] ? text_append(out, size, len, ": %.*s", most, t->why[first]) : len;
}

/* Writes the addresses with up to `most` bytes of each reason. Returns how many did not fit. */
static unsigned say_all(const struct tries *t, const struct addresses *a, const char *shown,
                        int most, char *out, size_t size)
{
    bool said[ADDRESSES_MAX] = {false};
    unsigned left = 0;
    size_t len = text_append(out, size, 0, "%s: tried ", shown);
    for (unsigned i = 0; i < t->n; i++)
        if (!said[i])
            len = say_alike(t, a, i, most, said, out, size, len);
    for (unsigned i = 0; i < t->n; i++)
        left += !said[i];
    if (left)
        text_append(out, size, len, MORE, left);
    return left;
}

/* One reason: the address stands behind the prefix of the message, which is kept whole. */
static int say_one(const struct tries *t, const struct addresses *a, const char *shown,
                   struct err *err)
{
    char place[PLACE_TEXT_MAX + 8], why[sizeof err->msg];
    copy_str(why, sizeof why, reason(err, shown, a));
    return err_set(err, err->code, "%s: %s%s", shown,
                   address_prefix(a, t->at[t->n - 1], place, sizeof place), why);
}

int tries_say(const struct tries *t, const struct addresses *a, const char *shown, struct err *err)
{
    char out[sizeof err->msg];
    unsigned order[ADDRESSES_MAX];
    if (!t->n || addresses_order(a, order) < 2 || err->code == ERR_REFUSED)
        return err->code;
    if (t->n == 1 || err->code != ERR_UNREACHED)
        return say_one(t, a, shown, err);
    if (say_all(t, a, shown, INT_MAX, out, sizeof out) &&
        say_all(t, a, shown, WHY_SHORT, out, sizeof out) == t->n) /* no room for any */
        return err->code;
    return err_set(err, err->code, "%s", out);
}

char *address_prefix(const struct addresses *a, unsigned at, char *buf, size_t size)
{
    char place[PLACE_TEXT_MAX];
    unsigned order[ADDRESSES_MAX];
    buf[0] = '\0';
    if (addresses_order(a, order) > 1)
        snprintf(buf, size, "at %s: ", address_text(&a->address[at], place, sizeof place));
    return buf;
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
