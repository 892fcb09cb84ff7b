/* The Cassandra backend's own structures; private to backends/cassandra*.c.
 *
 *   cassandra.c          descriptor, options; for an operation: its key, route and request
 *   cassandra_conn.c     a connection under load: handshake, answers, unprepared, back-off
 *   cassandra_pool.c     opening a target, its figures, what is left behind
 *   cassandra_clean.c    removing what a saved run left behind
 *   cassandra_ring.c     the nodes: discovery, tokens and replicas, names to addresses
 *   cassandra_schema.c   keyspace, tables, and the statements that fit their columns
 *   cassandra_stmt.c     the values that are bound to statements
 *   cassandra_own.c      a person's own statements
 *   cassandra_session.c  a blocking connection with deadlines, for all that is not load
 *   cassandra_link.c     a socket, with TLS or without
 *
 * The pool's data is written by the pool's thread before the first worker starts, and afterwards
 * only where atomics say so: hosts are only ever appended, and the ring is replaced whole. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_H
#define LOADTOP_BACKENDS_CASSANDRA_H

#include "backends/cql.h"
#include "engine/backend.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum cass_option {
    CASS_CREATE,
    CASS_KEYS,
    CASS_DIST,
    CASS_SIZE,
    CASS_COLUMNS,
    CASS_TYPE,
    CASS_CONSISTENCY,
    CASS_ROWS,
    CASS_BATCH,
    CASS_REPLICATION,
    CASS_COMPACTION,
    CASS_COMPRESSION,
    CASS_STREAMS,
    CASS_ROUTE,
    CASS_DISCOVER,
    CASS_DC,
    CASS_STMT,
    CASS_STMT_FILE,
    CASS_PAGE,
    CASS_TLS_CA,
    CASS_TLS_CERT,
    CASS_TLS_KEY,
    CASS_TLS_VERIFY,
    CASS_OPTIONS
};
enum cass_op_type {
    CASS_OP_INSERT,
    CASS_OP_SELECT,
    CASS_OP_UPDATE,
    CASS_OP_DELETE,
    CASS_OP_BATCH,
    CASS_OP_STMT,
    CASS_OPS
};
#define CASS_OWN_MAX 8 /* statements of a person's own */
enum cass_statement {
    ST_INSERT,
    ST_SELECT,
    ST_UPDATE,
    ST_DELETE,
    ST_COUNTER,
    ST_STMT, /* the first of a person's own */
    STATEMENTS = ST_STMT + CASS_OWN_MAX
};

#define CASS_PARAMS_MAX 64
#define CASS_KEYS_MAX 8
#define CASS_HOSTS_MAX 256
#define CASS_REPLICAS_MAX 5
#define CASS_KEY_BYTES 256 /* of a partition key that we make */
#define CASS_NAME_MAX 100
#define CASS_QUOTED_MAX (2 * CASS_NAME_MAX + 3)
#define CASS_HOST_MAX 256                  /* as a target's host: none is cut */
#define CASS_SHOWN_MAX (CASS_HOST_MAX + 8) /* with its port */
#define CASS_PLACE_MAX 256                 /* a data centre's or a cluster's name */
#define CASS_REFUSED_MAX 32                /* refused nodes that are told, each once */

/* ---- Statements ---- */

struct cass_param {
    uint16_t type; /* enum cql_type_id */
    bool key;      /* of the primary key: its value follows from the operation's key */
};
struct cass_statement_info {
    char *text; /* NULL: there is none */
    size_t len;
    unsigned params;
    struct cass_param param[CASS_PARAMS_MAX];
    unsigned keys;              /* of the partition key; 0: no route */
    uint8_t key[CASS_KEYS_MAX]; /* their places among the parameters */
    bool verify;                /* the first column of a row is parameter key[0]: it is compared */
    bool reads;                 /* a SELECT */
    const char *error_class;    /* why it cannot be prepared, or NULL */
    char why[200];
};

/* What is bound for one row: from its key, random bits, and the sizes wanted. */
struct cass_row {
    uint64_t key, rnd;
    uint32_t size;
};
/* Writes one [value]. */
void cass_put_value(struct cql_writer *, const struct cass_param *, unsigned place,
                    const struct cass_row *);
