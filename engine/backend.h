/* The contract between the engine and a backend: the code that speaks to one kind of target.
 *
 * A backend is one `const struct backend`, listed in backends/registry.c. The engine decides what
 * is started, when and on which connection, and keeps every count; a backend encodes, sends,
 * receives, and says how each request ended. It never counts requests, never reads a clock for a
 * latency and never retries by itself. What only it can know (hits, rows) it counts in
 * worker_data() (backends/common/workers.h adds it up) and tells in pool_stats: as a column, in the
 * note, as JSON. backends/skeleton.c is a whole one, to be copied.
 *
 * Threads. pool_* hooks run on the pool's own thread: they may block for some seconds, and check
 * pool_stopping() when they take longer. worker_open and worker_close run on the supervisor's
 * thread, before the worker's thread starts and after it has ended. All other hooks run on a
 * worker's thread and never block. Workers run concurrently and share only the pool's data, which
 * they may read (or use through atomics). A hook below that runs on another thread says so. Debug
 * and sanitized builds check it: a function for a worker's thread aborts on any other.
 *
 * The life of a pool: check; pool_open, again after a back-off while it returns ERR_UNREACHED; then
 * for each thread worker_open; then load, with pool_stats about once a second; then for each thread
 * worker_close; pool_stats with `last`; pool_close. Threads come and go while the load runs.
 *
 * The life of a connection. open() begins; conn_up() when it can carry requests (a server with too
 * many clients may accept first and refuse then: ask it something before, so that no request is
 * lost with it); conn_down() when it is lost, also while opening: the engine fails the requests in
 * flight on it as "outcome unknown", calls close() before conn_down returns (wherever it was
 * called: in open, in flush, between two answers), and opens it again after a back-off (one probe
 * for each worker and group while the group is down). An opening that takes longer than 5 s (or the
 * pool's timeout) is given up by the engine. close() starts the shutdown of a connection (on a
 * user's command, after conn_down, after a failed open()); the backend unwatches and frees what it
 * opened and then calls conn_closed(), at once or later; at the end of the run the engine waits 2 s
 * for it. open() may follow, on the same memory with its contents unchanged.
 *
 * The life of a request (`struct op`). The engine makes it; fill() chooses what it is about;
 * route() names its group; the engine leases a connection with room there and calls submit(); after
 * a burst of submits, flush() once for each connection. Each submit that returned SUBMIT_QUEUED is
 * followed by exactly one of op_done, op_fail, op_partial, op_timeout or op_again, unless the
 * connection is lost first. These may be called from inside submit and flush, and `op` is gone
 * after them. Requests of a connection may end in any order. A request that timed out stays with
 * the backend until it is answered (with BACKEND_STREAMS; otherwise its connection is closed): the
 * backend reports the answer as usual, and it is not counted again. op_again may call submit(), and
 * conn_down calls close(), before they return; the memory of a connection stays valid until the
 * current loop callback has returned.
 *
 * Groups. A group is a node with its own connections. Most backends have one, group 0. With
 * route(), each worker opens connections in every group that was routed to. A batch is split by
 * group, and each part is leased as a whole on one connection of its group. Requests that wait in a
 * group that is down are routed again: route() should then return another group if there is one.
 * Report the number of groups with pool_nodes(), and a node that left the cluster with
 * worker_leave(), so that its connections do not count as missing.
 *
 * Requests of several round trips. A request is one operation (or bulk) however many round trips it
 * takes: pages, WATCH ... EXEC, a redirection with ASKING, a sequence of commands. It is done,
 * once, at its last part; until then the backend keeps its progress in op_data(), and the engine
 * counts one start and one end. If no other request may be interleaved on its connection, fill()
 * sets op->exclusive: the request then gets an idle connection, which carries nothing else until
 * the request has ended. To continue on another connection, call op_again(), which leases one in
 * any group.
 *
 * How the protocols fit:
 *   Redis conn = socket; answers in order: the next answer is for conn->in_flight. A cluster's
 *              node is route()'s group, MOVED and ASK are op_again, a transaction is exclusive.
 *              Pub/sub messages are op_received.
 *   CrateDB    conn = one reused curl easy handle, depth 1; worker_data holds the multi handle and
 *              its alarm; a bulk insert is one op with n rows (op_type.bulk), failed rows are
 *              op_partial.
 *   Kafka      conn = one librdkafka handle (threads of its own: stats.backend_cpu_share; its own
 *              timeouts: BACKEND_TIMEOUTS), watched through its queue's descriptor; a full queue is
 *              SUBMIT_BUSY and conn_room later; consumed messages are op_received; destroying a
 *              handle blocks, so close hands it to a helper thread and conn_closed comes from a
 *              later turn.
 *   Cassandra  conn = socket, depth = streams; group = node, route = token; answers by stream id
 *              (BACKEND_STREAMS: a timed-out request does not poison its connection); pages are
 *              round trips of one request; unprepared is op_again. */
