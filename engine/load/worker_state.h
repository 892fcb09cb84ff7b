/* What a worker is made of; the types that the files of engine/load share, and nobody else sees
 * (tests/rooms.py): all of it is the worker's thread's own but for what struct worker names.
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
    OP_WARM = 1,   /* of the warm-up, see start_warm: counted apart */
    OP_BATCH = 2,  /* of its client's present batch */
    OP_WAITED = 4, /* had to wait for a connection */
    OP_AGAIN = 8,  /* sent before: it stays offered and in flight while it waits */
    OP_DUE = 16,   /* a start of the schedule, of the other side of the account too */
    OP_HELD = 32   /* its memory is counted in unthrottled_bytes */
};

enum conn_state { CONN_CLOSED, CONN_OPENING, CONN_UP, CONN_CLOSING };

/* A request: what its backend sees of it, and what the engine keeps beside. Behind it lie the
 * op_size bytes of the backend's own (op_data). */
struct request {
    struct op op; /* first: see request_of */
    /* In its connection's list of what is in flight, oldest first. Waiting: `next` links the
     * requests of one lease, `prev` of its first request links to the next lease. Free: `next`. */
    struct request *next, *prev;
    struct request *client_next, *client_prev; /* in its client's list */
    struct client *client;
    struct connection *connection; /* while it is in flight */
    uint64_t intended_ns;          /* when the schedule or its client wanted it sent */
    uint64_t ready_ns;             /* when it was made */
    uint64_t seq;                  /* of its client */
    uint64_t *row_intended_ns; /* [row_room]: of its n operations, under open arrival when n > 1 */
    uint32_t row_room;
    uint32_t group;       /* where it waits, or went */
    uint8_t state, flags; /* enum op_state, op_flag */
};

/* A connection, likewise. Behind it lie conn_size bytes (conn_data). */
struct connection {
    struct conn conn;               /* first: see connection_of */
    struct request *newest;         /* in flight; the oldest is conn.in_flight */
    struct request *unsent;         /* the first that is not yet stamped as sent */
    uint32_t ops;                   /* in flight: the operations that its requests carry */
    struct connection *next, *prev; /* in its group's list of those with room */
    struct connection *next_dirty;  /* in the worker's list of those to be flushed */
    struct connection *next_doomed; /* in the worker's list of those to be closed */
    uint64_t opened_ns;             /* when opening began */
    uint8_t state;                  /* enum conn_state */
    bool dirty, roomy, doomed;      /* it is in that list */
    bool busy;                      /* its backend said SUBMIT_BUSY, and not yet conn_room */
    bool exclusive;                 /* what it carries has it alone */
    bool resent;  /* one in flight was sent before: not all are in order of time */
    bool trouble; /* see conn_trouble */
    bool fresh;   /* it has not answered yet */
    bool stale;   /* to be reopened, because its settings changed */
    bool retire;  /* to be closed: fewer are wanted */
    bool kept;    /* see keep_counted in conn.c */
};

struct client {
    struct worker *worker;
    uint32_t id;
    uint32_t occupied;               /* requests in flight, waiting for a connection, or thinking */
    uint64_t seq;                    /* of its next request */
    struct request *oldest, *newest; /* not ended, in the order of their start */
    struct client *next;     /* in the list of those to run, or of those with room (open arrival) */
    struct connection *conn; /* the connection it used last */
    uint64_t batch_sent_ns;  /* pattern batch: when its first request left */
    uint32_t batch_left;
    bool listed, roomy, retired, draining;
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
    struct connection *roomy, *roomy_last;  /* those that take one more lease */
    struct request *waiting, *waiting_last; /* leases asked for, first come first served */
    uint64_t next_open_ns;
    unsigned failures; /* since the last answer: how often connections were lost or not had */
    bool reroute;      /* it is down: what waits there may find another group */
    bool dispatch;     /* in the worker's list of groups to look at */
    struct group *next_dispatch;
    struct alarm reopen;
};

/* One entry of the think list: a client gets `requests` back at ready_ns. */
struct thought {
    uint64_t ready_ns;
    struct client *client;
    uint32_t requests;
};

/* What other threads see of it while it runs. */
struct worker_published {
    _Atomic uint32_t order; /* enum worker_order, from the supervisor */
    _Atomic int tid;        /* of its thread, for its time in the run queue; 0: none */
    _Atomic bool ended;     /* to the supervisor: its last turn is over */
};

/* Why connections fail; under the worker's recorder.messages. */
struct conn_failure {
    char error[192], class[24];
    uint64_t at_ns; /* 0: none has failed */
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
    struct conn_failure failure;

    /* The rest is its thread's own: worker_check_own(). The supervisor has it before the thread
     * starts and after it was joined. */
    struct tally tally;
    struct rng rng;
    struct settings now; /* as adopted */
    struct schedule schedule;

    struct client **client;       /* [clients] */
    struct client **client_block; /* [client_blocks]: how they were allocated */
    uint32_t client_blocks;
    uint32_t clients, client_room, live_clients;
    struct client_list runnable, idle; /* closed: to run; open: with room for a start */
    struct thought *thought;           /* ring of thoughts, ascending ready_ns */
    uint32_t thoughts, thought_first, thought_room;
    struct alarm think_alarm, arrival_alarm, timeout_alarm, drain_alarm;

    struct group **group; /* [groups], made when first routed to */
    uint32_t groups;
    struct group *dispatch;
    struct connection *dirty,
        *doomed;          /* to be flushed; to be closed once the backend is off the stack */
    uint32_t capacity;    /* requests that one connection carries */
    uint32_t share;       /* requests that each connection should carry if all are in use evenly */
    uint32_t lease_unit;  /* requests that one lease takes */
    uint32_t connections; /* wanted in each group */
    bool scarce;          /* fewer connections than the clients need: the lease wait is measured */

    struct request *free_op;
    struct op_block *block;
    size_t op_bytes;
    double cumulative[OPS_MAX]; /* of the mix; the last one with weight is 1 */
    uint32_t bulk[OPS_MAX];     /* operations that one request of a type carries */
    uint32_t bulk_most;
    unsigned starting_ops; /* types that are started (not received) with weight */
    bool warm, draining, closing, frozen;
    bool start_warm; /* the next start belongs to the warm-up: by its due moment in open arrival */
    bool fill;       /* a group may open more connections */
    bool receives_later; /* --max-rate kept messages back: tune() when cap_next_ns has come */
    bool full;           /* nothing more may be written: see settings.bounded */
    bool starved;        /* a client found the budget of -n used up */
    uint32_t again_waiting;
    uint64_t waiting_due;   /* operations of the schedule that wait for a connection */
    uint64_t beyond;        /* starts of the schedule that -n has no room for: they are not due */
    struct request *gather; /* open arrival: a bulk that waits for its rows, `gathered` so far */
    uint32_t gathered;
    uint64_t cap_next_ns;       /* closed under --max-rate: when the next start is allowed */
    uint64_t unthrottled_bytes; /* held by requests that are not ended */
    uint32_t sample;            /* counts down to the next timed generation */
    uint64_t drain_until_ns, walked_ns;
    uint64_t ended_ns;
    uint64_t spent_ns; /* since when tally.spent is set */
};

/* Whoever changes what is the worker's own is its thread, or acts for it while it does not run. */
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
