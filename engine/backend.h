/* The contract between the engine and a backend: the code that speaks to one kind of target.
 *
 * A backend is one `const struct backend`, listed in backends/registry.c. The engine decides what
 * is started, when and on which connection, and keeps every count; a backend encodes, sends,
 * receives, and says how each request ended. It never counts, never reads a clock for a latency and
 * never retries by itself. backends/skeleton.c is a whole one, to be copied.
 *
 * Threads. pool_* hooks run on the pool's own thread: they may block, within a bound of some
 * seconds, and look at pool_stopping() when they take longer. worker_open and worker_close run on
 * the supervisor's thread, before the worker's begins and after it ended. All other hooks run on a
 * worker's thread and never block. Workers run side by side and share nothing but the pool's data,
 * which is theirs to read only (or atomics). Each hook below says its thread where it is another.
 * Debug and sanitized builds check it: a function for a worker's thread aborts on any other.
 *
 * The life of a pool: check; pool_open, again after a back-off while it returns ERR_UNREACHED; then
 * for each thread worker_open; then load, with pool_stats about once a second; then for each thread
 * worker_close; pool_stats with `last`; pool_close. Threads come and go while the load runs.
 *
 * The life of a connection. open() begins; conn_up() when it can carry requests; conn_down() when
 * it is lost, also while opening: the engine fails what is in flight on it as "outcome unknown",
 * calls close() before conn_down returns (wherever it was called: in open, in flush, between two
 * answers), and opens it again after a back-off (one probe for each worker and group while the
 * group is down). An opening that takes longer than 5 s (or the pool's timeout) is given up by the
 * engine. close() begins the end (by a person's wish, after conn_down, after an open() that
 * failed); the backend unwatches and frees what it opened and ends with conn_closed(), at once or
 * later: at the end of the run 2 s are waited for it. open() may follow, on the same memory, as it
 * was left.
 *
 * The life of a request (`struct op`). The engine makes it; fill() chooses what it is about;
 * route() names its group; the engine leases a connection with room there and calls submit(); after
 * a burst of submits, flush() once for each connection. Each submit that returned SUBMIT_QUEUED is
 * followed by exactly one of op_done, op_fail, op_partial, op_timeout or op_again, unless the
 * connection is lost first. These may be called from inside submit and flush, and `op` is gone
 * after them. Requests of a connection may end in any order. One whose time is up stays with the
 * backend until it is answered (with BACKEND_STREAMS; else its connection goes): the answer is told
 * as usual, and not counted again. op_again may call submit(), and conn_down calls close(), before
 * they return; the memory of a connection stays until the callback of the loop that is on the stack
 * has returned.
 *
 * Groups. A group is a node: a place that has connections of its own. Most backends have one, group
 * 0. With route(), each worker opens its connections in every group that was routed to. A batch is
 * split by group, each part leased as a whole on one connection of it. What waits in a group that
 * is down is routed again: name another group if there is one. Tell pool_nodes() how many there
 * are.
 *
 * Requests of several round trips. A request is one operation (or bulk) whatever it takes: pages,
 * WATCH ... EXEC, a redirection with ASKING, a sequence of commands. It is done, once, at its last
 * part; until then the backend keeps where it is in op_data(), and the engine its one start and one
 * end. Where nothing of another request may come between on its connection, fill() sets
 * op->exclusive: it then gets a connection that carries nothing, which carries nothing else until
 * it ended. Where it has to go on elsewhere, op_again() leases it another connection, in any group.
 *
 * How the protocols fit:
 *   Redis      conn = socket; answers in order: conn->in_flight is the one answered. A cluster's
 *              node is route()'s group, MOVED and ASK are op_again, a transaction is exclusive.
 *              Pub/sub messages are op_received.
 *   CrateDB    conn = one reused curl easy handle, depth 1; worker_data holds the multi handle and
 *              its alarm; a bulk insert is one op with n rows (op_type.bulk), failed rows are
 *              op_partial.
 *   Kafka      conn = one librdkafka handle (threads of its own: stats.own_cpu_share; its own
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
    /* Taken; its end will be told, or was told inside submit. Also where conn_down was called
     * inside submit, which ended it with the rest. */
    SUBMIT_QUEUED,
    /* Not taken, this connection has no room now: it goes to another one, or waits, not yet
     * offered. The connection is given nothing more until conn_room, which comes after submit has
     * returned; one that is opened again begins with room. */
    SUBMIT_BUSY,
    /* Refused for good: counted as offered and as an error. op_error was called for op->n; no end
     * is told. */
    SUBMIT_FAILED
};

