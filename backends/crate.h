/* What the files of the crate backend share; private to backends/crate*.c.
 *
 *   crate.c          the tables: options, operations, the backend itself; check()
 *   crate_site.c     the blocking side's HTTP: one request after another, hosts in turn
 *   crate_setup.c    a pool's start: hosts, balancer check, a person's statements
 *   crate_table.c    its table: made or checked, shards, keys that are in it
 *   crate_pool.c     a pool's figures and its end
 *   crate_clean.c    what a run left in tables: looked at and removed, by clean and by drop=yes
 *   crate_guard.c    what the target can bear: room on its disks, signs that it suffers
 *   crate_worker.c   a worker: libcurl's multi interface on the worker's loop, requests' bodies
 *   crate_conn.c     a connection: one easy handle on one TCP connection
 *   crate_request.c  one request on it, and its outcome
 *
 * Pure parts: crate_record.c crate_stmt.c crate_sql.c crate_reply.c crate_error.c crate_nodes.c */
#ifndef LOADTOP_BACKENDS_CRATE_H
#define LOADTOP_BACKENDS_CRATE_H

#include "backends/crate_nodes.h"
#include "backends/crate_record.h"
#include "backends/crate_reply.h"
#include "backends/crate_sql.h"
#include "backends/crate_stmt.h"
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
    OPT_TLS_VERIFY,
    OPT_CA,
    OPT_STMT,
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

#define CRATE_ADDRESSES_MAX 8
#define CRATE_SAMPLE_MAX 1000 /* keys of an existing table that {key} draws from */

struct crate_host {
    char name[256];
    char root[300], sql[304];                   /* http://name:port/ and .../_sql */
    char shown[288];                            /* name:port */
    struct curl_slist *to[CRATE_ADDRESSES_MAX]; /* CURLOPT_CONNECT_TO for each of its addresses */
    _Atomic unsigned addresses;                 /* written once */
    _Atomic bool alive; /* answered at the start, or has had a connection since */
    _Atomic bool known; /* it said which cluster it is of, and that may be loaded */
};

/* What is fixed by target and options, for the pool's thread and for clean(). */
struct crate_site {
    const struct pool *pool; /* NULL: clean() */
    struct crate_host host[TARGET_HOSTS_MAX];
    unsigned hosts, at; /* at: the host that answered last */
    bool ending;        /* the pool's last requests: they are wanted although it stops */
    struct curl_slist *headers;
    CURL *easy;
    struct text reply;
    long status; /* of the last answer; 0: none */
    int code;    /* CrateDB's code of the last error, or 0 */
    char why[CURL_ERROR_SIZE];
    struct err refused; /* by targets.conf */
    /* Who they say that they are: fixed by the first host that answers, for all are to be of one
     * cluster. */
    bool greeted;
    char *cluster; /* NULL: it does not say */
    char version[32];
};

/* What information_schema says of a table. */
struct crate_made {
    bool exists;
    bool ours;   /* some run of loadtop made it: it may be loaded */
    bool marked; /* the run that was asked about made it: it may be dropped */
    char replicas[24];
};

/* Signs that the target suffers; only what is new since the pool began
 * counts. The pool's thread. */
struct crate_strain {
    bool known;
    double rejected;          /* by thread pools of all nodes, at the last look */
    double copies;            /* most copies of shards that were seen started */
    unsigned missing_seconds; /* for so many looks on end there were fewer */
};

struct crate_node {
    char name[CRATE_NODE_NAME_MAX];
    _Atomic uint64_t requests, rows; /* answered */
    _Atomic int64_t connections;     /* open now */
    uint64_t requests_seen;          /* pool's thread: at the last look */
    double per_s;
};

/* Counts of the whole pool. Workers add, the pool's thread reads. */
struct crate_counts {
    _Atomic uint64_t requests;
    _Atomic uint64_t acknowledged; /* rows that the server said it stored */
    _Atomic uint64_t failed;       /* rows that failed inside an HTTP 200 */
    _Atomic uint64_t refused;      /* rows of requests refused whole: nothing stored */
    _Atomic uint64_t skipped;      /* rows skipped by ON CONFLICT DO NOTHING */
    _Atomic uint64_t unknown;      /* rows of requests without a whole answer */
    _Atomic uint64_t missed;       /* select, update, delete that found no row */
    _Atomic uint64_t deleted_rows;
    /* Whole answers that said how long the server worked on them: that, and how long they took
     * here. */
    _Atomic uint64_t worked_ns, took_ns;
};