#ifndef LOADTOP_ENGINE_BACKEND_H
#define LOADTOP_ENGINE_BACKEND_H

#include "engine/base/err.h"
#include "engine/stats/generate.h"
#include "engine/os/loop.h"
#include "engine/config/option.h"
#include "engine/config/target.h"

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;
struct pool;   /* opaque to backends: pool_* below */
struct worker; /* opaque to backends: worker_* below */
struct group;
struct conn;
struct json_t;
struct clean;

enum submit {
    /* Accepted: the request's end will be reported, or was already reported inside submit. Also to
     * be returned if submit called conn_down, which has ended this request along with the
     * others. */
    SUBMIT_QUEUED,
    /* Not accepted, this connection has no room now: the request goes to another one or waits, and
     * is not counted as offered yet. The connection gets no further requests until conn_room, which
     * must be called after submit has returned; a reopened connection starts with room. */
    SUBMIT_BUSY,
    /* Refused permanently: counted as offered and as an error. Call op_error with op->n before
     * returning it, and report no end. */
    SUBMIT_FAILED
};

/* One request, as its backend sees it: valid from fill() to the call that ends it, which may be
 * inside submit() or flush(). The engine's private part is in engine/load/worker_state.h. */
struct op {
    /* ---- the engine's fields: read only ---- */
    uint64_t rnd;     /* 64 random bits for this request, derived from the pool's seed */
    uint64_t sent_ns; /* when it was handed to the network, on loop_now()'s clock; 0: not yet */
    uint32_t n;       /* operations that it carries: 1, or the rows of a bulk */
    uint16_t type;    /* index into the pool's table of operations */
    /* ---- set by fill(), kept until the end; 0 where it does not set them ---- */
    bool exclusive; /* it needs a connection for itself, see "Requests of several round trips" */
    /* bytes that it holds in this process until its end, for pattern unthrottled, such as the value
     * of a set; a read may leave 0. Without data_bytes() also what --max-bytes counts */
    uint32_t size;
    uint64_t key; /* number of the key, or of the first key of a bulk */
    uint64_t aux; /* free for the backend; op_data() gives op_size bytes more */
};

/* An operation that a mix can name. */
struct op_type {
    const char *name, *help; /* "get" */
    double weight;           /* weight in the default mix; 0: used only if a mix names it */
    /* name of the option that says how many operations a request carries, or NULL */
    const char *bulk;
    bool receives;    /* arrives unrequested (consume, pub/sub): op_received, never submit */
    bool reads;       /* it only reads: allowed under --read-only */
    const char *noun; /* the unit in tables: "op", "row", "msg" */
};                    /* a table ends with a NULL name */

enum backend_flags {
    BACKEND_TIMEOUTS = 1, /* keeps its own timeouts, and calls op_timeout: the engine sets none */
    BACKEND_STREAMS = 2,  /* an answer names its request: a timeout does not end the connection */
    BACKEND_VIRTUAL = 4,  /* can run on virtual time: uses alarms only */
    BACKEND_POOL_OPS = 8  /* each pool has its own table of operations: see pool_set_ops */
};

#define CONN_DEPTH_UNBOUNDED UINT32_MAX

