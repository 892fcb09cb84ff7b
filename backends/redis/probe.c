/* The first link to a server: opened as every connection is, with a name in the server's list of
 * clients, and asked for INFO. A load needs neither. A server that refuses them by an error reply
 * says so, and may be asked again.
 *
 * A proxy such as twemproxy closes the connection on every command that it does not know, and tells
 * neither why nor on which one. So only if a connection is closed, the handshake is said again on a
 * new one, without the name and one command at a time; then each of the two is asked alone. It is
 * left out for good if the connection is closed on it twice, with a PING answered in between: a
 * server that died at that moment closes once. All this takes up to six links, so each has its own
 * time limit: a proxy that is far away answers each of them in time, but not all of them together.
 * Called on the pool's thread, and by clean. */
#include "backends/redis/probe.h"

#include "backends/redis/hello.h"
#include "backends/redis/link.h"
#include "backends/redis/target.h"
#include "backends/common/tls.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <string.h>

#define CLOSES "it closes the connection"
#define TOO_LARGE "its answer is too large"
#define TRIES 2

static const char *const ask_for_info[] = {"INFO"};

static int open_link(struct redis_opening *o, struct err *err)
{
    redis_link_free(o->link);
    o->link = NULL;
    return redis_opening_try(o, clock_ns() + o->open_ns, err);
}

static redisReply *ask(const struct redis_opening *o, unsigned n, const char *const *words,
                       struct err *err)
{
    return redis_link_ask(o->link, n, words, clock_ns() + o->open_ns, err);
}

int redis_ask_optional(struct redis_opening *o, unsigned n, const char *const *words,
                       redisReply **reply, struct err *err)
{
    int rc = 0;
    for (unsigned tries = 0; rc == 0 && tries < TRIES; tries++) {
        *reply = ask(o, n, words, err);
        if (*reply || !redis_link_closed(o->link))
            return *reply ? 0 : err->code;
        rc = open_link(o, err);
    }
    return rc;
}

/* Notes that INFO is not asked again: each answer breaks the link. */
static void leave_info_out(struct redis_missing *m, const char *why)
{
    m->info_breaks = true;
    copy_str(m->info, sizeof m->info, why);
}

/* INFO was asked and rc is the outcome. An answer that is too large is a missing one, and another
 * link is opened in place of the broken one. */
static int judge_size(struct redis_opening *o, struct redis_missing *m, int rc, struct err *err)
{
    if (rc == 0 || !o->link || !redis_link_too_large(o->link))
        return rc;
    leave_info_out(m, TOO_LARGE);
    return open_link(o, err);
}

/* Takes the reply to CLIENT SETNAME. */
static void take_name(struct redis_missing *m, redisReply *r)
{
    m->name_closes = !r;
    if (!r)
        copy_str(m->name, sizeof m->name, CLOSES);
    else if (r->type == REDIS_REPLY_ERROR)
        secret_said(m->name, sizeof m->name, r->str, r->len);
    if (r)
        freeReplyObject(r);
}

/* Finds out on which command the server has closed the connection. */
static int ask_each(struct redis_opening *o, const struct target *t, unsigned db,
                    const char *sender, struct redis_missing *m, redisReply **info, struct err *err)
{
    redisReply *named = NULL;
    redis_hello_wipe(o->hello);
    o->one_by_one = true;
    int rc = redis_hello_make(t, db, NULL, o->hello, err);
    if (rc == 0)
        rc = open_link(o, err);
    if (rc == 0)
        rc = redis_ask_optional(o, 3, (const char *[]){"CLIENT", "SETNAME", sender}, &named, err);
    if (rc < 0)
        return rc;
    take_name(m, named);
    rc = redis_ask_optional(o, 1, ask_for_info, info, err);
    if (rc == 0 && !*info)
        leave_info_out(m, CLOSES);
    rc = judge_size(o, m, rc, err);
    if (rc < 0 || m->name_closes)
        return rc;
    redis_hello_wipe(o->hello);
    return redis_hello_make(t, db, sender, o->hello, err);
}

/* Takes an error reply to INFO: the server may refuse it, unless it wants a password first, or is in
 * a state that passes by itself. */
static int judge_info(const char *shown, struct redis_missing *m, redisReply **info,
                      struct err *err)
{
    redisReply *r = *info;
    char name[RESP_CLASS_MAX];
    if (!r || r->type == REDIS_REPLY_STRING)
        return 0;
    *info = NULL;
    int rc = 0;
    if (r->type != REDIS_REPLY_ERROR)
        copy_str(m->info, sizeof m->info, "its answer is no text");
    else if (redis_error_passes(r->str, r->len) ||
             strcmp(resp_error_class(name, r->str, r->len), "NOAUTH") == 0)
        rc = redis_refused(shown, r, "INFO", err);
    else
        secret_said(m->info, sizeof m->info, r->str, r->len);
    freeReplyObject(r);
    return rc;
}

/* As every connection is opened. o->closed: by the server, instead of an answer. */
static int ask_at_once(struct redis_opening *o, struct redis_missing *m, redisReply **info,
                       struct err *err)
{
    int rc = open_link(o, err);
    if (rc < 0)
        return rc;
    copy_str(m->name, sizeof m->name, o->name_said);
    *info = ask(o, 1, ask_for_info, err);
    if (*info)
        return 0;
    o->closed = redis_link_closed(o->link);
    return judge_size(o, m, err->code, err);
}

int redis_probe(struct redis_opening *o, const struct target *t, unsigned db, const char *sender,
                struct redis_missing *missing, struct redisReply **info, struct err *err)
{
    *missing = (struct redis_missing){0};
    *info = NULL;
    int rc = redis_hello_make(t, db, sender, o->hello, err);
    if (rc == 0)
        rc = ask_at_once(o, missing, info, err);
    if (rc == ERR_UNREACHED && o->closed)
        rc = ask_each(o, t, db, sender, missing, info, err);
    if (rc == 0)
        rc = judge_info(o->shown, missing, info, err);
    if (rc < 0) {
        redis_link_free(o->link);
        o->link = NULL;
        if (*info)
            freeReplyObject(*info);
        *info = NULL;
    }
    return rc;
}

struct redis_link *redis_probe_plain(const struct target *t, const struct options *o, unsigned db,
                                     const char *sender, struct redisReply **info, struct err *err)
{
    struct addresses at;
    struct redis_hello hello = {0};
    struct redis_missing missing;
    struct tls_context *tls = NULL;
    struct redis_opening opening = {
        .at = &at, .scheme = redis_scheme(t), .hello = &hello, .shown = t->shown};
    int rc = redis_resolve(t, NULL, &at, err);
    for (unsigned i = 0; rc == 0 && i < at.n; i++) /* check before reading the TLS files */
        rc = pool_connect_allowed(NULL, at.host, (const struct sockaddr *)&at.address[i].addr, err);
    if (rc == 0 && strcmp(t->scheme, "rediss") == 0 &&
        !(tls = tls_context_new(o, REDIS_TLS, redis_scheme(t), err)))
        rc = err->code;
    opening.tls = tls;
    opening.open_ns = at.n * REDIS_OPEN_NS;
    if (rc == 0)
        redis_probe(&opening, t, db, sender, &missing, info, err);
    redis_hello_wipe(&hello);
    tls_context_free(tls); /* the link keeps its own reference */
    return opening.link;
}

#endif