struct crate_pool {
    bool open;
    pthread_mutex_t mutex; /* of nodes: adding one */
    struct crate_site site;
    struct crate_table table;
    struct crate_records records;
    uint64_t record_bytes; /* of one record, in a request */
    _Atomic uint64_t
        row_takes; /* on the nodes' disks, at least, with all copies; 0: not known yet */
    struct text insert_head;
    struct crate_stmt select, update, remove, aggregate[CRATE_AGGREGATES];
    struct crate_stmt *stmt; /* [stmts], a person's own */
    unsigned stmts;
    char *sample; /* CRATE_KEY_JSON_MAX bytes each: the keys of an existing table */
    unsigned samples;
    struct crate_made made;
    bool created, existed;    /* the table: made by this pool; there before */
    bool drop_tried, dropped; /* at the end, because of drop=yes */
    struct crate_strain strain;

    _Atomic uint64_t confirmed; /* records up to this number were (mostly) stored */
    _Atomic uint64_t oldest;    /* records below this number were deleted */
    struct crate_counts counts;
    struct crate_node node[CRATE_NODES_MAX];
    _Atomic unsigned nodes;

    /* pool's thread only */
    struct crate_spread spread; /* of the fresh connections */
    struct crate_verdict_spread spread_verdict;
    unsigned spread_known; /* nodes that the cluster has; 0: unknown */
    uint64_t spread_done;  /* the value of `balance` that was last acted on */
    uint64_t seen_ns, requests_seen;
    double per_s; /* requests answered; `rated`: it is known */
    bool rated;
    int64_t rows_in_table;
    double heap_share;
    uint64_t worked_seen, took_seen;
    double answer_share; /* of an answer's time, what the server says it worked; NaN: unknown */
};

/* Memory of a request's body: belongs to a struct op, and is kept over the op's reuse. */
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
    CURLSH *share; /* holds this one connection: closing it closes the socket */
    struct watch watch;
    uint32_t want; /* events that libcurl asked for; 0: none */
    enum crate_phase phase;
    bool added;       /* the easy handle is in the multi handle */
    bool may_connect; /* libcurl may open a socket: only while probing */
    bool last;        /* the server said that it closes after this answer */
    int node;         /* index into the pool's, or -1 */
    struct op *op;
    uint32_t n;
    uint16_t type;
    uint64_t key;
    struct crate_reply reply;
    unsigned plain_len;
    char plain[160]; /* how the body begins: plain-text errors */
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
static inline const struct crate_host *crate_host_of(const struct crate_conn *c)
{
    return &crate_worker_of(c)->pool->site.host[c->conn->group];
}

/* ---- crate_site.c: blocking, each call bounded by its timeout ---- */

/* Fills in hosts, headers and TLS. pool may be NULL; sender: who we are, for the User-Agent.
 * ERR_USAGE, ERR_FAILED. */
int crate_site_open(struct crate_site *, const struct pool *, const struct target *,
                    const struct options *, const char *sender, struct err *);
void crate_site_close(struct crate_site *); /* takes a zeroed one */
/* Headers of every request, with authentication; NULL: out of memory. The caller's to free. */
struct curl_slist *crate_headers(const struct target *, const struct options *, bool gzip);
void crate_tls_options(CURL *, const struct options *);
/* What holds for every request: who we are, and that the environment and the server lead it nowhere
 * else (proxies, .netrc, redirects). */
void crate_plain_options(CURL *, const char *sender);
/* GET / of a host; `fresh`: on a connection of its own. 0 (status and reply are set) or
 * ERR_UNREACHED. */
int crate_site_get(struct crate_site *, unsigned host, bool fresh, long timeout_ms, struct err *);
/* GET / of a host, and who it says that it is. ERR_UNREACHED; ERR_FAILED also when it
 * is of another cluster than the hosts before. Whether it may be used is then the
 * caller's to say (host.known). */
int crate_site_greet(struct crate_site *, unsigned host, struct err *);
/* Is this (NULL: it does not say) the cluster that the first host named? Any
 * thread, once greeted. */
bool crate_same_cluster(const struct crate_site *, const char *cluster);
/* Runs a statement on the first known host that answers. args: stolen, may be NULL. *reply (may be
 * NULL): the caller's. ERR_UNREACHED: no host answered; ERR_FAILED: with CrateDB's message;
 * site->code is set. */
int crate_site_sql(struct crate_site *, const char *sql, struct json_t *args, struct json_t **reply,
                   long timeout_ms, struct err *);