/* A backend-specific column of the sweep table, next to throughput, with a value for each
 * plateau: the consumers' wait share, the lag, failed rows. The same names in the same order in
 * every call. */
enum column_kind {
    COLUMN_SHARE,
    COLUMN_HITS, /* hit ratio of reads: a low one gives a caution */
    COLUMN_COUNT,
    COLUMN_PER_S,
    COLUMN_BYTES
};
enum column_over {
    COLUMN_MEAN, /* mean over the plateau's seconds */
    COLUMN_LAST, /* value at its end */
    COLUMN_ADDED /* a counter: how much it rose over the plateau */
};
struct stat_column {
    const char *name; /* "wait share"; of static storage */
    enum column_kind kind;
    enum column_over over;
    double value; /* now; NaN: unknown */
};
#define STAT_COLUMNS_MAX 12

/* Parts of the target that the load needs: nodes, brokers, hosts, partitions with a leader. While
 * fewer are up than are wanted the engine treats them like connections that are missing: an event,
 * the state's reason, and neither the plateau nor the run is valid. Report what was proved (a node
 * is up once a connection to it stood), and nothing that is expected to pass within a second: the
 * engine takes a difference as it is. */
struct stat_part {
    const char *noun; /* plural, of static storage: "nodes" */
    uint32_t up, wanted;
    char why[160]; /* why one is missing: "10.0.0.3:9042: connection refused"; "": not known */
};
#define STAT_PARTS_MAX 2

/* Which component limits the throughput; names as on the screen and in the JSON. */
enum bottleneck {
    BOTTLENECK_NONE,
    BOTTLENECK_SERVER,
    BOTTLENECK_CLIENT,
    BOTTLENECK_NETWORK,
    BOTTLENECK_RATE
};

/* Server figures that only a backend knows, filled about once a second by pool_stats on the pool's
 * thread. */
struct stats {
    char version[64];  /* "Redis 7.0.15" */
    char address[128]; /* the address connected to: "127.0.0.1:6379" */
    char note[160]; /* one line for the overview: "cpu 88 %, 41 other clients, hit ratio 99.2 %" */
    double server_cpu_share; /* CPU of the server, as a share of one core; NaN: unknown */
    double server_cores;     /* CPUs that it may use; NaN: unknown */
    /* share of the last second's service time that the server reports as its own processing; NaN:
     * not reported */
    double answer_share;
    /* CPU share (0..1) of the busiest thread of a backend that has its own threads, since the last
     * call; it limits the generator like a worker's CPU. NaN: no such threads */
    double backend_cpu_share;
    /* connections of other clients, without ours, which the backend counts itself; -1: unknown */
    int64_t other_clients;
    int64_t data_items;                          /* keys, rows, ...; -1: unknown */
    struct stat_column column[STAT_COLUMNS_MAX]; /* [columns] */
    unsigned columns;
    struct stat_part part[STAT_PARTS_MAX]; /* [parts] */
    unsigned parts;
    int64_t data_bytes;  /* bytes of data_items on the server, as it reports; -1: unknown */
    double free_bytes;   /* free room on the server, as it reports; NaN: unknown */
    const char *free_of; /* "memory", "disk"; of static storage */
    int64_t rtt_ns;      /* round-trip time to the server, see net_round_trip_ns; -1: unknown */
    char verdict[24];    /* a word shown beside the columns: "keeps up"; "": none */
    /* there is no verdict on the present load yet: a sweep step that holds until steady waits for
     * it, up to the longest duration of a step */
    bool measuring;
    char alert[160]; /* a warning for the user: "falling behind: ..."; "": none */
    /* For a pool that only receives: the engine cannot find its bottleneck, because its threads
     * wait in any case. BOTTLENECK_NONE with a reason: the backend cannot tell either, or not
     * yet. */
    enum bottleneck bottleneck;
    char bottleneck_why[160];
    /* Set by the engine before the call: every worker has ended and nothing is started any more.
     * Remove now what the pool removes at its end, before filling `leftovers`. */
    bool last;
    /* object, for `backend_stats`; set by the engine before the call, new each time */
    struct json_t *json;
    /* array of { "kind", "what", "count" }, set in the same way: what exists on the server because
     * of this run, also while it runs; with "until": "end" where the pool removes it itself at its
     * end. Further fields are for the backend's clean; docs/json.md has them all */
    struct json_t *leftovers;
};