/* The value of a key column alone into at (CASS_KEY_BYTES); its length. */
size_t cass_key_value(uint8_t *at, uint16_t type, uint64_t key);
/* Bytes of a row's values: none is longer for a smaller key. */
uint64_t cass_row_bytes(const struct cass_statement_info *, uint64_t greatest_key, uint32_t size);
/* The token of a row's partition. */
int64_t cass_row_token(const struct cass_statement_info *, uint64_t key);
/* Can a key column have this type? */
bool cass_key_type(uint16_t type);

/* ---- Nodes ---- */

struct cass_host {
    char name[CASS_HOST_MAX]; /* as it was typed; of a discovered one its address */
    char shown[CASS_SHOWN_MAX];
    char dc[CASS_PLACE_MAX];
    struct sockaddr_storage addr;
    socklen_t addr_len;
    unsigned port;
    _Atomic bool down, gone;      /* as the cluster says; gone: removed from the ring */
    _Atomic uint32_t connections; /* that stand, of all workers */
    uint64_t ended;               /* requests of workers that ended; under the mutex */
    uint64_t seen;                /* requests at the last look; the pool's thread only */
    double per_s;                 /* since then; NaN: not known */
};
struct cass_token {
    int64_t token;
    uint16_t replicas, replica[CASS_REPLICAS_MAX]; /* places of hosts */
};
struct cass_ring {
    struct cass_ring *retired; /* older rings: workers may still read them */
    unsigned tokens;
    struct cass_token token[];
};

/* ---- Sockets ---- */

/* Bytes in and out of a connected socket. tls is an SSL * or NULL. */
struct cass_link {
    int fd;
    void *tls;
    bool want_out; /* TLS: a read or a handshake waits until the socket can be written */
};
/* An SSL_CTX for the target's options, or NULL and err. */
void *cass_tls_context(const struct options *, struct err *);
void cass_tls_context_free(void *);
bool cass_tls_built(void);
/* Puts TLS on a connected socket. host is verified against the certificate. */
int cass_link_secure(struct cass_link *, void *context, const char *host, bool verify,
                     struct err *);
/* 1 done, 0 not yet (want_out says for what it waits), -1 and err. */
int cass_link_handshake(struct cass_link *, struct err *);
/* As read and write: bytes, 0 at the end (read), or -1 with errno (EAGAIN: later). */
ssize_t cass_link_read(struct cass_link *, void *buf, size_t n);
ssize_t cass_link_write(struct cass_link *, const void *buf, size_t n);
bool cass_link_pending(const struct cass_link *); /* decrypted bytes that epoll does not know of */
void cass_link_close(struct cass_link *);         /* idempotent once fd is -1 */

/* What STARTUP says of us: names and values for cql_write_startup, ended by NULL. The server's list
 * of clients (system_views.clients, nodetool clientstats --client-options) shows them. */
#define CASS_STARTUP_MAX 16
void cass_startup(const char *pair[CASS_STARTUP_MAX], const char *sender, bool lz4);

/* ---- Blocking connection ---- */

struct cass_pool;
struct cass_session {
    struct cass_link link;
    struct cql_reader in;
    struct cql_writer out;
    const struct pool *pool; /* NULL: for clean */
    const char *shown;
    char host[CASS_SHOWN_MAX];
    bool lz4; /* the server can compress */
    /* of the request that is being waited for */
    bool done, changed;  /* changed: the answer said that it changed the schema */
    uint32_t error_code; /* of the last ERROR answer */
    int failed;
    struct err *err;
    int (*answer)(void *ctx, const struct cql_frame *, struct cql_body *, struct err *);
    void *ctx;
    void (*event)(void *ctx, const struct cql_event *);
    void *event_ctx;
    unsigned pages;
    struct cql_str next_page; /* owned copy */
};
/* Connects as p says (target, options, tls, sender), agrees on the protocol and authenticates. The
 * pool may be NULL. ERR_UNREACHED, ERR_REFUSED or ERR_FAILED. */
