/* Data of a pool, a worker and a connection, shared by the files of the crate backend.
 *
 *   crate.c     the tables: options, operations, the backend itself; check()
 *   site.c      blocking HTTP requests other than load, trying hosts in turn
 *   setup.c     a pool's start: hosts, balancer check, the user's statements
 *   table.c     its table: creation, checks, shards, existing keys
 *   inspect.c   state of the server and of the table
 *   pool.c      a pool's figures and its end
 *   scheme.c    the wrong scheme, and redirects
 *   clean.c     a run's leftovers in tables, for clean and drop=yes
 *   guard.c     free room on the target's disks, and signs of overload
 *   worker.c    a worker: libcurl's multi interface on the worker's loop, requests' bodies
 *   conn.c      a connection: one easy handle on one TCP connection
 *   request.c   one request on it, and its outcome
 *
 * The pure parts are in ../crate_sql. */
#ifndef LOADTOP_BACKENDS_CRATE_TYPES_H
#define LOADTOP_BACKENDS_CRATE_TYPES_H

#include "backends/common/resolve.h"
#include "backends/common/tls_option.h"
#include "backends/crate_sql/nodes.h"
#include "backends/crate_sql/record.h"
#include "backends/crate_sql/reply.h"
#include "backends/crate_sql/sql.h"
#include "backends/crate_sql/stmt.h"
#include "engine/backend.h"
#include "engine/base/text.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <zlib.h>

enum crate_option {
    OPT_ROWS,
    OPT_OBJECTS,
    OPT_CREATE,
    OPT_DROP,
    OPT_SHARDS,
    OPT_REPLICAS,
    OPT_REFRESH,
    OPT_PARTITION,
    OPT_CONFLICT,
    OPT_DUPLICATES,
    OPT_TIMES,
    OPT_SCHEMA,
    OPT_GZIP,
    OPT_TOKEN,
    OPT_TLS, /* as in enum tls_option */
    OPT_STMT = OPT_TLS + TLS_OPTIONS,
    OPT_STMT_FILE,
    OPT_BALANCE
};
enum { CONFLICT_ERROR, CONFLICT_NOTHING };
enum { TIMES_NOW, TIMES_SEED };

enum crate_op {
    CRATE_INSERT,
    CRATE_SELECT,
    CRATE_AGGREGATE,
    CRATE_UPDATE,
    CRATE_DELETE,
    CRATE_STMT
};

#define CRATE_SAMPLE_MAX 1000 /* most keys read from an existing table for {key} */

struct crate_host {
    struct target_host from;              /* from the URL, with its port */
    char root[300], sql[304];             /* http://name:port/ and .../_sql */
    char shown[PLACE_TEXT_MAX];           /* name:port */
    struct addresses at;                  /* also used by workers, once `resolved` */
    struct curl_slist *to[ADDRESSES_MAX]; /* CURLOPT_CONNECT_TO for each of them */
    _Atomic bool resolved;
    _Atomic bool alive; /* answered at the start, or was connected since */
    _Atomic bool known; /* its cluster is known and may be loaded */
};

/* Settings from target and options, for the pool's thread and for clean(). */
struct crate_site {
    const struct pool *pool; /* NULL: clean() */
    struct crate_host host[TARGET_HOSTS_MAX];
    unsigned hosts, at; /* at: index of the host that answered last */
    bool ending;        /* for the pool's last requests: continue although pool_stopping */
    struct curl_slist *headers;
    CURL *easy;
    struct text reply;
    long status; /* HTTP status of the last answer; 0: none */
    int code;    /* CrateDB's code of the last error, or 0 */
    char why[CURL_ERROR_SIZE];
    struct err refused; /* refusal by targets.conf */
    /* The cluster of the first host that answers; all hosts must belong to it. */
    bool identified;
    char *cluster; /* NULL: it does not say */
    char version[32];
};

/* State of a table from information_schema. */
struct crate_made {
    bool exists;
    bool ours;   /* created by some run of loadtop: it may be loaded */
    bool marked; /* created by the run in question: it may be dropped */
    char replicas[24];
};

/* Signs of overload of the target, compared with the start of the pool. The pool's thread. */
struct crate_strain {
    bool known;
    /* tasks that the thread pools of all nodes have rejected, as of the last second */
    double rejected;
    double copies;            /* the largest number of started shard copies seen so far */
    unsigned missing_seconds; /* consecutive seconds with fewer copies than that */
};

struct crate_node {
    char name[CRATE_NODE_NAME_MAX];
    _Atomic uint64_t requests, rows; /* answered */
    _Atomic int64_t connections;     /* open now */
    /* requests counted up to the last second; the pool's thread only */
    uint64_t requests_seen;
    double per_s;
};