/* One request, as its backend sees it: valid from fill() to the call that ends it, which may be
 * inside submit() or flush(). The engine keeps more beside it (engine/load/worker_state.h). */
struct op {
    /* ---- the engine's: to be read only ---- */
    uint64_t rnd;     /* 64 random bits of this request's own, from the pool's seed */
    uint64_t sent_ns; /* when it was handed to the network, on loop_now()'s clock; 0: not yet */
    uint32_t n;       /* operations that it carries: 1, or the rows of a bulk */
    uint16_t type;    /* index into the pool's table of operations */
    /* ---- chosen by fill(), kept until the end; zero if it does not choose ---- */
    bool exclusive; /* it needs a connection alone, see "Requests of several round trips" */
    uint32_t size;  /* bytes of the value or message: of one operation, for pattern unthrottled */
    uint64_t key;   /* which key, or the first key of a bulk */
    uint64_t aux;   /* the backend's own; op_data() gives op_size bytes more */
};

/* An operation that a mix can name. */
struct op_type {
    const char *name, *help; /* "get" */
    double weight;           /* in the default mix; 0: only when asked for */
    /* name of the option that says how many operations a request carries, or NULL */
    const char *bulk;
    bool receives;    /* arrives unasked (consume, pub/sub): op_received, never submit */
    bool reads;       /* it only reads: allowed under --read-only */
    const char *noun; /* what one is called in a table: "op", "row", "msg" */
};                    /* a table ends with a NULL name */

enum backend_flags {
    BACKEND_TIMEOUTS = 1, /* keeps its own timeouts, and calls op_timeout: the engine sets none */
    BACKEND_STREAMS = 2,  /* an answer names its request: a timeout does not end the connection */
    BACKEND_VIRTUAL = 4,  /* can run on virtual time: uses alarms only */
    BACKEND_OWN_OPS = 8   /* its pools have tables of operations of their own: see pool_set_ops */
};

#define CONN_DEPTH_UNBOUNDED UINT32_MAX

/* A figure of a backend's own that stands beside throughput in the table of a sweep, for each
 * plateau: the consumers' wait share, the lag, rows that failed. The same names in the same order
 * each time. */
enum column_kind {
    COLUMN_SHARE,
    COLUMN_HITS, /* the share of the reads that found something: a low one is cautioned of */
    COLUMN_COUNT,
    COLUMN_PER_S,
    COLUMN_BYTES
};
enum column_over {
    COLUMN_MEAN, /* of the plateau's seconds */
    COLUMN_LAST, /* as it was at its end */
    COLUMN_ADDED /* a counter: how much it rose over the plateau */
};
struct stat_column {
    const char *name; /* "wait share"; of static storage */
    enum column_kind kind;
    enum column_over over;
    double value; /* now; NaN: unknown */
};
#define STAT_COLUMNS_MAX 12

/* Whose limit it is, in the words of the screen and the JSON. */
enum bottleneck { LIMIT_NONE, LIMIT_SERVER, LIMIT_CLIENT, LIMIT_NETWORK, LIMIT_RATE };

