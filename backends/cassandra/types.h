/* Data of a pool, a worker and a connection, shared by the files of the Cassandra backend.
 *
 *   cassandra.c  descriptor, options; for an operation: its key and route
 *   request.c    the request of an operation
 *   conn.c       a connection under load: handshake, answers, unprepared, back-off
 *   pool.c       opening a target, its figures, leftovers
 *   clean.c      removing the leftovers of a saved run
 *   ring.c       the nodes: discovery, tokens and replicas, names to addresses
 *   schema.c     keyspace, tables, and the statements that fit their columns
 *   stmt.c       the values that are bound to statements
 *   user_stmts.c the user's statements
 *   session.c    requests on a blocking link, for all that is not load
 *
 * The pool's data is written by the pool's thread before the first worker starts, and afterwards
 * only where atomics say so: hosts are only ever appended, and the ring is replaced whole. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_TYPES_H
#define LOADTOP_BACKENDS_CASSANDRA_TYPES_H

#include "backends/common/keys.h"
#include "backends/common/link.h"
#include "backends/common/resolve.h"
#include "backends/common/stream.h"
#include "backends/common/tls_option.h"
#include "backends/common/workers.h"
#include "backends/cql/body.h"
#include "backends/cql/read.h"
#include "backends/cql/stream.h"
#include "backends/cql/write.h"
#include "engine/backend.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

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
    CASS_TLS, /* as in enum tls_option */
    CASS_OPTIONS = CASS_TLS + TLS_OPTIONS
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
#define CASS_USER_STMTS_MAX 8 /* statements given by the user */
enum cass_statement {
    ST_INSERT,
    ST_SELECT,
    ST_UPDATE,
    ST_DELETE,
    ST_COUNTER,
    ST_STMT, /* the first statement of the user */
    STATEMENTS = ST_STMT + CASS_USER_STMTS_MAX
};

#define CASS_PARAMS_MAX 64
#define CASS_KEYS_MAX 8
#define CASS_HOSTS_MAX 256
#define CASS_REPLICAS_MAX 5
#define CASS_KEY_BYTES 256 /* bytes of a generated partition key */
#define CASS_NAME_MAX 100
#define CASS_QUOTED_MAX (2 * CASS_NAME_MAX + 3)
#define CASS_HOST_MAX 256                  /* as for a target's host, so that none is truncated */
#define CASS_SHOWN_MAX (CASS_HOST_MAX + 8) /* with its port */
#define CASS_TARGET_MAX sizeof((struct target *)0)->shown
#define CASS_PLACE_MAX 256  /* a data centre's or a cluster's name */
#define CASS_REFUSED_MAX 32 /* refused nodes that are reported, each once */

struct cass_param {
    uint16_t type; /* enum cql_type_id */
    bool key;      /* part of the primary key: its value is derived from the operation's key */
};
struct cass_statement_info {
    char *text; /* NULL: there is none */
    size_t len;
    unsigned params;
    struct cass_param param[CASS_PARAMS_MAX];
    unsigned keys;              /* number of columns in the partition key; 0: not routed by token */
    uint8_t key[CASS_KEYS_MAX]; /* indices of the key's columns among the parameters */
    bool verify;                /* verify that the first column of a row equals parameter key[0] */
    bool reads;                 /* a SELECT */
    const char *error_class;    /* why it cannot be prepared, or NULL */
    char why[200];
};

/* The values of one row: derived from its key, random bits, and the requested sizes. */
struct cass_row {
    uint64_t key, rnd;
    uint32_t size;
};

struct cass_host {
    char shown[CASS_SHOWN_MAX];
    char dc[CASS_PLACE_MAX];
    struct addresses at; /* host is the name as typed; for a discovered node its address */
    unsigned port;
    _Atomic bool down, gone;      /* down: as the cluster reports it; gone: removed from the ring */
    _Atomic uint32_t connections; /* established connections of all workers */
    uint64_t seen;                /* its count of requests one second ago; the pool's thread only */
    double per_s;                 /* requests per second since then; NaN: not known */
};
struct cass_token {
    int64_t token;
    uint16_t replicas, replica[CASS_REPLICAS_MAX]; /* indices of hosts */
};
struct cass_ring {
    struct cass_ring *retired; /* older rings: workers may still read them */
    unsigned tokens;
    struct cass_token token[];
};

