/* What blocks: looking up the server, the handshake's bytes, INFO every second, what a run leaves
 * behind.
 *
 * Runs on the pool's own thread, except for clean. Everything has a deadline: a look at the server
 * every second must end within one, also while the server is stopped or gone. Other pools of this
 * process that speak to the same server (by its run_id) are known here, so that our own connections
 * are not shown as others'. */
#include "backends/redis.h"
#include "backends/redis_link.h"
#include "backends/redis_tls.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <stdlib.h>
#include <string.h>

int redis_target_db(const struct target *t, const struct options *o, unsigned *db, struct err *err)
{
    bool given = option_given(o, REDIS_DB), local = strcmp(t->scheme, "redis+unix") == 0;
    uint64_t n = 0;
    *db = (unsigned)option_u64(o, REDIS_DB);
    if (local || !t->path[0] || strcmp(t->path, "/") == 0)
        return 0;
    if (t->path[1] < '0' || t->path[1] > '9' || parse_count(t->path + 1, &n) < 0 || n > 65535)
        return err_set(err, ERR_USAGE,
                       "%s: the path is a database's number, such as redis://localhost/3",
                       t->shown);
    if (given && n != *db)
        return err_set(err, ERR_USAGE, "%s: the path says database %u and db=%u another", t->shown,
                       (unsigned)n, *db);
    *db = (unsigned)n;
    return 0;
}

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#define OPEN_NS (3 * NS_PER_S)

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

static int resolve(const struct target *t, struct redis_address *to, unsigned *n, struct err *err)
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

static int make_hello(const struct target *t, unsigned db, const char *sender,
                      struct redis_hello *h, struct err *err)
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

static void wipe_hello(struct redis_hello *h)
{
    if (h->bytes)
        explicit_bzero(h->bytes, h->len);
    free(h->bytes);
    memset(h, 0, sizeof *h);
}

/* An error reply to the handshake, or to a first command, in words. */
static int refused(const char *shown, const redisReply *r, const char *command, struct err *err)
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
                                  const struct redis_tls_context *tls, const char *shown,
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
            rc = refused(shown, r,
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

/* ---- The pool ---- */

static void note_role(struct pool *pool, const char *info)
{
    char role[24] = "";
    bool writes = false;
    redis_info_text(info, "role", role, sizeof role);
    for (unsigned i = 0; i < REDIS_OPS; i++)
        writes = writes || (redis_op_info[i].creates && pool_ops_include(pool, i));
    if (strcmp(role, "slave") == 0)
        pool_event(pool, "the server is a replica%s", writes ? ": it may refuse what writes" : "");
    if (redis_info_number(info, "cluster_enabled") > 0)
        pool_event(pool,
                   "cluster mode: routing is not built in, keys of other nodes are answered MOVED");
}

/* Is INFO there, or was it refused for a reason that a load can live with? */
static int judge_info(const char *shown, const redisReply *r, struct err *err)
{
    return r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOPERM", 6) != 0
               ? refused(shown, r, "INFO", err)
               : 0;
}

static int judge_loading(const char *shown, const char *info, struct err *err)
{
    double percent = redis_info_number(info, "loading_loaded_perc");
    if (redis_info_number(info, "loading") > 0)
        return err_set(err, ERR_UNREACHED, "%s: LOADING: the server is reading its data, %.0f %%",
                       shown, percent < 0 ? 0 : percent);
    return 0;
}

struct asking {
    struct pool *pool;
    struct err *err;
};

static int ask_pool(void *ctx, const char *identity)
{
    const struct asking *a = ctx;
    return pool_identity_allowed(a->pool, identity, a->err);
}

int redis_meet(struct pool *pool, const char *info, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    int rc = judge_loading(pool_target(pool)->shown, info, err);
    if (rc == 0)
        rc = redis_identities(info, ask_pool, &(struct asking){pool, err});
    p->link_known = rc == 0;
    if (rc == 0)
        rc = redis_room_allowed(pool, info, err);
    if (rc == 0) {
        note_role(pool, info);
        redis_trouble_begin(p, info);
        redis_peers_join(p, info);
    }
    return rc;
}

/* What the server says of itself, and whether that may be loaded. */
static int look(struct pool *pool, uint64_t deadline_ns, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    redisReply *r = redis_ask_info(p, deadline_ns, err);
    if (!r)
        return err->code;
    int rc = judge_info(pool_target(pool)->shown, r, err);
    if (rc == 0)
        rc = redis_meet(pool, r->type == REDIS_REPLY_STRING ? r->str : "", err);
    freeReplyObject(r);
    return rc;
}

static void forget(struct redis_pool *p)
{
    redis_link_down(p);
    wipe_hello(&p->hello);
    redis_tls_context_free(p->tls);
    p->tls = NULL;
}

int redis_pool_open(struct pool *pool, struct err *err)
{
    struct redis_pool *p = pool_data(pool);
    const struct target *t = pool_target(pool);
    struct redis_mark mark = p->mark; /* of an attempt before this one */
    memset(p, 0, sizeof *p);
    p->mark = mark;
    redis_mark_begin(&p->mark);
    p->asks_who = pool_identity_matters(pool);
    pthread_mutex_init(&p->mutex, NULL);
    const char *beyond = redis_beyond(pool_options(pool));
    if (beyond && !pool_allow_destructive(pool) && !pool_read_only(pool))
        return err_set(err, ERR_REFUSED, "%s: %s", t->shown, beyond);
    int rc = redis_target_db(t, pool_options(pool), &p->db, err);
    if (rc == 0)
        rc = resolve(t, p->address, &p->addresses, err);
    if (rc == 0 && strcmp(t->scheme, "rediss") == 0 &&
        !(p->tls = redis_tls_context_new(pool_options(pool), err)))
        rc = err->code;
    if (rc == 0)
        rc = make_hello(t, p->db, pool_sender(pool), &p->hello, err);
    if (rc < 0) {
        forget(p);
        return rc;
    }
    uint64_t deadline_ns = clock_ns() + OPEN_NS;
    rc = redis_link_up(pool, deadline_ns, err);
    if (rc == 0)
        rc = look(pool, deadline_ns, err);
    if (rc == 0)
        return 0;
    forget(p);
    return rc;
}

void redis_pool_close(struct pool *pool)
{
    struct redis_pool *p = pool_data(pool);
    redis_peers_leave(p);
    forget(p);
}

/* ---- A link without a pool ---- */

struct redis_link *redis_link_plain(const struct target *t, const struct options *o, unsigned db,
                                    const char *sender, struct err *err)
{
    struct redis_address address[REDIS_ADDRESSES_MAX];
    struct redis_hello hello = {0};
    struct redis_link *l = NULL;
    struct redis_tls_context *tls = NULL;
    unsigned addresses = 0;
    int rc = resolve(t, address, &addresses, err);
    for (unsigned i = 0; rc == 0 && i < addresses; i++) /* before the files of TLS are read */
        rc = pool_connect_allowed(NULL, address[i].host, (const struct sockaddr *)&address[i].addr,
                                  err);
    if (rc == 0 && strcmp(t->scheme, "rediss") == 0 && !(tls = redis_tls_context_new(o, err)))
        rc = err->code;
    if (rc == 0)
        rc = make_hello(t, db, sender, &hello, err);
    for (unsigned i = 0; rc == 0 && i < addresses && !l; i++)
        l = link_to(&address[i], NULL, tls, t->shown, &hello, clock_ns() + OPEN_NS, err);
    wipe_hello(&hello);
    redis_tls_context_free(tls); /* the link's own hold keeps what it needs */
    return l;
}

#endif