/* What only a backend knows, filled about once a second by pool_stats on the pool's thread. */
struct stats {
    char version[64];  /* "Redis 7.0.15" */
    char address[128]; /* what was really reached: "127.0.0.1:6379" */
    char note[160]; /* one line for the overview: "cpu 88 %, 41 other clients, hit ratio 99.2 %" */
    double server_cpu_share; /* of one core; NaN: unknown */
    double server_cores;     /* CPUs that it may use; NaN: unknown */
    double answer_share;   /* of the service time of the last second, what the server itself says it
                            worked on the requests; NaN: it does not say */
    double own_cpu_share;  /* of a backend that has threads of its own: the CPU of the busiest since
                              the last call, 0..1: the generator's limit like a worker's; or NaN */
    int64_t other_clients; /* connections that are not ours; -1: unknown */
    int64_t data_items;    /* keys, rows, ...; -1: unknown */
    struct stat_column column[STAT_COLUMNS_MAX]; /* [columns] */
    unsigned columns;
    int64_t data_bytes;  /* what they take on the server, as it says itself; -1: unknown */
    double free_bytes;   /* how much more it has room for, as it says itself; NaN: unknown */
    const char *free_of; /* "memory", "disk"; of static storage */
    int64_t rtt_ns;      /* to the server and back, see net_round_trip_ns; -1: unknown */
    char verdict[24];    /* beside the columns: "keeps up"; "": none */
    bool measuring;      /* the verdict on the present load is not out yet: a step of a sweep that
                            holds until it is steady waits for it, as long as a step may last */
    char alert[160];     /* what a person must see at once: "falling behind: ..."; "": nothing */
    /* Of a pool that only receives the engine cannot see whose limit it is: threads wait either
     * way. LIMIT_NONE with a reason: the backend does not know either, or not yet. */
    enum bottleneck limit;
    char limit_why[160];
    /* Set by the engine before the call: every worker has ended and nothing is started any more.
     * What is to be removed at the end is removed now, before it is said what is left behind. */
    bool last;
    /* object, for `backend_stats`; set by the engine before the call, new each time */
    struct json_t *json;
    struct json_t
        *left_behind; /* array of { "kind", "what", "count" }, likewise: what exists because of us;
                         with "until": "end" where the pool removes it by itself at its end */
};

/* What a backend is. Required: what is not called optional; engine_new refuses a backend in which
 * it is missing (backend_check). */
struct backend {
    /* ---- what it is ---- */
    const char *name, *summary;
    /* NULL: it is built. Else why not and what to install; then it needs no hooks. */
    const char *unavailable;
    const char *schemes; /* "redis rediss redis+unix", the first is the usual one */
    const char *example; /* "redis://localhost:6379/0?threads=2" */
    /* For the words of help. 0: its URLs need no host. A port that a URL does not name is 0 in the
     * target. */
    unsigned default_port;
    const char *connections; /* optional: how many a thread opens by default, in words: "one for
                              * each client" */
    const struct option_spec *options; /* may be an empty table */
    const struct option_properties
        *properties;           /* what its PREFIX option takes; NULL: it has none */
    const struct op_type *ops; /* at least one with weight, at most 16 */
    unsigned flags;            /* enum backend_flags */
    /* Bytes of its own that the engine keeps for it, zeroed, behind each pool, worker, connection
     * and request: pool_data() and so on. */
    size_t pool_size, worker_size, conn_size, op_size;

    /* ---- before there is a pool: any thread, never block ---- */

    /* Optional. Is this target one that it can speak to, with these options? 0, or ERR_USAGE (exit
     * code 2) with what is wrong. */
    int (*check)(const struct target *, const struct options *, struct err *);
    /* Optional. What these settings can touch beyond what loadtop made, as far as that is known
     * before a look at the server: a reason that is refused without --allow-destructive, or NULL.
     * Not asked when only reading is allowed. */
    const char *(*beyond)(const struct options *);

    /* ---- for a pool: on the pool's own thread; may block, see above ---- */

    /* Optional. Looks up names, checks the server, creates tables. 0: load may begin.
     * ERR_UNREACHED: it is called again after a back-off. Any other error ends the pool. It asks,
     * in this order, pool_connect_allowed (net_connect does), pool_identity_allowed, and before it
     * writes, pool_room_allowed; it says pool_nodes, pool_set_ops and pool_forbid where they
     * apply. */
    int (*pool_open)(struct pool *, struct err *);
    /* Optional. Fills what it knows, of what the engine has set to "unknown". */
    void (*pool_stats)(struct pool *, struct stats *);
    /* Optional. After every worker ended and if pool_open was ever called, also when that failed:
     * what an attempt left for the next one ends here. pool_open may follow again (a look before a
     * yes), with zeroed memory. */
    void (*pool_close)(struct pool *);
    /* Optional. Looks at, or removes, what a saved run left behind: nothing that does not bear this
     * run's mark on the server, whatever the file says. Each entry is told by clean->say. 0 also
     * when something stays; an error when it could not look. A thread of its own, no pool. */
    int (*clean)(struct clean *, struct err *);
    /* Optional, for `loadtop demo`: starts a private stand-in for a server and writes where it is
     * to `place` ("127.0.0.1:34567"). 0 or an error. In a process of its own, which serves until it
     * is ended: so its CPU and memory are not taken for the load generator's. */
    int (*demo)(char *place, size_t size, struct err *);

