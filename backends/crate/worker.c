/* A worker of the crate backend: libcurl's multi interface on the worker's own loop, and the bodies
 * of requests.
 *
 * libcurl says which sockets to watch (watch_socket) and when it wants to be called (set_timer);
 * the loop calls back and libcurl goes on. Sockets stay in epoll between two requests of a
 * connection, although libcurl removes them: this saves two system calls per request, and detects
 * at once when the server closes an idle connection.
 *
 * fill() encodes the whole body, into memory that belongs to the struct op and is used again with
 * it, so the steady state allocates nothing; the engine counts this time as generating. All of it
 * is freed in worker_close. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/worker.h"

#include "backends/crate/conn.h"
#include "backends/crate/site.h"
#include "backends/crate/types.h"
#include "engine/base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GZIP_LEVEL 1
#define GZIP_WINDOW (15 + 16) /* zlib: 16 more means gzip's header and trailer */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* ---- libcurl and the loop ---- */

static void timer_fire(struct alarm *a)
{
    struct crate_worker *w =
        (struct crate_worker *)(void *)((char *)a - offsetof(struct crate_worker, timer));
    crate_worker_run(w, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct crate_worker *w = ctx;
    struct loop *loop = worker_loop(w->worker);
    (void)multi;
    loop_alarm(loop, &w->timer,
               timeout_ms < 0 ? NS_NEVER : loop_now(loop) + (uint64_t)timeout_ms * NS_PER_MS);
    return 0;
}

static uint32_t loop_events(int what)
{
    return what == CURL_POLL_IN    ? (uint32_t)EPOLLIN
           : what == CURL_POLL_OUT ? (uint32_t)EPOLLOUT
                                   : (uint32_t)(EPOLLIN | EPOLLOUT);
}

/* Sockets without a connection: newer versions of libcurl end TLS sessions after the easy handle
 * was removed. */
struct unowned_socket {
    struct watch watch;
    struct crate_worker *worker;
};

static int curl_events(uint32_t events)
{
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

static void unowned_socket_ready(struct watch *watch, uint32_t events)
{
    struct unowned_socket *s = (struct unowned_socket *)(void *)watch;
    crate_worker_run(s->worker, watch->fd, curl_events(events));
}

static void watch_unowned_socket(struct crate_worker *w, curl_socket_t fd, int what,
                                 struct unowned_socket *s)
{
    if (what == CURL_POLL_REMOVE) {
        if (s)
            loop_unwatch(worker_loop(w->worker), &s->watch);
        free(s);
        return;
    }
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s)
            return;
        s->worker = w;
        s->watch.fd = -1;
        s->watch.ready = unowned_socket_ready;
        curl_multi_assign(w->multi, fd, s);
    }
    loop_watch(worker_loop(w->worker), &s->watch, fd, loop_events(what));
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
    struct crate_worker *w = ctx;
    struct crate_conn *c = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
    if (of_socket || !c) {
        watch_unowned_socket(w, fd, what, of_socket);
        return 0;
    }
    if (what == CURL_POLL_REMOVE) {
        /* the socket stays in epoll until it is closed or has an event that libcurl did not ask
         * for */
        c->want = 0;
        return 0;
    }
    c->want = loop_events(what);
    if (c->watch.fd != fd || c->watch.events != c->want)
        loop_watch(worker_loop(w->worker), &c->watch, fd, c->want);
    return 0;
}

/* ---- bodies ---- */

static char *body_room(struct crate_worker *w, struct op *op, size_t need)
{
    struct crate_request *r = op_data(op);
    struct crate_body *b = r->body;
    if (!b) {
        b = calloc(1, sizeof *b);
        if (!b)
            return NULL;
        b->next = w->bodies;
        w->bodies = r->body = b;
    }
    b->len = 0;
    if (b->room < need) {
        free(b->bytes);
        b->bytes = malloc(need);
        b->room = b->bytes ? need : 0;
    }
    return b->bytes;
}

static int64_t wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static char *put_rows(const struct crate_worker *w, const struct op *op, char *at)
{
    const struct crate_pool *p = w->pool;
    const struct options *o = pool_options(worker_pool(w->worker));
    double duplicates = option_real(o, OPT_DUPLICATES);
    uint64_t confirmed = atomic_load_explicit(&p->confirmed, memory_order_relaxed);
    int64_t now_ms = p->records.first_ms < 0 ? wall_ms() : 0;
    memcpy(at, p->insert_head.s, p->insert_head.len);
    at += p->insert_head.len;
    uint64_t random = op->rnd;
    for (uint32_t i = 0; i < op->n; i++) {
        uint64_t seq = op->key + i;
        if (duplicates > 0 && confirmed > 0) {
            random = mix64(random + GOLDEN);
            if (rng_unit(random) < duplicates)
                seq = rng_below(mix64(random), confirmed);
        }
        at = crate_record_put(&p->records, at, seq, now_ms);
        *at++ = ',';
    }
    at[-1] = ']';
    *at++ = '}';
    return at;
}

