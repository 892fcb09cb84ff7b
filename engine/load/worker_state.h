/* What a worker is made of; the types that the files of engine/load share. No other room includes
 * this header (tests/rooms.py). All of it belongs to the worker's thread, except where struct worker
 * says otherwise.
 *
 * One thread, one loop, its clients, its connections in groups, one generator, one schedule, one
 * recorder. It shares nothing with other workers but the pool's settings (read when their version
 * changes), the budget of `-n` and the sequence of `dist=sequential` (atomics, used only where
 * asked for). */
#ifndef LOADTOP_ENGINE_LOAD_WORKER_STATE_H
#define LOADTOP_ENGINE_LOAD_WORKER_STATE_H

#include "engine/base/role.h"
#include "engine/load/arrival.h"
#include "engine/backend.h"
#include "engine/stats/generate.h"
#include "engine/os/loop.h"
#include "engine/config/pool_spec.h"
#include "engine/stats/recorder.h"
#include "engine/state/settings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pool;

enum op_state { OP_FREE, OP_WAITING, OP_IN_FLIGHT, OP_ABANDONED };
enum op_flag {
    OP_WARM = 1,          /* belongs to the warm-up, see start_warm: counted separately */
    OP_BATCH = 2,         /* belongs to its client's present batch */
    OP_WAITED = 4,        /* had to wait for a connection */
    OP_AGAIN = 8,         /* was sent before: stays offered and in flight while it waits */
    OP_DUE = 16,          /* a scheduled start: also counted as due */
    OP_BYTES_COUNTED = 32 /* its memory is counted in unthrottled_bytes */
};

enum conn_state { CONN_CLOSED, CONN_OPENING, CONN_UP, CONN_CLOSING };

/* A request: the part that its backend sees, and the engine's private part. It is followed by the
 * backend's op_size bytes (op_data). */
struct request {
    struct op op; /* first: see request_of */
    /* In flight: in its connection's list, oldest first. Waiting: `next` links the requests of one
     * lease, `prev` of the first one links to the next lease. Free: `next` links the free list. */
    struct request *next, *prev;
    struct request *client_next, *client_prev; /* in its client's list */
    struct client *client;
    struct connection *connection; /* while it is in flight */
    uint64_t intended_ns;          /* when the schedule or its client intended it to start */
    uint64_t ready_ns;             /* when it was created */
    uint64_t seq;                  /* its number within its client */
    /* [row_room]: intended start of each operation, for open arrival with n > 1 */
    uint64_t *row_intended_ns;
    uint32_t row_room;
    uint32_t group;       /* where it waits, or was sent */
    uint8_t state, flags; /* enum op_state, op_flag */
};

/* A connection: the part that its backend sees, and the engine's private part. It is followed by
 * the backend's conn_size bytes (conn_data). */
struct connection {
    struct conn conn;               /* first: see connection_of */
    struct request *newest;         /* newest request in flight; the oldest is conn.in_flight */
    struct request *unsent;         /* first request not yet stamped as sent */
    uint32_t ops;                   /* operations in flight, of all its requests */
    struct connection *next, *prev; /* in its group's list of those with room */
    struct connection *next_dirty;  /* in the worker's list of those to be flushed */
    struct connection *next_close_pending; /* in the worker's list of those to be closed */
    uint64_t opened_ns;                    /* when opening began */
    uint8_t state;                         /* enum conn_state */
    bool dirty, available, close_pending;  /* it is in the list of that name */
    bool busy;                             /* after SUBMIT_BUSY, until conn_room */
    bool exclusive;                        /* it carries an exclusive request */
    /* an earlier request is in flight again, so the list is not in the order of sending */
    bool resent;
    bool trouble;      /* see conn_trouble */
    bool fresh;        /* no answer was received since it was opened */
    bool stale;        /* to be reopened, because its settings changed */
    bool retire;       /* to be closed, because fewer are wanted */
    bool counts_as_up; /* see count_as_up in conn.c */
};

struct client {
    struct worker *worker;
    uint32_t id;
    uint32_t occupied;               /* requests in flight, waiting for a connection, or thinking */
    uint64_t seq;                    /* number of its next request */
    struct request *oldest, *newest; /* not ended, in the order of their start */
    /* in the list of clients to run, or of clients with room (open arrival) */
    struct client *next;
    struct connection *conn; /* the connection it used last */
    uint64_t batch_sent_ns;  /* pattern batch: when its first request was sent */
    uint32_t batch_left;
    bool listed, available, retired, draining;
};

/* Requests are allocated in blocks, and freed with them. */
struct op_block {
    struct op_block *next;
    uint32_t n;
    _Alignas(16) char ops[];
};

struct client_list {
    struct client *head, *tail;
};