/* A backend's description and hooks. All fields not marked optional are required; engine_new
 * refuses a backend that lacks one (backend_check). */
struct backend {
    /* ---- what it is ---- */
    const char *name, *summary;
    /* NULL: built in. Otherwise why it is not built and what to install; then it needs no hooks. */
    const char *unavailable;
    const char *schemes; /* "redis rediss redis+unix", the first is the usual one */
    const char *example; /* "redis://localhost:6379/0?threads=2" */
    /* For help texts. 0: its URLs need no host. The target's port is 0 when the URL has none. */
    unsigned default_port;
    /* optional: how many connections a thread opens by default, in words: "one for each client" */
    const char *connections;
    const struct option_spec *options; /* may be an empty table */
    /* properties that its PREFIX option accepts; NULL: none */
    const struct option_properties *properties;
    const struct op_type *ops; /* the operations, at most 16, at least one of them with a weight */
    unsigned flags;            /* enum backend_flags */
    /* Sizes of the backend's zeroed memory that the engine allocates with each pool, worker,
     * connection and request: pool_data() and so on. */
    size_t pool_size, worker_size, conn_size, op_size;

    /* ---- before there is a pool: any thread, never block ---- */

    /* Optional. Checks the target and the options. 0, or ERR_USAGE (exit code 2) with what is
     * wrong. */
    int (*check)(const struct target *, const struct options *, struct err *);
    /* Optional. The reason why these settings could change data that loadtop did not create, as far
     * as this is known without asking the server, or NULL. A pool with a reason is refused without
     * --allow-destructive. Not called when only reading is allowed. */
    const char *(*destructive)(const struct options *);

    /* ---- for a pool: on the pool's own thread; may block, see above ---- */

    /* Optional. Looks up names, checks the server, creates tables. 0: load may begin.
     * ERR_UNREACHED: called again after a back-off. Any other error ends the pool. It must call, in
     * this order, pool_connect_allowed (net_connect does), pool_identity_allowed, and before
     * writing, pool_room_allowed; and pool_nodes, pool_set_ops and pool_forbid where they apply. */
    int (*pool_open)(struct pool *, struct err *);
    /* Optional. Fills the fields that it knows; the engine has set all to "unknown". Also called
     * after a pool_open that failed, which may have left anything undone. */
    void (*pool_stats)(struct pool *, struct stats *);
    /* Optional. Called after every worker has ended if pool_open was ever called, also when it
     * failed: releases what a failed attempt kept for the next one. pool_open may follow again
     * (after an inspection, when the user consents), with zeroed memory. */
    void (*pool_close)(struct pool *);
    /* Optional. Lists or removes the leftovers of a saved run: only objects that are marked with
     * this run's id on the server, whatever the file says. Reports each entry with clean->say. 0
     * also when something stays; an error when the server could not be checked. Runs on its own
     * thread, without a pool. */
    int (*clean)(struct clean *, struct err *);
    /* Optional, for `loadtop demo`: starts a private stand-in for a server and writes its address
     * to `place` ("127.0.0.1:34567"). 0 or an error. Runs in a separate process until that is
     * ended, so that its CPU and memory are not counted as the load generator's. */
    int (*demo)(char *place, size_t size, struct err *);

    /* ---- about a pool: any thread, never block ---- */

    /* How many requests one connection carries at a time, given the pool's present depth per
     * client: at least 1. CONN_DEPTH_UNBOUNDED: all of a worker's clients share one connection by
     * default. */
    uint32_t (*depth)(const struct pool *, uint32_t client_depth);
    /* Optional. The most bytes that a load with these settings can occupy on the target, replicas
     * included; INFINITY: no bound; 0: nothing is written. Called before a change of settings
     * during the run and compared with stats.free_bytes. weight: [OPS_MAX], of the mix. The
     * supervisor's thread. */
    double (*to_come)(const struct pool *, const struct options *, const double *weight);