static size_t rows_max(const struct crate_pool *p, uint32_t n)
{
    return p->insert_head.len + n * (crate_record_max(&p->records) + 1) + 2;
}

/* Chooses a key for {key}: of a row that this pool inserted, or else, for reads only, one that the
 * table already had. */
static void draw_key(const struct crate_pool *p, uint64_t random, bool reads, char *mine,
                     struct crate_draw *d)
{
    uint64_t from = atomic_load_explicit(&p->oldest, memory_order_relaxed);
    uint64_t to = atomic_load_explicit(&p->confirmed, memory_order_relaxed);
    if (to <= from && reads && p->samples) {
        d->key = p->sample + rng_below(random, p->samples) * CRATE_KEY_JSON_MAX;
        d->key_len = strlen(d->key);
        return;
    }
    mine[0] = '"';
    crate_key_put(&p->records, mine + 1, to > from ? from + rng_below(random, to - from) : to);
    mine[CRATE_KEY_LEN + 1] = '"';
    d->key = mine;
    d->key_len = CRATE_KEY_LEN + 2;
}

/* Takes the lowest record number that is not deleted yet. If there is none, returns one that
 * matches no row. */
static uint64_t take_oldest(struct crate_pool *p)
{
    uint64_t at = atomic_load_explicit(&p->oldest, memory_order_relaxed);
    uint64_t end = atomic_load_explicit(&p->confirmed, memory_order_relaxed);
    while (at < end && !atomic_compare_exchange_weak(&p->oldest, &at, at + 1))
        ;
    return at < end ? at : end;
}

static const struct crate_stmt *choose_stmt(const struct crate_pool *p, const struct op *op)
{
    switch (op->type) {
    case CRATE_SELECT:
        return &p->select;
    case CRATE_UPDATE:
        return &p->update;
    case CRATE_DELETE:
        return &p->remove;
    case CRATE_STMT:
        return p->stmts ? &p->stmt[rng_below(op->rnd, p->stmts)] : &p->select;
    default:
        return &p->aggregate[rng_below(op->rnd, CRATE_AGGREGATES)];
    }
}

static char *put_statement(struct crate_worker *w, struct op *op, const struct crate_stmt *st,
                           char *at)
{
    struct crate_pool *p = w->pool;
    char key[CRATE_KEY_LEN + 2], oldest[CRATE_KEY_LEN + 2];
    bool fresh, any_key, old;
    struct crate_draw d = {.records = &p->records, .random = op->rnd};
    crate_stmt_needs(st, &fresh, &any_key, &old);
    d.now_ms = p->records.first_ms < 0 ? wall_ms() : p->records.first_ms;
    if (any_key)
        draw_key(p, mix64(op->rnd ^ GOLDEN), op->type == CRATE_SELECT || st->reads, key, &d);
    if (fresh)
        d.new_seq = pool_sequence(worker_pool(w->worker), 1);
    if (old) {
        oldest[0] = oldest[CRATE_KEY_LEN + 1] = '"';
        crate_key_put(&p->records, oldest + 1, take_oldest(p));
        d.oldest = oldest;
        d.oldest_len = CRATE_KEY_LEN + 2;
    }
    return crate_stmt_put(st, at, &d);
}

/* Compresses w->raw into the op's body. */
static void compress_body(struct crate_worker *w, struct op *op)
{
    char *at = body_room(w, op, deflateBound(&w->z, w->raw.len));
    struct crate_request *r = op_data(op);
    if (!at)
        return;
    deflateReset(&w->z);
    w->z.next_in = (Bytef *)w->raw.bytes;
    w->z.avail_in = (uInt)w->raw.len;
    w->z.next_out = (Bytef *)at;
    w->z.avail_out = (uInt)r->body->room;
    int result = deflate(&w->z, Z_FINISH);
    assert(result == Z_STREAM_END); /* deflateBound says that it fits */
    (void)result;
    r->body->len = r->body->room - w->z.avail_out;
}

