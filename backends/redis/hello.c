/* Blocking links with a completed handshake: the server's addresses, the bytes of the handshake, and
 * the pool's link.
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

static void end_step(struct redis_hello *h, const struct text *bytes)
{
    h->end[h->steps++] = bytes->len;
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
        end_step(h, &bytes);
        h->auth = h->steps;
    }
    if (db) {
        snprintf(number, sizeof number, "%u", db);
        redis_words(&bytes, 2, (const char *[]){"SELECT", number});
        end_step(h, &bytes);
        h->select = h->steps;
    }
    if (sender)
        redis_words(&bytes, 3, (const char *[]){"CLIENT", "SETNAME", sender});
    else
        redis_words(&bytes, 1, (const char *[]){"PING"});
    end_step(h, &bytes);
    h->named = sender != NULL;
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
    if (redis_error_passes(r->str, r->len))
        return err_set(err, ERR_UNREACHED, "%s: %s", shown, said);
    if (strcmp(name, "NOAUTH") == 0)
        return err_set(err, ERR_FAILED,
                       "%s: a password is needed (user:password@host, LOADTOP_PASSWORD): %.80s",
                       shown, said);
    return err_set(err, ERR_FAILED, "%s: %s: %s", shown, command, said);
}

/* Does an error reply to this step end the handshake? A failed CLIENT SETNAME or PING does not. */
static bool matters(const struct redis_hello *h, unsigned step, const redisReply *r)
{
    char name[RESP_CLASS_MAX];
    resp_error_class(name, r->str, r->len);
    return step == h->auth || step == h->select || strcmp(name, "NOAUTH") == 0 ||
           strcmp(name, "DENIED") == 0 || redis_error_passes(r->str, r->len);
}

static const char *step_name(const struct redis_hello *h, unsigned step)
{
    return step == h->auth     ? "AUTH"
           : step == h->select ? "SELECT"
           : h->named          ? "CLIENT SETNAME"
                               : "PING";
}

/* Says in answer to which command the connection was closed. With TLS the server may have refused
 * our certificate as long as it has said nothing: err says so already. */
static int closed_in_answer(const struct redis_opening *o, unsigned step, struct err *err)
{
    const struct redis_hello *h = o->hello;
    const char *why = step == h->auth     ? "a proxy may take no password"
                      : step == h->select ? "a proxy may have no databases: leave its number out"
                                          : NULL;
    if (!why || (o->tls && step == 1))
        return err->code;
    return err_set(err, ERR_UNREACHED, "%s: the server closed the connection in answer to %s (%s)",
                   o->shown, step_name(h, step), why);
}

static int send_step(const struct redis_opening *o, unsigned step, uint64_t deadline_ns,
                     struct err *err)
{
    const struct redis_hello *h = o->hello;
    size_t from = step > 1 ? h->end[step - 2] : 0;
    if (!o->one_by_one)
        return step > 1 ? 0 : redis_link_send(o->link, h->bytes, h->len, deadline_ns, err);
    return redis_link_send(o->link, h->bytes + from, h->end[step - 1] - from, deadline_ns, err);
}

static int take_step(struct redis_opening *o, unsigned step, const redisReply *r, struct err *err)
{
    const struct redis_hello *h = o->hello;
    if (r->type != REDIS_REPLY_ERROR)
        return 0;
    if (matters(h, step, r))
        return redis_refused(o->shown, r, step_name(h, step), err);
    if (h->named)
        secret_said(o->name_said, sizeof o->name_said, r->str, r->len);
    return 0;
}

static int say_hello(struct redis_opening *o, uint64_t deadline_ns, struct err *err)
{
    int rc = 0;
    o->name_said[0] = '\0';
    for (unsigned step = 1; rc == 0 && step <= o->hello->steps; step++) {
        redisReply *r = NULL;
        rc = send_step(o, step, deadline_ns, err);
        if (rc == 0 && !(r = redis_link_reply(o->link, deadline_ns, err)))
            rc = err->code;
        if (rc < 0 && o->one_by_one && redis_link_closed(o->link))
            return closed_in_answer(o, step, err);
        if (!r)
            return rc;
        rc = take_step(o, step, r, err);
        freeReplyObject(r);
    }
    return rc;
}

/* Connects to one address and says hello. */
static int link_to(void *ctx, const struct address *a, uint64_t deadline_ns, struct err *err)
{
    struct redis_opening *o = ctx;
    const struct link_setup setup = {.pool = o->pool,
                                     .host = o->at->host,
                                     .tls = o->tls,
                                     .scheme = o->scheme,
                                     .shown = o->shown};
    o->link = redis_link_open(&setup, a, deadline_ns, err);
    if (!o->link)
        return err->code;
    int rc = say_hello(o, deadline_ns, err);
    if (rc < 0) {
        o->closed = o->closed || redis_link_closed(o->link);
        redis_link_free(o->link);
        o->link = NULL;
    }
    return rc;
}

int redis_opening_try(struct redis_opening *o, uint64_t deadline_ns, struct err *err)
{
    return addresses_try(o->at, o->pool, o->shown, deadline_ns, link_to, o, err);
}

int redis_link_up(struct pool *pool, uint64_t deadline_ns, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    struct redis_opening o = {.pool = pool,
                              .at = &p->at,
                              .tls = p->tls,
                              .scheme = redis_scheme(t),
                              .hello = &p->hello,
                              .shown = t->shown};
    int rc = redis_opening_try(&o, deadline_ns, err);
    p->link = o.link;
    return rc;
}

void redis_link_down(struct redis_pool *p)
{
    redis_link_free(p->link);
    p->link = NULL;
    p->link_known = false;
}

struct redisReply *redis_ask_info(struct redis_pool *p, uint64_t deadline_ns, struct err *err)
{
    redisReply *r = redis_link_ask(p->link, 1, (const char *[]){"INFO"}, deadline_ns, err);
    if (!r) {
        p->missing.info_breaks = redis_link_too_large(p->link);
        redis_link_down(p);
    }
    return r;
}

#endif