/* Counts of the whole pool. Workers add, the pool's thread reads. */
struct crate_counts {
    _Atomic uint64_t requests;
    _Atomic uint64_t acknowledged; /* rows that the server acknowledged */
    _Atomic uint64_t failed;       /* rows that failed inside an HTTP 200 */
    _Atomic uint64_t refused;      /* rows of entirely refused requests */
    _Atomic uint64_t skipped;      /* rows skipped by ON CONFLICT DO NOTHING */
    _Atomic uint64_t unknown;      /* rows of requests without a complete answer */
    _Atomic uint64_t missed;       /* selects, updates and deletes that found no row */
    _Atomic uint64_t deleted_rows;
    /* Sums over complete answers that report the server's processing time: that time, and the
     * response time. */
    _Atomic uint64_t worked_ns, took_ns;
};

struct crate_pool {
    bool open;
    pthread_mutex_t mutex; /* of nodes: adding one */
    struct crate_site site;
    struct crate_table table;
    struct crate_records records;
    uint64_t record_bytes; /* bytes of one record in a request */
    /* minimum bytes of a row on the nodes' disks with all copies; 0: not known yet */
    _Atomic uint64_t row_takes;
    struct text insert_head;
    struct crate_stmt select, update, remove, aggregate[CRATE_AGGREGATES];
    struct crate_stmt *stmt; /* [stmts], the user's */
    unsigned stmts;
    char *sample; /* CRATE_KEY_JSON_MAX bytes each: the keys of an existing table */
    unsigned samples;
    struct crate_made made;
    bool created, existed;    /* the table was created by this pool; existed before */
    bool drop_tried, dropped; /* whether dropping the table (drop=yes) was tried, and succeeded */
    struct crate_strain strain;

    _Atomic uint64_t confirmed; /* records up to this number were (mostly) stored */
    _Atomic uint64_t oldest;    /* records below this number were deleted */
    struct crate_counts counts;
    struct crate_node node[CRATE_NODES_MAX];
    _Atomic unsigned nodes;

    /* pool's thread only */
    struct crate_spread spread; /* nodes reached by the fresh connections */
    struct crate_verdict_spread spread_verdict;
    unsigned spread_known; /* nodes that the cluster has; 0: unknown */
    uint64_t spread_done;  /* value of the option `balance` for which the check was last done */
    uint64_t seen_ns, requests_seen;
    double per_s; /* answered requests per second, valid if `rated` */
    bool rated;
    int64_t rows_in_table;
    double heap_share;
    uint64_t worked_seen, took_seen;
    /* share of the response time that the server reports as processing; NaN: unknown */
    double answer_share;
};

/* Buffer of a request's body: belongs to a struct op, and is kept when the op is reused. */
struct crate_body {
    struct crate_body *next; /* all of the worker's */
    size_t len, room;
    char *bytes;
};
struct crate_request { /* op_data */
    struct crate_body *body;
};

struct crate_worker {
    struct worker *worker;
    struct crate_pool *pool;
    CURLM *multi;
    struct alarm timer;
    struct curl_slist *headers;
    struct crate_body *bodies;
    struct crate_body raw; /* before compression */
    z_stream z;
    bool gzip;
    uint32_t up[TARGET_HOSTS_MAX], turn;
};

enum crate_phase { PHASE_CLOSED, PHASE_PROBING, PHASE_IDLE, PHASE_SUBMITTED, PHASE_SENT };

struct crate_conn {
    struct conn *conn;
    CURL *easy;
    CURLSH *share; /* owns this one connection's socket: freeing it closes the socket */
    struct watch watch;
    uint32_t want; /* events that libcurl asked for; 0: none */
    enum crate_phase phase;
    unsigned at;      /* index of the address of its host that it uses */
    bool added;       /* the easy handle is in the multi handle */
    bool may_connect; /* libcurl may open a socket: only while probing */
    bool last;        /* the server will close the connection after this answer */
    int node;         /* index into the pool's, or -1 */
    struct op *op;
    uint32_t n;
    uint16_t type;
    uint64_t key;
    struct crate_reply reply;
    unsigned plain_len;
    char plain[160]; /* start of the body, for plain-text errors */
    struct text probe;
    struct err refused;
    char why[CURL_ERROR_SIZE];
};

static inline void crate_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
static inline struct crate_worker *crate_worker_of(const struct crate_conn *c)
{
    return worker_data(c->conn->worker);
}
static inline struct crate_host *crate_host_of(const struct crate_conn *c)
{
    return &crate_worker_of(c)->pool->site.host[c->conn->group];
}

#endif