static char *raw_room(struct crate_worker *w, size_t need)
{
    if (w->raw.room < need) {
        free(w->raw.bytes);
        w->raw.bytes = malloc(need);
        w->raw.room = w->raw.bytes ? need : 0;
    }
    return w->raw.bytes;
}

void crate_fill(struct worker *worker, struct op *op)
{
    struct crate_worker *w = worker_data(worker);
    bool insert = op->type == CRATE_INSERT;
    const struct crate_stmt *st = choose_stmt(w->pool, op);
    size_t need = insert ? rows_max(w->pool, op->n) : st->max;
    if (insert)
        op->key = pool_sequence(worker_pool(worker), op->n);
    char *at = w->gzip ? raw_room(w, need) : body_room(w, op, need);
    /* submit refuses a request without a body */
    if (!at)
        return;
    char *end = insert ? put_rows(w, op, at) : put_statement(w, op, st, at);
    struct crate_request *r = op_data(op);
    if (w->gzip) {
        w->raw.len = (size_t)(end - at);
        compress_body(w, op);
    } else {
        r->body->len = (size_t)(end - at);
    }
    /* The size before compression: it is what the table stores, and about what it takes in
     * memory. */
    op->size = (uint32_t)(end - at);
}

/* The bytes of the records in a request before compression. An update rewrites its record. */
uint64_t crate_data_bytes(const struct worker *worker, const struct op *op)
{
    const struct crate_pool *p = pool_data(worker_pool(worker));
    switch (op->type) {
    case CRATE_INSERT:
        return op->size > p->insert_head.len ? op->size - p->insert_head.len
                                             : op->n * p->record_bytes; /* no memory for it */
    case CRATE_UPDATE:
        return p->record_bytes;
    case CRATE_DELETE:
        return 0;
    default:
        return choose_stmt(p, op)->reads ? 0 : op->size;
    }
}

/* ---- hosts ---- */

/* Round robin over the hosts to which this worker has a connection; before it has any, over those
 * that answered. A failed host is skipped until it is connected again. */
uint32_t crate_route(struct worker *worker, const struct op *op)
{
    struct crate_worker *w = worker_data(worker);
    const struct crate_site *s = &w->pool->site;
    (void)op;
    if (s->hosts <= 1)
        return 0;
    uint32_t any = UINT32_MAX;
    for (uint32_t i = 0; i < s->hosts; i++) {
        uint32_t h = (w->turn + i) % s->hosts;
        bool alive = atomic_load_explicit(&s->host[h].alive, memory_order_acquire);
        if (!alive && !w->up[h])
            continue;
        if (w->up[h] || !worker_conn(worker, h, 0)) { /* up, or not tried yet by this worker */
            w->turn = h + 1;
            return h;
        }
        if (any == UINT32_MAX)
            any = h;
    }
    if (any == UINT32_MAX)
        any = w->turn % s->hosts;
    w->turn = any + 1;
    return any;
}

/* ---- life ---- */

int crate_worker_open(struct worker *worker, struct err *err)
{
    struct crate_worker *w = worker_data(worker);
    struct pool *pool = worker_pool(worker);
    w->worker = worker;
    w->pool = pool_data(pool);
    w->timer = (struct alarm){.due_ns = NS_NEVER, .fire = timer_fire};
    w->gzip = option_bool(pool_options(pool), OPT_GZIP);
    w->headers = crate_headers(pool_target(pool), pool_options(pool), w->gzip);
    w->multi = curl_multi_init();
    w->turn = worker_index(worker); /* start each worker with a different host */
    bool ok = w->headers && w->multi;
    if (ok && w->gzip)
        ok =
            deflateInit2(&w->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (!ok) {
        crate_worker_close(worker);
        return err_set(err, ERR_FAILED, "crate: out of memory for a thread");
    }
    curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
    curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
    curl_multi_setopt(w->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return 0;
}

void crate_worker_close(struct worker *worker)
{
    struct crate_worker *w = worker_data(worker);
    if (w->multi)
        curl_multi_cleanup(w->multi);
    w->multi = NULL;
    curl_slist_free_all(w->headers);
    w->headers = NULL;
    while (w->bodies) {
        struct crate_body *b = w->bodies;
        w->bodies = b->next;
        free(b->bytes);
        free(b);
    }
    free(w->raw.bytes);
    w->raw = (struct crate_body){0};
    if (w->gzip)
        deflateEnd(&w->z);
    w->gzip = false;
    struct loop *loop = worker_loop(worker);
    if (loop && w->timer.fire)
        loop_alarm(loop, &w->timer, NS_NEVER);
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