int cass_session_open(struct cass_session *, const struct cass_pool *p, const struct pool *,
                      const struct cass_host *, uint64_t deadline_ns, struct err *);
void cass_session_close(struct cass_session *); /* takes a zeroed one whose fd is -1 */
/* Sends a query and reads all pages of its answer; row (may be NULL) is called with the values of
 * each row, a null one having s == NULL. An ERROR of the server is ERR_FAILED, with its code in
 * error_code. */
typedef void (*cass_row_fn)(void *ctx, const struct cql_str *value, unsigned values);
int cass_session_query(struct cass_session *, const char *cql, cass_row_fn row, void *ctx,
                       uint64_t deadline_ns, struct err *);
/* The cluster's name, whole, into buf; ERR_REFUSED when it does not fit: then nothing can be said
 * of it. */
int cass_session_cluster(struct cass_session *, char *buf, size_t size, uint64_t deadline_ns,
                         struct err *);
/* Prepares and fills what the server says of the parameters. */
int cass_session_prepare(struct cass_session *, struct cass_statement_info *, uint64_t deadline_ns,
                         struct err *);
/* Asks for events; they come to `event` from then on, from any call. */
int cass_session_register(struct cass_session *, void (*event)(void *, const struct cql_event *),
                          void *ctx, uint64_t deadline_ns, struct err *);
/* Reads what has come by itself, without waiting. -1: the connection is lost. */
int cass_session_poll(struct cass_session *);

/* ---- Pool, worker, connection ---- */

struct cass_pool {
    const struct target *target;
    const struct options *options;
    const char *sender; /* who we are, for the server's list of clients */
    void *tls;
    char keyspace[CASS_NAME_MAX], table[CASS_NAME_MAX];
    char full[2 * CASS_NAME_MAX + 8]; /* quoted: "ks"."table" */
    char dc[CASS_PLACE_MAX];          /* only its nodes are used; "": any */
    char version[64], cluster[CASS_PLACE_MAX];
    struct cass_statement_info statement[STATEMENTS];
    unsigned own;         /* statements of a person's own */
    unsigned replication; /* replicas of a row, for the ring */
    bool made_keyspace, made_table, made_counters;
    bool refresh;
    bool awaits_yes;        /* a node elsewhere was learnt, and nobody has allowed to load it yet */
    bool no_client_options; /* the server's list of clients has none */
    char refused[CASS_REFUSED_MAX][INET6_ADDRSTRLEN]; /* nodes that are not used, and told */
    unsigned refusals;
    uint64_t seen_ns; /* when the nodes' requests were looked at last */

    struct cass_host host[CASS_HOSTS_MAX];
    _Atomic uint32_t hosts;
    _Atomic(struct cass_ring *) ring;
    unsigned rings; /* made so far */
    struct cass_session control;
    uint64_t control_retry_ns;
    bool has_control;

    pthread_mutex_t mutex; /* workers, gone */
    bool has_mutex;
    struct cass_worker *workers;
    struct cass_counts {
        uint64_t read, missed, pages, warnings, unprepared, rests;
    } gone;                          /* of workers that ended */
    _Atomic uint32_t warned, rested; /* events sent */
};

struct cass_counters {
    _Atomic uint64_t read, missed, pages, warnings, unprepared, rests;
};

/* What one worker knows of a node. */
struct cass_node {
    uint32_t up, failed;    /* connections that stand; connections that failed since one stood */
    uint64_t rest_until_ns; /* it said that it is overloaded */
    uint32_t rests;
    _Atomic uint64_t requests; /* that it was sent; written by the worker alone */
};

struct cass_worker {
    struct worker *worker;
    struct cass_worker *next; /* in the pool's list */
    uint8_t *in;              /* where all its connections read into */
    struct cass_node *node;   /* [CASS_HOSTS_MAX] */
    uint32_t turn;            /* round robin */
    struct zipf zipf;
    uint64_t keys;
    enum distribution dist;
    uint32_t size_low, size_high;
    uint32_t page; /* rows of one answer to a person's own statement; 0: all of them */
    uint16_t consistency;
    bool token_aware;
    bool no_reads; /* --read-only, and a serial consistency */
    enum cql_batch batch;
    struct cass_counters count;
};
#define CASS_IN (64u << 10)