struct group {
    struct worker *worker;
    uint32_t id;
    struct connection **conn; /* [conns], by id */
    uint32_t conns, room, opening, up, closed, fill_at;
    struct connection *available, *available_last; /* connections with room for another lease */
    struct request *waiting, *waiting_last;        /* waiting leases, first come first served */
    uint64_t next_open_ns;
    unsigned failures; /* connections lost or not established since the last answer */
    unsigned refusals; /* not established, since one that was opened later has come up */
    uint64_t refused_ns;
    bool left;     /* see worker_leave */
    bool reroute;  /* it is down: its waiting requests may be routed to another group */
    bool dispatch; /* in the worker's list of groups to dispatch */
    struct group *next_dispatch;
    struct alarm reopen;
};

/* One entry of the think list: `requests` slots of the client become free at ready_ns. */
struct think_timer {
    uint64_t ready_ns;
    struct client *client;
    uint32_t requests;
};

/* What other threads read or write of a worker while it runs. */
struct worker_published {
    _Atomic uint32_t order; /* enum worker_order, from the supervisor */
    _Atomic int tid;        /* thread id, for its run-queue time; 0: none */
    _Atomic bool ended;     /* set for the supervisor: its last turn is over */
};

struct worker {
    /* Fixed before its thread starts. */
    struct pool *pool;
    const struct backend *backend;
    uint32_t index;
    uint64_t started_ns;
    struct loop *loop; /* other threads: loop_wake only */

    /* Shared with the supervisor, each by a rule of its own. */
    struct worker_published published;
    struct recorder recorder; /* see recorder.h: one writer, one reader */

    /* The rest belongs to the worker's thread (worker_check_own()), and to the supervisor before
     * the thread starts and after it was joined. */
    struct tally tally;
    struct rng rng;
    struct settings now; /* the settings in use */
    struct schedule schedule;

    struct client **client;       /* [clients] */
    struct client **client_block; /* [client_blocks]: how they were allocated */
    uint32_t client_blocks;
    uint32_t clients, client_room, live_clients;
    /* closed loop: clients to run; open arrival: clients with room for a start */
    struct client_list runnable, idle;
    struct think_timer *think_timer; /* ring, ascending ready_ns */
    uint32_t think_timers, think_first, think_room;
    struct alarm think_alarm, arrival_alarm, timeout_alarm, drain_alarm;

    struct group **group; /* [groups], made when first routed to */
    uint32_t groups;
    uint32_t groups_wanted; /* those made, without those that have left */
    struct group *dispatch;
    /* to be flushed; to be closed once no backend function is on the stack */
    struct connection *dirty, *close_pending;
    uint32_t capacity;    /* requests that one connection carries */
    uint32_t share;       /* requests that each connection should carry if all are in use evenly */
    uint32_t lease_unit;  /* requests that one lease takes */
    uint32_t connections; /* wanted in each group */
    bool scarce;          /* fewer connections than the clients need: lease waits are measured */

    struct request *free_op;
    struct op_block *block;
    size_t op_bytes;
    double cumulative[OPS_MAX]; /* cumulative weights of the mix; the last one with weight is 1 */
    uint32_t bulk[OPS_MAX];     /* operations per request, by type */
    uint32_t bulk_most;
    unsigned starting_ops; /* types that are started (not received) with weight */
    bool warm, draining, closing, frozen;
    /* the next start belongs to the warm-up: decided by its due time in open arrival */
    bool start_warm;
    bool fill;           /* a group may open more connections */
    bool receives_later; /* --max-rate kept messages back: tune() when cap_next_ns has come */
    bool full;           /* nothing more may be written, see settings.bounded */
    bool budget_empty;   /* a client found the budget of -n used up */
    uint32_t again_waiting;
    uint64_t waiting_due; /* operations of the schedule that wait for a connection */
    /* scheduled starts beyond the budget of -n: they do not count as due */
    uint64_t over_budget;
    /* open arrival: a bulk that waits for its rows, pending_rows so far */
    struct request *pending_bulk;
    uint32_t pending_rows;
    uint64_t cap_next_ns;       /* closed under --max-rate: when the next start is allowed */
    uint64_t unthrottled_bytes; /* bytes of requests that have not ended */
    uint32_t sample;            /* counts down to the next timed generation */
    uint64_t drain_until_ns, checked_ns;
    uint64_t ended_ns;
    uint64_t spent_ns; /* when tally.spent was set */
};

/* Checks that the caller is the worker's thread, or acts for it while it does not run. */
#define worker_check_own(w) ROLE_CHECK(ROLE_WORKER, (w))

static inline struct request *request_of(struct op *op)
{
    return (struct request *)(void *)op;
}

static inline struct connection *connection_of(struct conn *conn)
{
    return (struct connection *)(void *)conn;
}

static inline struct request *conn_oldest(const struct connection *c)
{
    return request_of(c->conn.in_flight);
}

static inline struct group *conn_group(const struct connection *c)
{
    return c->conn.worker->group[c->conn.group];
}

#endif
