/* Blocking links with a completed handshake: the server's addresses, the bytes of the handshake,
 * the pool's link, and a link without a pool.
 *
 * Everything has a deadline. Runs on the pool's own thread, except for clean. */
#include "backends/redis/hello.h"

#include "backends/common/link.h"
#include "backends/common/resolve.h"
#include "backends/common/tls.h"
#include "backends/redis/link.h"
#include "backends/redis/target.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Addresses and the handshake ---- */

int redis_resolve(const struct target *t, const struct pool *pool, struct addresses *to,
                  struct err *err)
{
    const struct target_host *host = &t->host[0];
    if (t->hosts)
        return resolve(to, pool, host->name, host->port ? host->port : 6379, t->shown,
                       clock_ns() + RESOLVE_NS, err);
    addresses_of_socket(to, t->path);
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

/* Puts into words an error reply to the handshake or to a first command. */
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

/* Does an error reply to this step end the handshake? A failed CLIENT SETNAME does not. */
static bool matters(const struct redis_hello *h, unsigned step, const redisReply *r)
{
    char name[RESP_CLASS_MAX];
    resp_error_class(name, r->str, r->len);
    return step == h->auth || step == h->select || strcmp(name, "NOAUTH") == 0 ||
           strcmp(name, "DENIED") == 0 || strstr(r->str, "max number of clients");
}

/* Parameters of opening a link, and the link. */
struct linking {
    struct link_setup setup;
    const struct redis_hello *hello;
    struct redis_link *link;
};

static const char *step_name(const struct redis_hello *h, unsigned step)
{
    return step == h->auth ? "AUTH" : step == h->select ? "SELECT" : "hello";
}

static int say_hello(struct redis_link *l, const struct linking *w, uint64_t deadline_ns,
                     struct err *err)
{
    const struct redis_hello *h = w->hello;
    int rc = redis_link_send(l, h->bytes, h->len, deadline_ns, err);
    for (unsigned step = 1; rc == 0 && step <= h->steps; step++) {
        redisReply *r = redis_link_reply(l, deadline_ns, err);
        if (!r)
            return err->code;
        if (r->type == REDIS_REPLY_ERROR && matters(h, step, r))
            rc = redis_refused(w->setup.shown, r, step_name(h, step), err);
        freeReplyObject(r);
    }
    return rc;
}

/* Connects to one address and says hello. */
static int link_to(void *ctx, const struct address *a, uint64_t deadline_ns, struct err *err)
{
    struct linking *w = ctx;
    w->link = redis_link_open(&w->setup, a, deadline_ns, err);
    if (!w->link)
        return err->code;
    int rc = say_hello(w->link, w, deadline_ns, err);
    if (rc < 0) {
        redis_link_free(w->link);
        w->link = NULL;
    }
    return rc;
}

/* Opens a link with a completed handshake to the first address that accepts it, starting with the
 * current one. */
int redis_link_up(struct pool *pool, uint64_t deadline_ns, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    struct linking w = {.setup = {.pool = pool,
                                  .host = p->at.host,
                                  .tls = p->tls,
                                  .scheme = redis_scheme(t),
                                  .shown = t->shown},
                        .hello = &p->hello};
    int rc = addresses_try(&p->at, pool, t->shown, deadline_ns, link_to, &w, err);
    p->link = w.link;
    return rc;
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
    struct addresses at;
    struct redis_hello hello = {0};
    struct tls_context *tls = NULL;
    struct linking w = {.setup = {.host = at.host, .scheme = redis_scheme(t), .shown = t->shown},
                        .hello = &hello};
    int rc = redis_resolve(t, NULL, &at, err);
    for (unsigned i = 0; rc == 0 && i < at.n; i++) /* check before reading the TLS files */
        rc = pool_connect_allowed(NULL, at.host, (const struct sockaddr *)&at.address[i].addr, err);
    if (rc == 0 && strcmp(t->scheme, "rediss") == 0 &&
        !(tls = tls_context_new(o, REDIS_TLS, redis_scheme(t), err)))
        rc = err->code;
    w.setup.tls = tls;
    if (rc == 0)
        rc = redis_hello_make(t, db, sender, &hello, err);
    if (rc == 0)
        addresses_try(&at, NULL, t->shown, clock_ns() + at.n * REDIS_OPEN_NS, link_to, &w, err);
    redis_hello_wipe(&hello);
    tls_context_free(tls); /* the link keeps its own reference */
    return w.link;
}

#endif