    /* ---- about a pool: any thread, never block ---- */

    /* Requests that one connection carries at once, given the pool's present depth for a client: at
     * least 1. CONN_DEPTH_UNBOUNDED: all of a worker's clients share one connection by default. */
    uint32_t (*depth)(const struct pool *, uint32_t client_depth);
    /* Optional. Bytes that these settings can come to take on the target, as they lie there,
     * replicas included; INFINITY: no bound; 0: nothing is written. Asked when they are to change
     * while it runs, against stats.free_bytes. weight: [OPS_MAX], of the mix. The supervisor's
     * thread. */
    double (*to_come)(const struct pool *, const struct options *, const double *weight);

    /* ---- for a worker: the supervisor's thread ---- */

    int (*worker_open)(struct worker *, struct err *); /* optional: a curl multi handle, ... */
    void (*worker_close)(struct worker *);             /* optional; all conns are closed by then */

    /* ---- for a worker: its own thread, never block ---- */

    /* Optional. An option, clients or connections changed, or worker_paused() did. */
    void (*tune)(struct worker *);
    /* Optional. Chooses what a request is about: key, size, exclusive, aux. Its time counts as
     * generating. */
    void (*fill)(struct worker *, struct op *);
    /* Optional. Bytes of data that a filled request writes, names and all rows included, for
     * --max-bytes; NULL: op->size. Not asked of types that only read. */
    uint64_t (*data_bytes)(const struct worker *, const struct op *);
    /* Optional. The group of a filled request, < GROUPS_MAX; NULL: 0 for all. */
    uint32_t (*route)(struct worker *, const struct op *);
    /* Begins a connection: 0, and conn_up or conn_down later or at once; err set and < 0: as
     * conn_down("connect"). */
    int (*open)(struct conn *, struct err *);
    /* Takes a request: encodes it, sends it at once or in flush. See enum submit. */
    enum submit (*submit)(struct conn *, struct op *);
    /* Optional. One write for what was submitted since the last flush: after a burst, for each
     * connection that got some of it and still stands. */
    void (*flush)(struct conn *);
    /* Begins the end of a connection; ends with conn_closed, at once or later. */
    void (*close)(struct conn *);
};

#define GROUPS_MAX 1024

/* What a server says in an error may hold a secret that it was sent. The engine takes known ones
 * out of what op_fail, op_error, op_received_error and pool_strain_said are given, which they do
 * only for what is kept; whatever else quotes a server (err_set, conn_down, conn_trouble,
 * pool_event, names and versions) is given what secret_said (engine/base/secret.h) left of it. */

/* ---- What the engine gives a backend ---- */

/* A connection, as its backend sees it: all is the engine's, to be read only. conn_data() is the
 * backend's own memory, zeroed once, before the first open(). */
struct conn {
    struct worker *worker;
    struct op *in_flight; /* the oldest request submitted and not ended: the one that a protocol
                           * which answers in order answers next; NULL: none */
    uint32_t requests;    /* how many are in flight, those that timed out and may yet be answered
                           * included */
    uint32_t group;
    uint32_t id; /* within its worker and group, from 0 */
};
/* The backend's own memory behind each, zeroed. */
void *conn_data(const struct conn *);
void *op_data(const struct op *);
void *worker_data(const struct worker *);
void *pool_data(const struct pool *);
/* The pool's own table of operations, which pool_open says once it knows it: it begins with the
 * entries of backend->ops, in their order, and may say other things of them (what reads, how many
 * one request carries); at most OPS_MAX (16), ends with a NULL name. The table and its words live
 * as long as the process. The requested mix is then parsed again: 0, or ERR_USAGE, which
 * pool_open returns. If no mix was requested, the default one of backend->ops stays. Needs
 * BACKEND_OWN_OPS: without it, a mix with a name that backend->ops does not have is refused before
 * anything starts. The pool's thread. */