/* rows[row][col] of a reply as a number, or `otherwise`. */
double crate_cell(const struct json_t *reply, unsigned row, unsigned col, double otherwise);
const char *crate_cell_text(const struct json_t *reply, unsigned row, unsigned col);
/* Sum of a cell that is a list of numbers. */
double crate_cell_sum(const struct json_t *reply, unsigned row, unsigned col);

/* ---- crate_setup.c: the pool's thread ---- */

int crate_pool_open(struct pool *, struct err *);
/* Asks a host for its name, after looking up its addresses. 0 if it can be used. */
int crate_greet(struct pool *, struct crate_pool *, unsigned host, struct err *);
void crate_pool_reset(struct crate_pool *); /* frees; idempotent */
/* The statements of `stmt` or `stmt-file`; *n is 0 when neither is given. ERR_USAGE. Free with the
 * other. */
int crate_own_statements(const struct options *, struct crate_stmt **, unsigned *n, struct err *);
void crate_own_statements_free(struct crate_stmt **, unsigned *n);
/* Opens fresh connections and sees where they land. */
void crate_balance(struct pool *, struct crate_pool *);

/* ---- crate_table.c: the pool's thread ---- */

/* Is there such a table, and who made it? run: the id of the run that is
 * asked about. 0 or ERR_*. */
int crate_table_look(struct crate_site *, const struct crate_table *, const char *run,
                     struct crate_made *, struct err *);
/* Makes the table or checks it. ERR_REFUSED: it is not ours to write to. */
int crate_ensure_table(struct pool *, struct crate_pool *, struct err *);
/* Waits until every primary shard has started: before, inserts would fail with 4041 or 5002. */
int crate_wait_for_shards(struct pool *, struct crate_pool *, struct err *);
/* Keys that are in the table already, for reading by a pool that has inserted none. Only of tables
 * with a text key named id; without any, {key} finds nothing until rows are inserted. */
void crate_sample_keys(struct crate_pool *);

/* ---- crate_pool.c: the pool's thread ---- */

void crate_pool_stats(struct pool *, struct stats *);
void crate_pool_close(struct pool *);
/* How the server is before the load: what suffers later is told against it. */
void crate_first_look(struct pool *, struct crate_pool *);

/* ---- crate_clean.c: blocking ---- */

int crate_clean(struct clean *, struct err *);
/* Drops the table if this run made it, as the server says now, and no record of others is in it.
 * *dropped: by this call; without and without an error it was not there. ERR_REFUSED: it is not
 * this run's, or not it alone. */
int crate_drop_own(struct crate_site *, const struct crate_table *, const char *run,
                   long timeout_ms, bool *dropped, struct err *);

/* ---- crate_guard.c ---- */

/* What is to come against what the nodes' disks have free. Before anything is written. 0, or
 * ERR_REFUSED. The pool's thread. */
int crate_room(struct pool *, struct crate_pool *, const char *replicas, struct err *);
/* The bytes of one record in a request. */
uint64_t crate_record_bytes(const struct crate_records *);
/* As pool_open judges room, for other settings. */
double crate_to_come(const struct pool *, const struct options *, const double *weight);
/* A look at what suffers: tasks that thread pools rejected, copies of shards that are started; NaN:
 * not known. The pool's thread. */
void crate_strain_look(struct pool *, struct crate_pool *, double rejected, double copies);
/* What an error tells of the target: code of CrateDB's or 0, HTTP status. Any thread. */
void crate_strain_error(struct pool *, int code, long status, const char *msg, size_t len);

/* ---- crate_worker.c ---- */

int crate_worker_open(struct worker *, struct err *);
void crate_worker_close(struct worker *);
void crate_fill(struct worker *, struct op *);
uint64_t crate_data_bytes(const struct worker *, const struct op *);
uint32_t crate_route(struct worker *, const struct op *);
/* Lets libcurl do what is due, and ends what it finished. */
void crate_worker_run(struct crate_worker *, curl_socket_t, int events);

/* ---- crate_request.c ---- */

enum submit crate_submit(struct conn *, struct op *);
void crate_flush(struct conn *);
/* Ends the connection's request by what libcurl says: op_done and the like, or conn_down. */
void crate_request_done(struct crate_conn *, CURLcode);
/* "refused", "timeout", "tls", "bad reply", "closed", "connect". */
const char *crate_network_class(CURLcode, long os_errno);

/* ---- crate_conn.c ---- */

int crate_open(struct conn *, struct err *);
void crate_close(struct conn *);
/* libcurl is done with the connection's request. */
void crate_conn_done(struct crate_conn *, CURLcode);
/* The place of a node in the pool's table, added if it is new; -1: no room. Any thread. */
int crate_node_find(struct crate_pool *, const char *name);

#endif