    /* ---- for a worker: the supervisor's thread ---- */

    int (*worker_open)(struct worker *, struct err *); /* optional: a curl multi handle, ... */
    void (*worker_close)(struct worker *);             /* optional; all conns are closed by then */

    /* ---- for a worker: its own thread, never block ---- */

    /* Optional. Called before the worker's first fill(), and when an option, clients, connections
     * or worker_paused() has changed. */
    void (*tune)(struct worker *);
    /* Optional. Sets the request's key, size, exclusive and aux. Its time counts as generating. */
    void (*fill)(struct worker *, struct op *);
    /* Optional. Bytes of data that a filled request writes, including names and all rows, for
     * --max-bytes; NULL: op->size. Not called for types that only read. */
    uint64_t (*data_bytes)(const struct worker *, const struct op *);
    /* Optional. The group of a filled request, < GROUPS_MAX; NULL: 0 for all. */
    uint32_t (*route)(struct worker *, const struct op *);
    /* Starts connecting: returns 0, and conn_up or conn_down follows, at once or later; or sets err
     * and returns < 0, which counts as conn_down("connect"). */
    int (*open)(struct conn *, struct err *);
    /* Takes a request: encodes it, sends it at once or in flush. See enum submit. */
    enum submit (*submit)(struct conn *, struct op *);
    /* Optional. Writes the requests submitted since the last flush in one piece: called after a
     * burst, for each connection that got requests and is still up. */
    void (*flush)(struct conn *);
    /* Starts closing the connection; conn_closed must follow, at once or later. */
    void (*close)(struct conn *);
};

#define GROUPS_MAX 1024

/* An error from a server may quote a secret that it was sent. op_fail, op_error, op_received_error
 * and pool_strain_said remove known secrets from the messages that they keep. Pass all other text
 * from a server (to err_set, conn_down, conn_trouble, pool_event; names and versions) through
 * secret_said (engine/base/secret.h) first. */

/* ---- What the engine gives a backend ---- */

/* A connection, as its backend sees it: all fields are read only. conn_data() is the backend's
 * memory for it, zeroed once, before the first open(). */
struct conn {
    struct worker *worker;
    /* the oldest request submitted and not ended, which an in-order protocol answers next; NULL:
     * none */
    struct op *in_flight;
    /* how many are in flight, including those that timed out and may still be answered */
    uint32_t requests;
    uint32_t group;
    uint32_t id; /* within its worker and group, from 0 */
};
/* The backend's zeroed memory of each. */
void *conn_data(const struct conn *);
void *op_data(const struct op *);
void *worker_data(const struct worker *);
void *pool_data(const struct pool *);
/* Sets the pool's own table of operations; pool_open calls this once the table is known. It begins
 * with the entries of backend->ops, in their order, but may describe them differently (whether they
 * read, how many operations one request carries). It has at most OPS_MAX (16) entries, ends with a
 * NULL name, and must live as long as the process, including its strings. The requested mix is then
 * parsed again: 0, or ERR_USAGE, which pool_open returns. If no mix was requested, the default one
 * of backend->ops stays. Needs BACKEND_POOL_OPS: without it, a mix with a name that backend->ops
 * does not have is refused before anything starts. The pool's thread. */
int pool_set_ops(struct pool *, const struct op_type *, struct err *);
struct pool *worker_pool(const struct worker *);
struct loop *worker_loop(const struct worker *);
/* number of the worker within its pool, never reused */
unsigned worker_index(const struct worker *);
struct rng *worker_rng(struct worker *); /* seeded from the pool's seed and the worker's number */
unsigned worker_clients(const struct worker *); /* wanted now */
/* how many connections are wanted now in each group */
unsigned worker_connections(const struct worker *);
/* The i-th connection of a group, or NULL past the last: for tune(). */
struct conn *worker_conn(const struct worker *, uint32_t group, unsigned i);
/* The node of this group has left the cluster: its connections are not wanted any more, and those
 * that are closed stay closed until route() names the group again. Called by open() of one of them,
 * for example, before its conn_down(). */