int pool_set_ops(struct pool *, const struct op_type *, struct err *);
struct pool *worker_pool(const struct worker *);
struct loop *worker_loop(const struct worker *);
unsigned
worker_index(const struct worker *); /* number of the worker within its pool, never used again */
struct rng *worker_rng(struct worker *); /* seeded from the pool's seed and the worker's number */
unsigned worker_clients(const struct worker *);     /* wanted now */
unsigned worker_connections(const struct worker *); /* in each group, wanted now */
/* The i-th connection of a group, or NULL past the last: for tune(). */
struct conn *worker_conn(const struct worker *, uint32_t group, unsigned i);
/* Nothing is to be started or taken now: paused, draining, or past the end. tune() is called when
 * it changes, except at the end of a duration, which comes by the clock. */
bool worker_paused(const struct worker *);
/* How many of n messages at hand may be taken now: 0 while worker_paused, and never more than -n
 * leaves. What is not granted stays where it is; what is granted must be told with op_received or
 * op_received_error. */
uint64_t worker_receive(struct worker *, uint64_t n);
const struct target *pool_target(const struct pool *);
const struct options *
pool_options(const struct pool *); /* live values: option_u64(pool_options(p), I) */
/* Tells the pools of a run apart: 1..POOLS_RUN_MAX, never used again in it. */
unsigned pool_number(const struct pool *);
const char *pool_run_id(const struct pool *); /* 8 hex digits, the same for all pools of a run */
bool pool_stopping(const struct pool *);      /* a long pool_open looks here and gives up */
bool pool_ops_include(const struct pool *, unsigned type); /* type has weight in the mix now */
double pool_op_weight(const struct pool *, unsigned type); /* how much */
bool pool_allow_destructive(const struct pool *);
/* For pool_open: operations of this type would touch what loadtop did not make, and nobody allowed
 * it. They are refused, in the mix that the pool begins with and in any that comes later; `why`
 * ends a sentence that names the operation. Begins anew with each pool_open. */
void pool_forbid(struct pool *, unsigned type, const char *why);
bool pool_read_only(const struct pool *); /* --read-only, or a look */
bool pool_is_look(const struct pool *);   /* before a first load: nothing will be loaded */
uint64_t pool_seed(const struct pool *);
uint64_t pool_timeout_ns(const struct pool *);
/* The next of a sequence shared by all workers of the pool, from 0
 * (dist=sequential, primary keys). */
uint64_t pool_sequence(struct pool *, uint64_t n);
/* From pool_open: the target answers, only opening takes long (a table or topic is being made), so
 * it is not given up as one that cannot be reached. */
void pool_answered(struct pool *);
/* From pool_stats, with `last`: something is being removed, which may take this long. The end of
 * the run waits for it, but not after a signal. */
