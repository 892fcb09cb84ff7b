/* The nodes of a cluster: contact points, discovery, and the replicas of a token.
 *
 * Contact points come from the URL, the others from system.local and system.peers. Replicas are
 * determined along the ring like SimpleStrategy does, among the used nodes; for
 * NetworkTopologyStrategy with one data centre this is the same unless racks matter. A wrong guess
 * costs one hop, never an error.
 *
 * Hosts are appended and never removed, because workers use their indices; one that left the ring
 * is marked. A ring is replaced as a whole, and old ones are kept until the pool ends. */
#include "backends/cassandra/ring.h"

#include "backends/cassandra/session.h"
#include "backends/cassandra/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_PORT 9042
#define TOKENS_MAX (CASS_HOSTS_MAX * 256u)
#define STEPS_MAX 1024u /* bound on steps along the ring to another node; a few in a real ring */
#define RINGS_MAX 256u  /* most rings that a pool keeps; one takes at most 1.5 MiB */

static void name_host(struct cass_host *h, unsigned port)
{
    h->port = port;
    place_text(h->shown, sizeof h->shown, h->at.host, port);
}

bool cass_host_is(const struct cass_host *h, const char *address, unsigned port)
{
    const struct sockaddr_storage *addr = &addresses_current(&h->at)->addr;
    struct in_addr v4;
    struct in6_addr v6;
    if (port && h->port != port)
        return false;
    if (addr->ss_family == AF_INET)
        return inet_pton(AF_INET, address, &v4) == 1 &&
               !memcmp(&v4, &((const struct sockaddr_in *)addr)->sin_addr, sizeof v4);
    return inet_pton(AF_INET6, address, &v6) == 1 &&
           !memcmp(&v6, &((const struct sockaddr_in6 *)addr)->sin6_addr, sizeof v6);
}

/* The index of a host, or -1. */
static int find_host(const struct cass_pool *p, const struct cass_host *h)
{
    for (uint32_t i = 0; i < atomic_load(&p->hosts); i++)
        if (address_equal(addresses_current(&p->host[i].at), addresses_current(&h->at)))
            return (int)i;
    return -1;
}

/* The index of a host, appended if new; -1: the table is full. */
static int add_host(struct cass_pool *p, const struct cass_host *h)
{
    uint32_t n = atomic_load(&p->hosts);
    int place = find_host(p, h);
    if (place >= 0) {
        copy_str(p->host[place].dc, sizeof p->host[place].dc, h->dc);
        atomic_store(&p->host[place].gone, false);
        return place;
    }
    if (n == CASS_HOSTS_MAX)
        return -1;
    p->host[n] = *h;
    atomic_store(&p->hosts, n + 1);
    return (int)n;
}

/* Adds a contact point. Returns 0 even if it is unusable now, with the reason in *last; or
 * ERR_REFUSED. */
static int add_contact(struct cass_pool *p, const struct pool *pool, const struct target_host *at,
                       struct err *last, struct err *err)
{
    struct cass_host h = {.port = 0};
    unsigned port = at->port ? at->port : DEFAULT_PORT;
    if (resolve(&h.at, pool, at->name, port, p->target->shown, clock_ns() + RESOLVE_NS, last) < 0)
        return 0;
    name_host(&h, port);
    for (unsigned i = 0; i < h.at.n; i++) {
        struct err why = {0};
        const struct sockaddr *addr = (const struct sockaddr *)&h.at.address[i].addr;
        /* Keep one that waits for consent: it is checked again at each connect. */
        if (pool_connect_allowed(pool, h.at.host, addr, &why) == ERR_REFUSED)
            return err_set(err, ERR_REFUSED, "%s", why.msg);
    }
    add_host(p, &h);
    return 0;
}

int cass_contacts(struct cass_pool *p, const struct pool *pool, struct err *err)
{
    const struct target *t = p->target;
    struct err last = {0};
    for (unsigned i = 0; i < t->hosts; i++)
        if (add_contact(p, pool, &t->host[i], &last, err) < 0)
            return ERR_REFUSED;
    if (atomic_load(&p->hosts))
        return 0;
    return err_set(err, ERR_UNREACHED, "%s", last.code ? last.msg : "no host in the URL");
}