void worker_leave(struct worker *, uint32_t group);
/* True while nothing may be started or received: paused, draining, or past the end. tune() is
 * called when it changes, except at the end of a duration, which is reached by time alone. */
bool worker_paused(const struct worker *);
/* How many of n available messages may be received now: 0 while worker_paused, and never more than
 * -n leaves. Leave the others in their queue; each granted one must be reported with op_received or
 * op_received_error. */
uint64_t worker_receive(struct worker *, uint64_t n);
const struct target *pool_target(const struct pool *);
/* live values: option_u64(pool_options(p), I) */
const struct options *pool_options(const struct pool *);
/* The pool's number within the run: 1..POOLS_RUN_MAX, never reused in a run. */
unsigned pool_number(const struct pool *);
const char *pool_run_id(const struct pool *); /* 8 hex digits, the same for all pools of a run */
bool pool_stopping(const struct pool *);      /* a long pool_open must check this and give up */
/* has this type a weight in the present mix? */
bool pool_ops_include(const struct pool *, unsigned type);
double pool_op_weight(const struct pool *, unsigned type); /* how much */
bool pool_allow_destructive(const struct pool *);
/* Forbids operations of this type, because they would change data that loadtop did not create and
 * --allow-destructive was not given. They are refused in the initial mix and in later ones; `why`
 * ends a sentence that names the operation. Reset before each pool_open, which is the only
 * caller. */
void pool_forbid(struct pool *, unsigned type, const char *why);
bool pool_read_only(const struct pool *); /* --read-only, or an inspection */
/* before the user's consent: nothing will be loaded */
bool pool_inspects_only(const struct pool *);
uint64_t pool_seed(const struct pool *);
uint64_t pool_timeout_ns(const struct pool *);
/* Takes n numbers of a sequence shared by all workers of the pool and returns the first; it starts
 * at 0 (dist=sequential, primary keys). */
uint64_t pool_sequence(struct pool *, uint64_t n);
/* Tells the engine that the target answers but opening takes long (a table or topic is being
 * created), so that the pool is not given up as unreachable. Called by pool_open. */
void pool_answered(struct pool *);
/* Tells the engine that a removal is running and may take this long: the end of the run waits for
 * it, except after a signal. Called by pool_stats with `last`. */
