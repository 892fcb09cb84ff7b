/* A connection of the crate backend: one easy handle that is used for one request after another, on
 * one TCP connection.
 *
 * libcurl keeps open connections in a cache, hands any of them to any handle, and when a kept one
 * turns out to be dead it sends the request again on a new one, silently. Both would be wrong here:
 * an insert that is sent twice makes more rows than are counted, and a connection that loadtop
 * closes must close. So each handle has a cache of its own (a share), and libcurl may open a socket
 * only while the connection is being opened; later its attempt is refused and the request ends as
 * an error whose outcome is unknown.
 *
 * Opening requests `GET /`: the connection is up when the server reports that it is ready, and its
 * reply names the node.
 *
 * request.c evaluates the outcome of a request. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/conn.h"

#include "backends/crate/request.h"
#include "backends/crate/scheme.h"
#include "backends/crate/site.h"
#include "backends/crate/types.h"
#include "backends/crate_sql/error.h"
#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPEN_MS 5000L
#define RECEIVE_BYTES 4096L
#define PROBE_MAX 8192

/* ---- libcurl's callbacks ---- */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct crate_conn *c = ctx;
    size_t len = size * n;
    if (c->phase == PHASE_PROBING) {
        text_put(&c->probe, bytes, len);
        return len;
    }
    if (c->plain_len < sizeof c->plain) {
        size_t room = sizeof c->plain - c->plain_len, part = len < room ? len : room;
        memcpy(c->plain + c->plain_len, bytes, part);
        c->plain_len += (unsigned)part;
    }
    crate_reply_feed(&c->reply, bytes, len);
    return len;
}

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
    static const char close_line[] = "connection: close";
    struct crate_conn *c = ctx;
    size_t len = size * n;
    if (len >= sizeof close_line - 1 && strncasecmp(line, close_line, sizeof close_line - 1) == 0)
        c->last = true;
    return len;
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct crate_conn *c = ctx;
    (void)purpose;
    if (!c->may_connect)
        return CURL_SOCKET_BAD;
    if (pool_connect_allowed(worker_pool(c->conn->worker), crate_host_of(c)->at.host, &a->addr,
                             &c->refused) < 0)
        return CURL_SOCKET_BAD;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (fd < 0 && err_is_own_limit(errno))
        err_set(&c->refused, ERR_OWN_LIMIT, "%s: no socket: %s%s", crate_host_of(c)->shown,
                strerror(errno), err_descriptor_advice(errno));
    return fd;
}

static int close_socket(void *ctx, curl_socket_t fd)
{
    struct crate_conn *c = ctx;
    if (c->watch.fd == fd)
        loop_unwatch(worker_loop(c->conn->worker), &c->watch);
    c->last = true;
    return close(fd);
}

/* ---- opening ---- */

int crate_node_find(struct crate_pool *p, const char *name)
{
    unsigned n = atomic_load(&p->nodes);
    for (unsigned i = 0; i < n; i++)
        if (strncmp(p->node[i].name, name, CRATE_NODE_NAME_MAX - 1) == 0)
            return (int)i;
    pthread_mutex_lock(&p->mutex);
    int found = -1;
    n = atomic_load(&p->nodes);
    for (unsigned i = 0; i < n && found < 0; i++)
        if (strncmp(p->node[i].name, name, CRATE_NODE_NAME_MAX - 1) == 0)
            found = (int)i;
    if (found < 0 && n < CRATE_NODES_MAX) {
        copy_str(p->node[n].name, CRATE_NODE_NAME_MAX, name);
        found = (int)n;
        atomic_store(&p->nodes, n + 1);
    }
    pthread_mutex_unlock(&p->mutex);
    return found;
}

static void lost(struct crate_conn *c)
{
    struct crate_worker *w = crate_worker_of(c);
    if (c->phase != PHASE_CLOSED && c->phase != PHASE_PROBING) {
        w->up[c->conn->group]--;
        if (c->node >= 0)
            atomic_fetch_sub_explicit(&w->pool->node[c->node].connections, 1, memory_order_relaxed);
    }
    c->phase = PHASE_CLOSED;
}