/* ---- Discovery ---- */

struct discovery {
    struct cass_pool *p;
    struct pool *pool;
    const char *dc; /* wanted, or "" */
    /* use the found nodes; else only check them, because load on the cluster reaches them too */
    bool use;
    unsigned port; /* port of peers that do not report one */
    int self;      /* index in p->host of the node that is queried */
    struct cass_token *token;
    unsigned tokens, room;
    bool no_memory, long_dc;
    bool present[CASS_HOSTS_MAX];
};

/* Copies a value, truncated if necessary: for display only. */
static void copy_value(char *buf, size_t size, struct cql_str v)
{
    size_t n = v.len < size - 1 ? v.len : size - 1;
    if (n)
        memcpy(buf, v.s, n);
    buf[n] = '\0';
}

/* Copies a name that is compared; false if it does not fit. */
static bool take_name(char *buf, size_t size, struct cql_str v)
{
    copy_value(buf, size, v);
    return strlen(buf) == v.len;
}

/* tokens: set<text>. */
static void add_tokens(struct discovery *d, int place, struct cql_str set)
{
    struct cql_in in = {.p = (const uint8_t *)set.s, .end = (const uint8_t *)set.s + set.len};
    int32_t n = set.s ? cql_get_i32(&in) : 0;
    for (int32_t i = 0; i < n && d->tokens < TOKENS_MAX; i++) {
        struct cql_str v;
        char text[32], *end;
        if (!cql_get_bytes(&in, &v) || in.bad)
            return;
        if (d->tokens == d->room) {
            unsigned room = d->room ? 2 * d->room : 64;
            struct cass_token *more = realloc(d->token, room * sizeof *more);
            if (!more) {
                d->no_memory = true;
                return;
            }
            d->token = more;
            d->room = room;
        }
        copy_value(text, sizeof text, v);
        int64_t token = strtoll(text, &end, 10);
        if (*end == '\0' && end != text)
            d->token[d->tokens++] =
                (struct cass_token){.token = token, .replicas = 1, .replica = {(uint16_t)place}};
    }
}

/* release_version, partitioner, data_center, tokens */
static void on_local(void *ctx, const struct cql_str *v, unsigned values)
{
    struct discovery *d = ctx;
    struct cass_pool *p = d->p;
    char partitioner[128];
    if (values < 4)
        return;
    copy_value(p->version, sizeof p->version, v[0]);
    secret_hide_values(p->version);
    copy_value(partitioner, sizeof partitioner, v[1]);
    d->long_dc = !take_name(p->host[d->self].dc, sizeof p->host[d->self].dc, v[2]);
    d->present[d->self] = true;
    if (strstr(partitioner, "Murmur3Partitioner"))
        add_tokens(d, d->self, v[3]);
}

/* A peer's address, which is also its name. False: it has none. */
static bool peer_address(struct cass_host *h, struct cql_str v, unsigned port)
{
    static const uint8_t anywhere[16];
    char text[INET6_ADDRSTRLEN];
    struct err why = {0};
    if ((v.len != 4 && v.len != 16) || memcmp(v.s, anywhere, v.len) == 0)
        return false;
    inet_ntop(v.len == 4 ? AF_INET : AF_INET6, v.s, text, sizeof text);
    return resolve(&h->at, NULL, text, port, text, 0, &why) == 0;
}

/* Reports a node that targets.conf refuses, once. */
static void tell_refused(struct cass_pool *p, struct pool *pool, const struct cass_host *h,
                         const char *why)
{
    for (unsigned i = 0; i < p->refusals; i++)
        if (strcmp(p->refused[i], h->at.host) == 0)
            return;
    if (p->refusals == CASS_REFUSED_MAX)
        return;
    copy_str(p->refused[p->refusals++], sizeof p->refused[0], h->at.host);
    pool_event(pool, "node %s is not connected to: %s", h->shown, why);
}

