/* Blocking links to a server that have said hello: its addresses, the bytes of the handshake, the
 * pool's own link, and one without a pool.
 *
 * Everything has a deadline. Runs on the pool's own thread, except for clean. */
#include "backends/redis/hello.h"

#include "backends/redis/link.h"
#include "backends/common/tls.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* ---- Addresses and the handshake ---- */

static int resolve_host(const struct target *t, struct redis_address *to, unsigned *n,
                        struct err *err)
{
    const struct target_host *host = &t->host[0];
    char port[16], numeric[80];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    snprintf(port, sizeof port, "%u", host->port ? host->port : 6379);
    int rc = getaddrinfo(host->name, port, &hints, &found);
    if (rc != 0)
        return err_set(err, ERR_UNREACHED, "%s: looking up %s: %s", t->shown, host->name,
                       gai_strerror(rc));
    *n = 0;
    for (struct addrinfo *a = found; a && *n < REDIS_ADDRESSES_MAX; a = a->ai_next) {
        struct redis_address *r = &to[*n];
        if (a->ai_addrlen > sizeof r->addr ||
            getnameinfo(a->ai_addr, a->ai_addrlen, numeric, sizeof numeric, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        memcpy(&r->addr, a->ai_addr, a->ai_addrlen);
        r->len = a->ai_addrlen;
        copy_str(r->host, sizeof r->host, host->name);
        snprintf(r->name, sizeof r->name, a->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", numeric,
                 port);
        ++*n;
    }
    freeaddrinfo(found);
    return *n ? 0 : err_set(err, ERR_UNREACHED, "%s: %s has no address", t->shown, host->name);
}

int redis_resolve(const struct target *t, struct redis_address *to, unsigned *n, struct err *err)
{
    memset(to, 0, REDIS_ADDRESSES_MAX * sizeof *to);
    if (t->hosts)
        return resolve_host(t, to, n, err);
    struct sockaddr_un *addr = (struct sockaddr_un *)&to->addr;
    addr->sun_family = AF_UNIX;
    copy_str(addr->sun_path, sizeof addr->sun_path, t->path);
    to->len = sizeof *addr;
    copy_str(to->name, sizeof to->name, t->path);
    *n = 1;
    return 0;
}

int redis_hello_make(const struct target *t, unsigned db, const char *sender, struct redis_hello *h,
                     struct err *err)
{
    struct text bytes = {0};
    char number[16];
    memset(h, 0, sizeof *h);
    if (t->user[0] || t->has_password) {
        const char *words[] = {"AUTH", t->user, t->password};
        if (!t->user[0])
            words[1] = t->password;
        redis_words(&bytes, t->user[0] ? 3 : 2, words);
        h->auth = ++h->steps;
    }
    if (db) {
        snprintf(number, sizeof number, "%u", db);
        redis_words(&bytes, 2, (const char *[]){"SELECT", number});
        h->select = ++h->steps;
    }
    redis_words(&bytes, 3, (const char *[]){"CLIENT", "SETNAME", sender});
    h->steps++;
    h->len = bytes.len;
    text_put(&bytes, REDIS_WHO, sizeof REDIS_WHO - 1);
    h->bytes = bytes.s;
    return h->bytes && !bytes.cut ? 0 : err_set(err, ERR_FAILED, "%s: out of memory", t->shown);
}

void redis_hello_wipe(struct redis_hello *h)
{
    if (h->bytes)
        explicit_bzero(h->bytes, h->len);
    free(h->bytes);
    memset(h, 0, sizeof *h);
}

/* An error reply to the handshake, or to a first command, in words. */
int redis_refused(const char *shown, const redisReply *r, const char *command, struct err *err)
{
    char name[RESP_CLASS_MAX], said[121];
    resp_error_class(name, r->str, r->len);
    secret_said(said, sizeof said, r->str, r->len);
    if (strstr(r->str, "max number of clients") || strcmp(name, "LOADING") == 0)
        return err_set(err, ERR_UNREACHED, "%s: %s", shown, said);
    if (strcmp(name, "NOAUTH") == 0)
        return err_set(err, ERR_FAILED,
                       "%s: a password is needed (user:password@host, LOADTOP_PASSWORD): %.80s",
                       shown, said);
    return err_set(err, ERR_FAILED, "%s: %s: %s", shown, command, said);
}

/* Does an error reply to this step of the handshake end it? A name that cannot be set does not. */
static bool matters(const struct redis_hello *h, unsigned step, const redisReply *r)
{
    char name[RESP_CLASS_MAX];
    resp_error_class(name, r->str, r->len);
    return step == h->auth || step == h->select || strcmp(name, "NOAUTH") == 0 ||
           strcmp(name, "DENIED") == 0 || strstr(r->str, "max number of clients");
}

/* Connects to one address and says hello. NULL and err. */
static struct redis_link *link_to(const struct redis_address *a, struct pool *pool,
                                  const struct tls_context *tls, const char *shown,
                                  const struct redis_hello *h, uint64_t deadline_ns,
                                  struct err *err)
{
    struct redis_link *l = redis_link_open(a, pool, tls, shown, deadline_ns, err);
    if (!l)
        return NULL;
    int rc = redis_link_send(l, h->bytes, h->len, deadline_ns, err);
    for (unsigned step = 1; rc == 0 && step <= h->steps; step++) {
        redisReply *r = redis_link_reply(l, deadline_ns, err);
        if (!r)
            rc = -1;
        else if (r->type == REDIS_REPLY_ERROR && matters(h, step, r))
            rc = redis_refused(shown, r,
                               step == h->auth     ? "AUTH"
                               : step == h->select ? "SELECT"
                                                   : "hello",
                               err);
        if (r)
            freeReplyObject(r);
    }
    if (rc == 0)
        return l;
    redis_link_free(l);
    return NULL;
}

/* A link that has said hello, to the first address that lets it, beginning with the present one. */
int redis_link_up(struct pool *pool, uint64_t deadline_ns, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const char *shown = pool_target(pool)->shown;
    unsigned first = atomic_load(&p->current);
    for (unsigned i = 0; i < p->addresses && !pool_stopping(pool); i++) {
        unsigned k = (first + i) % p->addresses;
        uint64_t now = clock_ns(),
                 share = deadline_ns > now ? (deadline_ns - now) / (p->addresses - i) : 0;
        p->link = link_to(&p->address[k], pool, p->tls, shown, &p->hello, now + share, err);
        if (p->link) {
            atomic_store(&p->current, k);
            return 0;
        }
        if (err->code != ERR_UNREACHED)
            break;
    }
    return err->code < 0 ? err->code : ERR_UNREACHED;
}

void redis_link_down(struct redis_pool *p)
{
    redis_link_free(p->link);
    p->link = NULL;
    p->link_known = false;
}

/* INFO, or an error reply, or NULL when the link is lost. */
struct redisReply *redis_ask_info(struct redis_pool *p, uint64_t deadline_ns, struct err *err)
{
    redisReply *r = redis_link_ask(p->link, 1, (const char *[]){"INFO"}, deadline_ns, err);
    if (!r)
        redis_link_down(p);
    return r;
}

/* ---- A link without a pool ---- */

struct redis_link *redis_link_plain(const struct target *t, const struct options *o, unsigned db,
                                    const char *sender, struct err *err)
{
    struct redis_address address[REDIS_ADDRESSES_MAX];
    struct redis_hello hello = {0};
    struct redis_link *l = NULL;
    struct tls_context *tls = NULL;
    unsigned addresses = 0;
    int rc = redis_resolve(t, address, &addresses, err);
    for (unsigned i = 0; rc == 0 && i < addresses; i++) /* before the files of TLS are read */
        rc = pool_connect_allowed(NULL, address[i].host, (const struct sockaddr *)&address[i].addr,
                                  err);
    if (rc == 0 && strcmp(t->scheme, "rediss") == 0 && !(tls = tls_context_new(o, REDIS_TLS, err)))
        rc = err->code;
    if (rc == 0)
        rc = redis_hello_make(t, db, sender, &hello, err);
    for (unsigned i = 0; rc == 0 && i < addresses && !l; i++)
        l = link_to(&address[i], NULL, tls, t->shown, &hello, clock_ns() + REDIS_OPEN_NS, err);
    redis_hello_wipe(&hello);
    tls_context_free(tls); /* the link's own hold keeps what it needs */
    return l;
}

#endif