/* An idle connection has something to read: the server closed it (or, with TLS, sent a ticket). */
static void idle_ready(struct crate_conn *c)
{
    char byte;
    ssize_t n = recv(c->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    loop_unwatch(worker_loop(c->conn->worker), &c->watch);
    if (n > 0 && crate_is_tls(crate_host_of(c)))
        return;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const struct crate_host *h = crate_host_of(c);
    char at[PLACE_TEXT_MAX + 8];
    if (c->phase == PHASE_IDLE)
        conn_down(c->conn, "closed", "%s: %sthe server closed an idle connection", h->shown,
                  address_prefix(&h->at, c->at, at, sizeof at));
}

static void socket_ready(struct watch *watch, uint32_t events)
{
    struct crate_conn *c =
        (struct crate_conn *)(void *)((char *)watch - offsetof(struct crate_conn, watch));
    if (!c->want) {
        idle_ready(c);
        return;
    }
    crate_worker_run(crate_worker_of(c), watch->fd,
                     (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                         (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                         (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
}

static void set_options(struct crate_conn *c, const struct crate_host *h, long timeout_ms)
{
    struct worker *worker = c->conn->worker;
    CURL *e = c->easy;
    const char *scheme = pool_target(worker_pool(worker))->scheme;
    crate_plain_options(e, pool_sender(worker_pool(worker)));
    curl_easy_setopt(e, CURLOPT_SHARE, c->share);
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_URL, h->root);
    curl_easy_setopt(e, CURLOPT_CONNECT_TO, h->to[c->at]);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, crate_worker_of(c)->headers);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    /* never expire a connection here: the server decides how long it may be idle */
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, 86400L);
    if (strcmp(scheme, "crates") == 0)
        crate_tls_options(e, pool_options(worker_pool(worker)));
}

/* OpenSSL writes without MSG_NOSIGNAL. */
static void block_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int crate_open(struct conn *conn, struct err *err)
{
    struct crate_conn *c = conn_data(conn);
    struct crate_worker *w = worker_data(conn->worker);
    uint64_t timeout_ms = pool_timeout_ns(worker_pool(conn->worker)) / NS_PER_MS;
    block_sigpipe();
    *c = (struct crate_conn){.conn = conn, .node = -1, .phase = PHASE_PROBING};
    c->watch = (struct watch){.fd = -1, .ready = socket_ready};
    c->probe.limit = PROBE_MAX;
    const struct crate_host *h = crate_host_of(c);
    if (!atomic_load(&h->resolved))
        return err_set(err, ERR_UNREACHED, "%s: its address is not known", h->shown);
    if (!atomic_load(&h->known))
        return err_set(err, ERR_UNREACHED, "%s: it has not said yet which cluster it is of",
                       h->shown);
    c->at = addresses_spread(&h->at, conn->id);
    c->easy = curl_easy_init();
    c->share = curl_share_init();
    if (!c->easy || !c->share)
        return err_set(err, ERR_FAILED, "out of memory for a connection");
    curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
    set_options(c, h,
                timeout_ms > 0 && timeout_ms < (uint64_t)OPEN_MS ? (long)timeout_ms : OPEN_MS);
    c->may_connect = true;
    if (curl_multi_add_handle(w->multi, c->easy) != CURLM_OK)
        return err_set(err, ERR_FAILED, "out of memory for a connection");
    c->added = true;
    return 0;
}

static void take_node(struct crate_conn *c, const json_t *root)
{
    struct crate_pool *p = crate_worker_of(c)->pool;
    const char *name = json_string_value(json_object_get(root, "name"));
    c->node = crate_node_find(p, name && name[0] ? name : crate_host_of(c)->shown);
    if (c->node >= 0)
        atomic_fetch_add_explicit(&p->node[c->node].connections, 1, memory_order_relaxed);
}

static void set_alive(struct crate_conn *c, bool alive)
{
    atomic_store_explicit(&crate_worker_of(c)->pool->site.host[c->conn->group].alive, alive,
                          memory_order_release);
}

/* The opening ended without an answer. */
static void probe_failed(struct crate_conn *c, CURLcode result)
{
    struct crate_host *h = crate_host_of(c);
    char at[PLACE_TEXT_MAX + 8];
    long os_errno = 0;
    if (!c->refused.code && crate_unconnected(c->easy, result))
        addresses_failed(&h->at, c->at);
    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
    secret_hide_values(c->why);
    /* awaits consent: try again */
    if (c->refused.code == ERR_UNREACHED)
        conn_down(c->conn, "waiting", "%s", c->refused.msg);
    else if (c->refused.code)
        conn_down(c->conn, c->refused.code == ERR_OWN_LIMIT ? "own_limit" : "denied", "%s",
                  c->refused.msg);
    else
        conn_down(c->conn, crate_network_class(result, os_errno), "%s: %s%s%s", h->shown,
                  address_prefix(&h->at, c->at, at, sizeof at),
                  crate_reason(c->easy, result, c->why),
                  err_is_own_limit((int)os_errno) ? err_descriptor_advice((int)os_errno)
                                                  : crate_hint(h, result));
}

/* The probe got an unexpected answer: the node is not ready, or something in front of it accepts no
 * more connections. */
static void probe_unwanted(struct crate_conn *c, long status, const json_t *root)
{
    const struct crate_host *h = crate_host_of(c);
    char name[CRATE_CLASS_MAX], words[256], said[81];
    crate_status_class(name, sizeof name, status);
    if (crate_redirected(c->easy, h, status, words, sizeof words)) {
        conn_down(c->conn, name, "%s: %s", h->shown, words);
        return;
    }
    secret_said(said, sizeof said, text_str(&c->probe), c->probe.len);
    unsigned len = (unsigned)clean_line(said, strlen(said));
    crate_message(words, sizeof words, said, status == 503 ? 0 : len, crate_status_advice(status));
    if ((status == 503 || status == 429) && !json_object_get(root, "ok"))
        pool_strain(worker_pool(c->conn->worker), STRAIN_REFUSED,
                    "%.60s refuses connections: HTTP %ld", h->shown, status);
    conn_down(c->conn, name, "%s: HTTP %ld %s", h->shown, status, words);
}

/* Decides from the answer to GET / whether the connection can be used. */
static bool probe_good(struct crate_conn *c, long status, const json_t *root)
{
    const struct crate_host *h = crate_host_of(c);
    if (status != 200 && !crate_status_hides(status)) {
        probe_unwanted(c, status, root);
        return false;
    }
    const char *cluster = json_string_value(json_object_get(root, "cluster_name"));
    if (status == 200 && c->last)
        conn_down(c->conn, "closed", "%s: the server closes after each answer: it needs keep-alive",
                  h->shown);
    else if (!crate_same_cluster(&crate_worker_of(c)->pool->site, status == 200 ? cluster : NULL))
        conn_down(
            c->conn, "other cluster",
            "%s: another cluster answers there than the one that was asked about at the start",
            h->shown);
    else
        return true;
    return false;
}

static void probe_done(struct crate_conn *c, CURLcode result)
{
    long status = 0;
    c->may_connect = false;
    if (!crate_worker_of(c)->up[c->conn->group]) /* until the identity check below succeeds */
        set_alive(c, false);
    if (result != CURLE_OK) {
        probe_failed(c, result);
        return;
    }
    addresses_answered(&crate_host_of(c)->at, c->at);
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    json_t *root = json_loads(text_str(&c->probe), 0, NULL);
    bool good = probe_good(c, status, root);
    if (good)
        take_node(c, root);
    json_decref(root);
    if (!good)
        return;
    text_free(&c->probe);
    crate_worker_of(c)->up[c->conn->group]++;
    set_alive(c, true);
    curl_easy_setopt(c->easy, CURLOPT_URL, crate_host_of(c)->sql);
    curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, 0L); /* the engine keeps the time of requests */
    c->phase = PHASE_IDLE;
    conn_up(c->conn);
}

/* libcurl has finished the connection's request. */
static void conn_done(struct crate_conn *c, CURLcode result)
{
    if (c->phase == PHASE_PROBING) {
        probe_done(c, result);
        return;
    }
    crate_request_done(c, result);
    if (c->last && c->phase == PHASE_IDLE)
        conn_down(c->conn, "closed", "%s: the server closes the connection after its answer",
                  crate_host_of(c)->shown);
}

/* ---- sending, and going on ---- */

static void finish_messages(struct crate_worker *w)
{
    bool first = true;
    int left;
    CURLMsg *m;
    while ((m = curl_multi_info_read(w->multi, &left))) {
        struct crate_conn *c = NULL;
        CURLcode result = m->data.result;
        CURL *easy = m->easy_handle; /* m is freed when the handle is removed */
        if (m->msg != CURLMSG_DONE)
            continue;
        if (first)
            loop_refresh(worker_loop(w->worker));
        first = false;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
        curl_multi_remove_handle(w->multi, easy);
        c->added = false;
        conn_done(c, result);
    }
}

void crate_worker_run(struct crate_worker *w, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(w->multi, fd, events, &running);
    finish_messages(w);
}

/* The handle is added to the multi handle only here, so that libcurl sends after the engine has
 * stamped the request. */
void crate_flush(struct conn *conn)
{
    struct crate_conn *c = conn_data(conn);
    if (c->phase != PHASE_SUBMITTED)
        return;
    const struct crate_request *r = op_data(c->op);
    crate_reply_start(&c->reply);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, r->body->bytes);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body->len);
    c->phase = PHASE_SENT;
    if (curl_multi_add_handle(crate_worker_of(c)->multi, c->easy) != CURLM_OK) {
        conn_down(conn, "memory", "%s: out of memory for a request", crate_host_of(c)->shown);
        return;
    }
    c->added = true;
    crate_worker_run(crate_worker_of(c), CURL_SOCKET_TIMEOUT, 0);
}

/* ---- closing ---- */

void crate_close(struct conn *conn)
{
    struct crate_conn *c = conn_data(conn);
    struct crate_worker *w = worker_data(conn->worker);
    if (c->phase == PHASE_SENT && c->type == CRATE_INSERT)
        crate_add(&w->pool->counts.unknown, c->n);
    /* This also covers an opening that the engine gave up while libcurl was still connecting. */
    if (c->phase == PHASE_PROBING && c->added &&
        crate_unconnected(c->easy, CURLE_OPERATION_TIMEDOUT))
        addresses_failed(&crate_host_of(c)->at, c->at);
    c->op = NULL;
    lost(c);
    if (c->added)
        curl_multi_remove_handle(w->multi, c->easy);
    c->added = false;
    if (c->easy)
        curl_easy_cleanup(c->easy);
    c->easy = NULL;
    /* closes the socket, through close_socket */
    if (c->share)
        curl_share_cleanup(c->share);
    c->share = NULL;
    loop_unwatch(worker_loop(conn->worker), &c->watch);
    text_free(&c->probe);
    conn_closed(conn);
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