/* May this node be connected to? Each discovered node is recorded, used or not: load on the cluster
 * reaches all its nodes, so a remote node makes the pool remote before anything is loaded. A node
 * that waits for consent counts as permitted. */
static bool may_use(const struct discovery *d, const struct cass_host *h)
{
    struct err why = {0};
    if (find_host(d->p, h) >= 0) /* a contact point was judged by its own name */
        return true;
    const struct sockaddr *addr = (const struct sockaddr *)&addresses_current(&h->at)->addr;
    int code = pool_connect_allowed(d->pool, h->at.host, addr, &why);
    if (code == ERR_REFUSED)
        tell_refused(d->p, d->pool, h, why.msg);
    d->p->awaits_consent = d->p->awaits_consent || code == ERR_UNREACHED;
    return code != ERR_REFUSED;
}

/* peer, native or rpc address, data_center, tokens, native_port (v2 only) */
static void on_peer(void *ctx, const struct cql_str *v, unsigned values)
{
    struct discovery *d = ctx;
    struct cass_host h = {0};
    if (values < 4)
        return;
    /* A node that listens on all addresses reports 0.0.0.0: then use its peer address. */
    unsigned port = values > 4 && v[4].len == 4 ? cql_be32((const uint8_t *)v[4].s) : d->port;
    if (!peer_address(&h, v[1], port) && !peer_address(&h, v[0], port))
        return;
    name_host(&h, port);
    bool here = take_name(h.dc, sizeof h.dc, v[2]) && (!*d->dc || strcmp(d->dc, h.dc) == 0);
    if (!may_use(d, &h) || !d->use || !here)
        return;
    int place = add_host(d->p, &h);
    if (place < 0)
        return;
    d->present[place] = true;
    /* A contact point's name may resolve to several nodes: try this one only as itself. */
    for (unsigned i = 0; i < d->p->target->hosts && i < atomic_load(&d->p->hosts); i++)
        addresses_drop(&d->p->host[i].at, addresses_current(&h.at));
    add_tokens(d, place, v[3]);
}

static int token_order(const void *a, const void *b)
{
    int64_t x = ((const struct cass_token *)a)->token, y = ((const struct cass_token *)b)->token;
    return x < y ? -1 : x > y;
}

/* Is the ring the same? Not every change event changes it. */
static bool is_known(const struct cass_ring *was, const struct cass_ring *is)
{
    unsigned i = 0;
    while (was && was->tokens == is->tokens && i < is->tokens &&
           was->token[i].token == is->token[i].token &&
           memcmp(was->token[i].replica, is->token[i].replica, sizeof is->token[i].replica) == 0)
        i++;
    return was && i == is->tokens;
}

static int make_ring(struct cass_pool *p, const struct discovery *d, struct err *err)
{
    if (!d->tokens || p->rings == RINGS_MAX)
        return 0;
    struct cass_ring *r = calloc(1, sizeof *r + d->tokens * sizeof *r->token);
    if (!r)
        return err_set(err, ERR_FAILED, "%s: out of memory for %u tokens", p->target->shown,
                       d->tokens);
    r->tokens = d->tokens;
    memcpy(r->token, d->token, d->tokens * sizeof *r->token);
    qsort(r->token, r->tokens, sizeof *r->token, token_order);
    unsigned wanted = p->replication < CASS_REPLICAS_MAX ? p->replication : CASS_REPLICAS_MAX;
    for (unsigned i = 0; i < r->tokens; i++) {
        struct cass_token *t = &r->token[i];
        for (unsigned k = 1; k < r->tokens && k < STEPS_MAX && t->replicas < wanted; k++) {
            uint16_t next = r->token[(i + k) % r->tokens].replica[0];
            bool known = false;
            for (unsigned j = 0; j < t->replicas; j++)
                known = known || t->replica[j] == next;
            if (!known)
                t->replica[t->replicas++] = next;
        }
    }
    r->retired = atomic_load(&p->ring);
    if (is_known(r->retired, r)) {
        free(r);
        return 0;
    }
    atomic_store(&p->ring, r);
    if (++p->rings == RINGS_MAX)
        pool_event(d->pool,
                   "the ring changed for the %uth time: the load goes by this one from now on",
                   RINGS_MAX);
    return 0;
}