struct cass_pool;
struct cass_session {
    struct link link;
    struct cql_reader in;
    struct cql_writer out;
    const char *shown;
    char host[CASS_SHOWN_MAX];
    /* target and node, ": " between them: for errors of the opening */
    char place[CASS_TARGET_MAX + CASS_SHOWN_MAX + 2];
    bool lz4; /* the server can compress */
    /* state of the pending request */
    bool done, changed;  /* changed: the answer said that it changed the schema */
    bool refused;        /* the answer was an ERROR */
    uint32_t error_code; /* code of the last ERROR answer */
    int failed;
    struct err *err;
    int (*answer)(void *ctx, const struct cql_frame *, struct cql_body *, struct err *);
    void *ctx;
    void (*event)(void *ctx, const struct cql_event *);
    void *event_ctx;
    unsigned pages;
    struct cql_str next_page; /* owned copy */
};

struct cass_sums { /* sums over all workers, including ended ones */
    uint64_t read, missed, pages, warnings, unprepared, rests;
    uint64_t requests[CASS_HOSTS_MAX]; /* requests sent to each node */
};

struct cass_pool {
    const struct target *target;
    const struct options *options;
    const char *sender;      /* client name, for the server's list of clients */
    struct tls_context *tls; /* cassandras://; else NULL */
    char keyspace[CASS_NAME_MAX], table[CASS_NAME_MAX];
    char full[2 * CASS_NAME_MAX + 8]; /* quoted: "ks"."table" */
    char dc[CASS_PLACE_MAX];          /* only nodes of this data centre are used; "": any */
    char version[64], cluster[CASS_PLACE_MAX];
    struct cass_statement_info statement[STATEMENTS];
    unsigned user_stmts;  /* statements given by the user */
    unsigned replication; /* replicas of a row, for the ring */
    bool made_keyspace, made_table, made_counters;
    bool refresh;
    bool awaits_consent;    /* a remote node was discovered and the user's consent is awaited */
    bool alone;             /* system.local or system.peers is refused: no other nodes, no ring */
    bool no_events;         /* REGISTER is refused */
    bool no_client_options; /* the server's list of clients has no column client_options */
    char refused[CASS_REFUSED_MAX][INET6_ADDRSTRLEN]; /* unused nodes that were reported */
    unsigned refusals;
    uint64_t seen_ns; /* when the nodes' requests were last read */

    struct cass_host host[CASS_HOSTS_MAX];
    _Atomic uint32_t hosts;
    _Atomic(struct cass_ring *) ring;
    unsigned rings; /* made so far */
    struct cass_session control;
    uint64_t control_retry_ns;
    bool has_control;

    struct workers workers;
    bool has_workers;                /* it was made */
    struct cass_sums ended;          /* sums of ended workers */
    _Atomic uint32_t warned, rested; /* events sent */
};

struct cass_counters { /* counters of one worker, written by that worker only */
    _Atomic uint64_t read, missed, pages, warnings, unprepared, rests;
};

/* One node of the cluster as one worker sees it. */
struct cass_node {
    uint32_t up, failed;       /* established connections; failed attempts since the last success */
    uint64_t backoff_until_ns; /* it reported overload: no requests until then */
    uint32_t rests;
    _Atomic uint64_t requests; /* requests sent to it by this worker, which alone writes this */
};

struct cass_worker {
    struct workers_entry entry;
    struct worker *worker;
    uint8_t *in;            /* receive buffer shared by its connections */
    struct cass_node *node; /* [CASS_HOSTS_MAX] */
    uint32_t turn;          /* round robin */
    struct keys keys;
    uint32_t size_low, size_high;
    uint32_t page; /* page size for the user's statements; 0: no paging */
    uint16_t consistency;
    bool token_aware;
    bool no_reads; /* reads are not possible: --read-only with a serial consistency */
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
    struct op *next; /* waits until its statement is prepared again */
};

struct cass_conn {
    struct conn *conn;
    struct watch watch;
    struct alarm alarm; /* timeout of the handshake; back-off; timeout of a silent server */
    struct stream socket;
    unsigned at; /* index of the address of its host that it uses */
    struct cql_reader in;
    size_t buffered; /* buffered output beyond the bound (net_hold) */
    struct cql_writer out;
    struct cql_streams streams;
    enum cass_stage stage;
    bool waiting_out; /* EPOLLOUT is watched */
    bool busy;        /* SUBMIT_BUSY was returned: conn_room must follow */
    unsigned preparing;
    uint64_t backoff_until_ns, heard_ns;
    struct {
        uint8_t id[32], id_len;
        uint8_t state; /* enum cass_prepared */
        const char *error_class;
        char why[160];
        struct op *parked;
    } stmt[STATEMENTS];
};

#endif