void pool_removing(struct pool *, uint64_t for_ns);
/* A line in the events view: "node 10.0.0.3 down". Any thread. */
void pool_event(struct pool *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- Protection: what is asked before anything is sent (engine/pools/guard.c) ---- */

/* Is a connection to this address allowed by targets.conf? 0, or ERR_REFUSED; ERR_UNREACHED while a
 * pool that was taken for local waits for a yes to its first address elsewhere (try again later).
 * Call it for each address, after name resolution and before connecting, discovered nodes included.
 * Any thread. */
int pool_connect_allowed(const struct pool *, const char *host, const struct sockaddr *,
                         struct err *);
/* A non-blocking TCP (nodelay, keep-alive) or unix socket on its way to addr, after
 * the check above; -1 and err. Both take NULL for the pool (clean has none): then
 * `protect` wants --confirm. */
int net_connect(const struct pool *, const char *host, const struct sockaddr *, unsigned len,
                struct err *);
/* What became of it, once the socket can be written: 0 it is connected, or errno's number. */
int net_connected(int fd);

/* What the server says of itself (Redis: run_id and replication ids; Kafka: the cluster's id;
 * CrateDB, Cassandra: the cluster's name), each asked in pool_open, after the connection stands and
 * before any load; NULL: it does not say. 0, or ERR_REFUSED by targets.conf. Waits for the name of
 * a protected one to be typed where somebody can. The pool's thread. */
int pool_identity_allowed(struct pool *, const char *identity, struct err *);
/* The same for a server that is reached again while the load runs: without a wait. False: it must
 * not be loaded; the pool is ended for that, and a connection to it must not carry a request. Any
 * thread. */
bool pool_identity_still_allowed(struct pool *, const char *identity);
/* Does any rule name an identity of this backend? Else nobody needs to ask
 * for it at each connect. */
bool pool_identity_matters(const struct pool *);
/* Who this is, for the server's list of clients: "loadtop:alice@build7:1a2b3c4d" (user, host, run);
 * letters, digits and "@:._-" only, at most 127. */
const char *pool_sender(const struct pool *);

/* With a screen, a target that is not on this machine is opened to be looked at before a yes: then
 * pool_read_only is true, nothing may be made there (ERR_ABSENT says what is missing), and
 * pool_open comes again after the yes, following pool_close. Nodes that turn out to be elsewhere
 * after a local target was opened: true here means that a yes is awaited; give up with
 * ERR_UNREACHED before anything is made. The pool's thread. */
bool pool_awaits_yes(const struct pool *);

/* What is to come against what the target has room for. Call it in pool_open, when the mix writes
 * and before anything is written. */
struct room {
    double to_come_bytes;   /* as they will lie on the target, replicas included; INFINITY: no bound
                               is known: then what the target has free bounds it */
    double stored_per_byte; /* bytes that one of data_bytes takes there; 0: one */
    double free_bytes;      /* NaN: the target does not say */
    const char *of;         /* "memory", "disk" */
};
/* 0; ERR_REFUSED when it would not fit on a target that is not on this machine and nobody can be
 * asked; with a screen it waits here for the answer. The pool's thread. */
int pool_room_allowed(struct pool *, const struct room *, struct err *);
uint64_t pool_count(const struct pool *); /* of -n; 0: none */
/* How many groups each thread opens connections to (nodes): for the ceiling on connections. Before
 * pool_open ends, and whenever it changes. Any thread. */
void pool_nodes(struct pool *, unsigned n);

/* The target suffers, as it says itself or as its refusals tell: a pool whose target is not on this
 * machine is paused with this reason, and again 10 s after a person has resumed it if it goes on.
 * Only what is new since the last look counts. Any thread, also a worker's (it takes a lock only
 * the first time after each look of the supervisor's). */
enum strain {
    STRAIN_EVICTED,   /* data goes for want of memory */
    STRAIN_MEMORY,    /* writes are refused for want of memory */
    STRAIN_REFUSED,   /* connections are refused for want of places */
    STRAIN_READ_ONLY, /* the target has blocked writes */
    STRAIN_REPLICAS,  /* replicas fall out of sync or away */
    STRAIN_ROOM,      /* little is left of what it had free */
    STRAIN_THREADS,   /* requests are refused by queues that are full */
    STRAINS
};
void pool_strain(struct pool *, enum strain, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise, and behind our words stand those of a server. */
void pool_strain_said(struct pool *, enum strain, const char *said, size_t len, const char *fmt,
                      ...) __attribute__((format(printf, 5, 6)));

/* ---- clean: what a saved run left behind, looked at and removed ---- */

enum clean_fate {
    CLEAN_OURS,   /* it bears this run's mark and would go (a look) */
    CLEAN_GONE,   /* removed now */
    CLEAN_ABSENT, /* it is not there any more */
    CLEAN_SHARED, /* another run made it as well, and it goes with that one: done, for this run */
    CLEAN_STAYS   /* it stays: the reason says why, and how to remove it by hand */
};
struct clean {
    const struct target *target;   /* host, port, names and user of the file; never its options */
    const struct options *options; /* the backend's, from the command line only */
    const char *run;               /* the run's id, 8 hex digits: what must be marked with it */
    const char *confirm;           /* --confirm: names of what is protected and may be touched */
    const char *sender;            /* as pool_sender */
    /* the JSON array of the file: to be checked against the server */
    const struct json_t *left_behind;
    bool remove; /* false: only look, and say what would go */
    /* Tell what becomes of one entry: what, in words for a person ("topic orders (3 partitions)"),
     * count -1: not known, why: "" or a reason. */
    void (*say)(struct clean *, enum clean_fate, const char *what, int64_t count, const char *why);
    void *ctx; /* of say */
};
/* As pool_identity_allowed, for the backend's clean. */
int clean_identity_allowed(const struct clean *, const char *backend, const char *identity,
                           struct err *);

/* What servers make us hold, of all connections together: the parts of answers that wait for their
 * rest, beyond what was asked for (which a connection may hold as a matter of course, so the usual
 * load never comes here). 256 MiB: a thousand connections of 256 KiB. */
#define NET_HELD_MAX ((size_t)256 << 20)
/* A connection that held *mine now holds `bytes`; 0 gives all back, which closing must do. False:
 * it would be too much for all together; nothing is changed, and the connection is to be closed.
 * Any thread. */
bool net_hold(size_t *mine, size_t bytes);

/* The shortest round trip that the kernel saw lately on this connected TCP socket (Linux tcp_info's
 * tcpi_min_rtt, the network's part, without the server's work), ns; -1: a unix socket, or not
 * known. For a link that carries no load. */
int64_t net_round_trip_ns(int fd);

void conn_up(struct conn *); /* while it is opening; else it does nothing */
/* error_class is a short stable name ("refused", "closed", "auth"); the message names target and
 * cause. */
void conn_down(struct conn *, const char *error_class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void conn_room(struct conn *);   /* after SUBMIT_BUSY: it can take requests again */
void conn_closed(struct conn *); /* ends close() */
/* For a library that reconnects by itself: the connection is kept, and what is in flight on it, but
 * nothing new is leased to it, and with all of a pool's connections in trouble the pool is DOWN.
 * NULL: the trouble is over. */
void conn_trouble(struct conn *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void conn_bytes(struct conn *, uint64_t sent, uint64_t received);

/* The moment of completion is loop_now(): call loop_refresh once after each read that brings
 * answers, before the first op_done of the burst. */
void op_done(struct op *);
/* For a library that sends from threads of its own: the request leaves now, before its flush. Call
 * it in submit, before handing it over. */
void op_sent(struct op *);
/* Notes the error itself, for op->n operations: without op_error before it. */
void op_fail(struct op *, const char *error_class, const char *msg, size_t msg_len);
/* A bulk of which `failed` operations failed and the rest succeeded. Call op_error for the failed
 * ones. */
void op_partial(struct op *, uint32_t failed);
/* Notes `count` errors of a class with a message, without ending anything: for the rows of
 * op_partial and for SUBMIT_FAILED (count = op->n). Before the op ends. The classes count what
 * `errors` counts: nothing of a request of the warm-up, nor of one that timed out before. */
void op_error(const struct op *, const char *error_class, uint64_t count, const char *msg,
              size_t msg_len);
void op_timeout(struct op *); /* only with BACKEND_TIMEOUTS */
/* Sends it again, on that group: MOVED, or unprepared. It stays offered, and keeps its times, what
 * fill() chose and op_data(); neither fill() nor route() is asked again, unless that group is down.
 * It may be submitted before this returns, on this connection too, and stands behind what is in
 * flight there. */
void op_again(struct op *, uint32_t group);
/* n messages arrived unasked on a connection that is up, of `bytes` together. sent_ns: when they
 * were sent, on the clock of clock_ns() (then its latency is recorded), or 0. Counts as offered and
 * completed. */
void op_received(struct conn *, unsigned type, uint64_t n, uint64_t bytes, uint64_t sent_ns);
/* Received and found wrong (a sequence gap, an undecodable message): offered and an error. */
void op_received_error(struct conn *, unsigned type, const char *error_class, const char *msg,
                       size_t len);

/* The backends, for the engine: NULL-terminated. main hands it over. Checked: a required hook that
 * is missing is refused at start-up. */
int backend_check(const struct backend *, struct err *);

#endif