static int place_of(const struct cass_pool *p, const struct cass_session *s)
{
    for (uint32_t i = 0; i < atomic_load(&p->hosts); i++)
        if (strcmp(p->host[i].shown, s->host) == 0)
            return (int)i;
    return 0;
}

/* How many nodes each thread opens connections to. */
static unsigned nodes_used(const struct cass_pool *p)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < atomic_load(&p->hosts); i++)
        n += !atomic_load(&p->host[i].gone);
    return n;
}

static int ask_local(struct discovery *d, struct cass_session *s, uint64_t deadline_ns,
                     struct err *err)
{
    struct cass_pool *p = d->p;
    const char *wanted = option_str(p->options, CASS_DC);
    int code = cass_session_query(
        s, "SELECT release_version, partitioner, data_center, tokens FROM system.local", on_local,
        d, deadline_ns, err);
    if (code < 0)
        return code;
    if (d->long_dc)
        return err_set(err, ERR_FAILED, "%s: the name of its data centre is longer than %d bytes",
                       p->target->shown, CASS_PLACE_MAX - 1);
    if (wanted[0])
        copy_str(p->dc, sizeof p->dc, wanted);
    else if (!p->dc[0])
        copy_str(p->dc, sizeof p->dc, p->host[d->self].dc);
    d->dc = p->dc;
    return 0;
}

static int ask_peers(struct discovery *d, struct cass_session *s, uint64_t deadline_ns,
                     struct err *err)
{
    static const char v2[] =
        "SELECT peer, native_address, data_center, tokens, native_port FROM system.peers_v2";
    static const char v1[] = "SELECT peer, rpc_address, data_center, tokens FROM system.peers";
    int code = cass_session_query(s, v2, on_peer, d, deadline_ns, err);
    if (code < 0 && s->error_code == CQL_E_INVALID) /* before Cassandra 4 */
        code = cass_session_query(s, v1, on_peer, d, deadline_ns, err);
    return code;
}

int cass_discover(struct cass_pool *p, struct pool *pool, struct cass_session *s,
                  uint64_t deadline_ns, struct err *err)
{
    struct discovery d = {.p = p,
                          .pool = pool,
                          .self = place_of(p, s),
                          .use = option_bool(p->options, CASS_DISCOVER)};

    p->awaits_consent = false;
    d.port = p->host[d.self].port;
    int code = ask_local(&d, s, deadline_ns, err);
    if (code == 0)
        code = ask_peers(&d, s, deadline_ns, err);
    if (code == 0 && d.no_memory)
        code = err_set(err, ERR_FAILED, "%s: out of memory", p->target->shown);
    if (code == 0)
        code = make_ring(p, &d, err);
    for (uint32_t i = 0; code == 0 && d.use && i < atomic_load(&p->hosts); i++)
        if (!d.present[i] && i >= p->target->hosts)
            atomic_store(&p->host[i].gone, true);
    free(d.token);
    pool_nodes(pool, nodes_used(p));
    return code;
}

void cass_ring_free(struct cass_pool *p)
{
    struct cass_ring *r = atomic_exchange(&p->ring, NULL);
    p->rings = 0;
    while (r) {
        struct cass_ring *older = r->retired;
        free(r);
        r = older;
    }
}

const struct cass_token *cass_replicas(const struct cass_ring *r, int64_t token)
{
    if (!r)
        return NULL;
    /* The first token that is not smaller owns it; after the last one, the first. */
    unsigned low = 0, high = r->tokens;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        if (r->token[mid].token < token)
            low = mid + 1;
        else
            high = mid;
    }
    return &r->token[low < r->tokens ? low : 0];
}