void pool_removing(struct pool *, uint64_t for_ns);
/* A line in the events view: "node 10.0.0.3 down". Any thread. */
void pool_event(struct pool *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- Protection: checks before anything is sent (engine/pools/guard.c) ---- */

/* Is a connection to this address allowed by targets.conf? 0, or ERR_REFUSED; ERR_UNREACHED (try
 * again later) while a pool that was considered local waits for the user's consent to its first
 * remote address. Call it for each address, including discovered nodes, after name resolution and
 * before connecting. Any thread. */
int pool_connect_allowed(const struct pool *, const char *host, const struct sockaddr *,
                         struct err *);
/* Makes the check above, then starts a non-blocking connect of a TCP (nodelay, keep-alive) or unix
 * socket and returns it; -1 and err on failure. Both take NULL for the pool (clean has none): then
 * a `protect` rule requires --confirm. */
int net_connect(const struct pool *, const char *host, const struct sockaddr *, unsigned len,
                struct err *);
/* The result of connecting, once the socket is writable: 0, or an errno value. */
int net_connected(int fd);

/* Checks an identity that the server reports (Redis: run_id and replication ids; Kafka: the
 * cluster's id; CrateDB, Cassandra: the cluster's name; NULL: none). Call it for each in pool_open,
 * once connected and before any load. 0, or ERR_REFUSED by targets.conf. With a screen it waits
 * until the user has typed the name of a protected one. The pool's thread. */
int pool_identity_allowed(struct pool *, const char *identity, struct err *);
/* The same after a reconnect during the load; never waits. False: this server must not be loaded,
 * the connection must not carry a request, and the engine ends the pool. Any thread. */
bool pool_identity_still_allowed(struct pool *, const char *identity);
/* Does any rule name an identity of this backend? If not, it need not be queried at each
 * connect. */
bool pool_identity_matters(const struct pool *);
/* The client name for the server's list of clients: "loadtop:alice@build7:1a2b3c4d" (user, host,
 * run); letters, digits and "@:._-" only, at most 127. */
const char *pool_sender(const struct pool *);

/* Does the pool wait for consent because a target that was opened as local turned out to have remote
 * nodes? Then return ERR_UNREACHED before anything is created. The pool's thread.
 *
 * (A target known to be remote is, with a screen, first opened for inspection: pool_read_only is
 * true, nothing may be created there (ERR_ABSENT says what is missing), and after the user's
 * consent pool_close and another pool_open follow.) */
bool pool_awaits_consent(const struct pool *);

/* The expected size of the data compared with the target's free room. Call pool_room_allowed in
 * pool_open, before anything is written. */
struct room {
    /* expected bytes on the target, replicas included; INFINITY: no bound is known, so the target's
     * free room is the bound */
    double to_come_bytes;
    double stored_per_byte; /* bytes that one byte of data_bytes takes there; 0: one */
    double free_bytes;      /* NaN: the target does not report it */
    const char *of;         /* "memory", "disk" */
    const char *asked;      /* what was asked for it: "INFO"; of static storage */
};
/* Checks whether the data fits. 0, or ERR_REFUSED: on a remote target it does not fit, or how much
 * room it has is not known, and there is no screen. With a screen, waits for the user's answer. Call
 * it also if nothing is written (to_come_bytes 0): a later mix may write. The pool's thread. */
int pool_room_allowed(struct pool *, const struct room *, struct err *);
uint64_t pool_count(const struct pool *); /* the count of -n; 0: none */
/* Sets the number of groups (nodes) that each thread opens connections to, for the ceiling on
 * connections; without route() it is one. Call it before pool_open returns, and whenever it
 * changes. Any thread. */
void pool_nodes(struct pool *, unsigned n);

/* Reports that the target is overloaded, by its own figures or by its refusals: a pool with a
 * remote target is paused with this reason, and again 10 s after the user has resumed it if it
 * continues. Report only what is new since the last check. Any thread, also a worker's (it takes a
 * lock only for the first report after each check by the supervisor). */
enum strain {
    STRAIN_EVICTED,   /* data is evicted for lack of memory */
    STRAIN_MEMORY,    /* writes are refused for lack of memory */
    STRAIN_REFUSED,   /* connections are refused: too many clients */
    STRAIN_READ_ONLY, /* the target has blocked writes */
    STRAIN_REPLICAS,  /* replicas fall out of sync or are lost */
    STRAIN_ROOM,      /* little of its free room is left */
    STRAIN_THREADS,   /* requests are refused by full queues */
    STRAINS
};
void pool_strain(struct pool *, enum strain, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with a server's message appended to ours. */
void pool_strain_said(struct pool *, enum strain, const char *said, size_t len, const char *fmt,
                      ...) __attribute__((format(printf, 5, 6)));

/* ---- clean: listing and removing the leftovers of a saved run ---- */

enum clean_fate {
    CLEAN_OURS,   /* it has this run's mark and would be removed (a dry run) */
    CLEAN_GONE,   /* removed now */
    CLEAN_ABSENT, /* it does not exist any more */
    /* another run uses it as well and will remove it, so nothing is left to do for this run */
    CLEAN_SHARED,
    CLEAN_STAYS /* it is kept: the reason says why, and how to remove it by hand */
};
struct clean {
    const struct target *target;   /* host, port, names and user of the file; never its options */
    const struct options *options; /* the backend's, from the command line only */
    const char *run;               /* id of the run whose objects are to be removed: 8 hex digits */
    const char *confirm;           /* --confirm: names of protected hosts that may be accessed */
    const char *sender;            /* as pool_sender */
    /* the JSON array of the file, not trusted: every entry must be checked against the server */
    const struct json_t *leftovers;
    bool remove; /* false: only look, and say what would go */
    /* Reports the result for one entry: what, as text for the user ("topic orders (3 partitions)"),
     * count -1: not known, why: "" or a reason. */
    void (*say)(struct clean *, enum clean_fate, const char *what, int64_t count, const char *why);
    void *ctx; /* of say */
};
/* Like pool_identity_allowed, for the clean hook of a backend. */
int clean_identity_allowed(const struct clean *, const char *backend, const char *identity,
                           struct err *);

/* Limit on what servers can make all connections together buffer: incomplete answers, as far as
 * they are larger than expected (the expected size is not counted, so an ordinary load never
 * reaches the limit). 256 MiB: a thousand connections of 256 KiB. */
#define NET_BUFFERED_MAX ((size_t)256 << 20)
/* Changes the bytes that a connection has buffered from *mine to `bytes`, and *mine with it;
 * closing must call it with 0. False: the total of all connections would exceed NET_BUFFERED_MAX;
 * nothing is changed, and the connection must be closed. Any thread. */
bool net_hold(size_t *mine, size_t bytes);

/* The shortest recent round-trip time in ns that the kernel has measured on this connected TCP
 * socket (Linux tcp_info's tcpi_min_rtt: the network's part, without the server's processing); -1:
 * a unix socket, or not known. For a link that carries no load. */
int64_t net_round_trip_ns(int fd);

/* to be called while the connection is opening; otherwise does nothing */
void conn_up(struct conn *);
/* error_class is a short stable name ("refused", "closed", "auth", "maxclients", "protocol"): those
 * in ui/views/errors.c have advice. The message names target and cause. */
void conn_down(struct conn *, const char *error_class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void conn_room(struct conn *);   /* after SUBMIT_BUSY: it can take requests again */
void conn_closed(struct conn *); /* ends close() */
/* For a library that reconnects by itself: the connection and its requests in flight are kept, but
 * it gets no new requests, and when all connections of a pool are in trouble the pool is DOWN.
 * NULL: the trouble is over. */
void conn_trouble(struct conn *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void conn_bytes(struct conn *, uint64_t sent, uint64_t received);

/* The time of completion is loop_now(): call loop_refresh once after each read that brings answers,
 * before the first op_done of the burst. */
void op_done(struct op *);
/* For a library that sends from its own threads: sets the time of sending to now instead of the
 * flush. Call it in submit, before passing the request to the library. */
void op_sent(struct op *);
/* Ends the request as failed. It records the error for op->n operations itself: do not call
 * op_error as well. */
void op_fail(struct op *, const char *error_class, const char *msg, size_t msg_len);
/* Ends a bulk of which `failed` operations failed and the others succeeded. Call op_error for the
 * failed ones. */
void op_partial(struct op *, uint32_t failed);
/* Records `count` errors of a class with a message, without ending the request: for the rows of
 * op_partial and for SUBMIT_FAILED (count = op->n). Call it before the request ends. As in
 * `errors`, requests of the warm-up and those that had timed out are not counted. */
void op_error(const struct op *, const char *error_class, uint64_t count, const char *msg,
              size_t msg_len);
void op_timeout(struct op *); /* only with BACKEND_TIMEOUTS */
/* Sends the request again, to that group: MOVED, or unprepared. It stays offered and keeps its
 * times, the choices of fill() and op_data(); neither fill() nor route() is called again, unless
 * that group is down. It may be submitted before this returns, possibly on the same connection,
 * behind the requests in flight there. */
void op_again(struct op *, uint32_t group);
/* n messages of `bytes` in total arrived unrequested on a connection that is up. sent_ns: when they
 * were sent, on the clock of clock_ns() (then their latency is recorded), or 0. Counts as offered
 * and completed. */
void op_received(struct conn *, unsigned type, uint64_t n, uint64_t bytes, uint64_t sent_ns);
/* Reports received messages that are wrong (a sequence gap, an undecodable message): counted as
 * offered and as errors. */
void op_received_error(struct conn *, unsigned type, const char *error_class, const char *msg,
                       size_t len);

/* Checks that a backend has all required fields and hooks. 0, or an error that names the missing
 * one; called at start-up. */
int backend_check(const struct backend *, struct err *);

#endif