enum cass_stage {
    CASS_CLOSED,
    CASS_CONNECTING,
    CASS_SECURING,
    CASS_STARTING,
    CASS_NAMING,
    CASS_PREPARING,
    CASS_UP
};
enum cass_prepared { PREPARED_NOT, PREPARED_ASKED, PREPARED_READY, PREPARED_FAILED };

struct cass_op {     /* op_data() */
    struct op *next; /* parked until its statement is prepared again */
};

struct cass_conn {
    struct conn *conn;
    struct watch watch;
    struct alarm alarm; /* handshake; rest; a server that is silent */
    struct cass_link link;
    struct cql_reader in;
    size_t held; /* of it beyond what was asked for (net_hold) */
    struct cql_writer out;
    struct cql_streams streams;
    enum cass_stage stage;
    bool waiting_out; /* EPOLLOUT is watched */
    bool busy;        /* SUBMIT_BUSY was said: conn_room is owed */
    unsigned preparing;
    uint64_t rest_until_ns, heard_ns;
    struct {
        uint8_t id[32], id_len;
        uint8_t state; /* enum cass_prepared */
        const char *error_class;
        char why[160];
        struct op *parked;
    } stmt[STATEMENTS];
};

int cass_open(struct conn *, struct err *);
void cass_flush(struct conn *);
void cass_close(struct conn *);
/* Asks for a statement; its ops wait. False: no room now. */
bool cass_prepare(struct cass_conn *, unsigned statement);
/* The connection takes no operations for so long. */
void cass_rest(struct cass_conn *, uint64_t ns);
/* Which statement an operation executes. */
unsigned cass_statement_of(const struct cass_worker *, const struct op *);
/* Asks for the page of a person's own statement that `state` names; the operation goes on. -1: it
 * cannot be asked for. */
int cass_next_page(struct cass_conn *, struct op *, struct cql_str state);

int cass_pool_open(struct pool *, struct err *);
void cass_pool_stats(struct pool *, struct stats *);
void cass_pool_close(struct pool *);
int cass_clean(struct clean *, struct err *);

/* Nodes: the contact points of the URL into p->host; the rest of the cluster,
 * asked of s; the ring. */
int cass_contacts(struct cass_pool *, const struct pool *, struct err *);
int cass_discover(struct cass_pool *, struct pool *, struct cass_session *, uint64_t deadline_ns,
                  struct err *);
/* Is it the node of that address, and of that port unless it is 0? */
bool cass_host_is(const struct cass_host *, const char *address, unsigned port);
void cass_ring_free(struct cass_pool *);
/* The replicas of a token, or NULL when there is no ring. */
const struct cass_token *cass_replicas(const struct cass_ring *, int64_t token);
/* Statements and columns from the schema; creates it where asked. */
int cass_schema_open(struct cass_pool *, struct pool *, struct cass_session *, uint64_t deadline_ns,
                     struct err *);
int cass_names(const struct target *, char *keyspace, char *table, struct err *);
/* Own statements of the options into p->statement[ST_STMT...], p->own of them. ERR_USAGE;
 * ERR_REFUSED: one may write, and nobody said that it is meant. */
int cass_own_statements(struct cass_pool *, const struct pool *, struct err *);
/* The first statement of s into one (replaced), without comments. Where the next one begins, or
 * NULL: there is none in s. */
struct text;
const char *cass_next_statement(const char *s, struct text *one);
/* The table's comment by which a run knows what it made: "loadtop run 1a2b3c4d", and with the
 * keyspace when the run made that, too. Is this text exactly such a mark, of this run (NULL: of
 * any)? */
#define CASS_MARK "loadtop run "
#define CASS_MARK_KEYSPACE ", and its keyspace"
bool cass_is_mark(struct cql_str comment, const char *run, bool *keyspace);
/* An identifier in double quotes, doubled inside; returns buf. A name below CASS_NAME_MAX fits
 * CASS_QUOTED_MAX. */
char *cass_quote(char *buf, size_t size, const char *name);

#endif
