/* A worker and what it is made of; private to the engine.
 *
 * One thread, one loop, its clients, its connections in groups, one generator, one schedule, one
 * recorder. It shares nothing with other workers but the pool's settings (read when their version
 * changes), the budget of `-n` and the sequence of `dist=sequential` (atomics, used only where
 * asked for).
 *
 *   worker.c     life, turns, settings, publishing
 *   client.c     what a client starts
 *   open_loop.c  open arrival
 *   op.c         the memory, the counts and the end of a request
 *   lease.c      room on connections and who waits for it
 *   conn.c       connections and their groups */
#ifndef LOADTOP_ENGINE_WORKER_H
#define LOADTOP_ENGINE_WORKER_H

#include "engine/arrival.h"
#include "engine/backend.h"
#include "engine/loop.h"
#include "engine/pattern.h"
#include "engine/recorder.h"
#include "engine/scenario.h"

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
    OP_DUE = 16    /* a start of the schedule, of the other side of the account too */
};

enum conn_state { CONN_CLOSED, CONN_OPENING, CONN_UP, CONN_CLOSING };

/* What a pool wants of its workers at a moment; copied whole by a worker when `version` changed. */
struct settings {
    uint64_t version;
    struct load load; /* depth resolved: never 0 */
    uint32_t workers; /* running ones, for the share of the rate */
    bool paused;      /* nothing is started */
    double cap_per_s; /* of one worker, when closed: --max-rate; 0: none */
    bool counted;     /* -n: operations are claimed from the pool's budget */
    bool bounded;     /* --max-bytes, or the target's room: bytes are taken, see guard.h */
    uint64_t timeout_ns;
    uint64_t anew;           /* rises when connections must be opened anew, see OPTION_REOPEN */
    uint64_t record_from_ns; /* end of the warm-up, on the loop's clock */
    uint64_t end_ns;         /* nothing is started from then on; NS_NEVER: no end */
};

struct client {
    struct worker *worker;
    uint32_t id;
    uint32_t occupied;          /* requests in flight, waiting for a connection, or thinking */
    uint64_t seq;               /* of its next request */
    struct op *oldest, *newest; /* not ended, in the order of their start */
    struct client *next;    /* in the list of those to run, or of those with room (open arrival) */
    struct conn *conn;      /* the connection it used last */
    uint64_t batch_sent_ns; /* pattern batch: when its first request left */
    uint32_t batch_left;
    bool listed, roomy, retired, draining;
};

struct client_list {
    struct client *head, *tail;
};

struct group {
    struct worker *worker;
    uint32_t id;
    struct conn **conn; /* [conns], by id */
    uint32_t conns, room, opening, up, closed, fill_at;
    struct conn *roomy, *roomy_last;   /* those that take one more lease */
    struct op *waiting, *waiting_last; /* leases asked for, first come first served */
    uint64_t next_open_ns;
    unsigned failures; /* since the last answer: how often connections were lost or not had */
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

struct worker {
    struct pool *pool;
    const struct backend *backend;
    uint32_t index;
    pthread_t thread;
    bool threaded; /* has a thread that must be joined */
    struct loop *loop;
    struct recorder recorder;
    struct tally tally;
    struct rng rng;
    struct settings now; /* as adopted */
    struct schedule schedule;

    _Atomic uint32_t order; /* enum worker_order, from the supervisor */
    _Atomic int tid;        /* of its thread, for its time in the run queue; 0: none */
    _Atomic uint32_t stage; /* enum worker_stage, to the supervisor */

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
    struct conn *dirty, *doomed; /* to be flushed; to be closed once the backend is off the stack */
    uint32_t capacity;           /* requests that one connection carries */
    uint32_t share;       /* requests that each connection should carry if all are in use evenly */
    uint32_t lease_unit;  /* requests that one lease takes */
    uint32_t connections; /* wanted in each group */
    bool scarce;          /* fewer connections than the clients need: the lease wait is measured */

    struct op *free_op;
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
    uint64_t waiting_due; /* operations of the schedule that wait for a connection */
    uint64_t beyond;      /* starts of the schedule that -n has no room for: they are not due */
    struct op *gather;    /* open arrival: a bulk that waits for its rows, `gathered` so far */
    uint32_t gathered;
    char conn_error[192], conn_class[24]; /* why connections fail; under recorder.messages */
    uint64_t conn_error_ns;
    uint64_t cap_next_ns;       /* closed under --max-rate: when the next start is allowed */
    uint64_t unthrottled_bytes; /* held by requests that are not ended */
    uint32_t sample;            /* counts down to the next timed generation */
    uint64_t drain_until_ns, walked_ns;
    uint64_t started_ns, ended_ns;
    uint64_t spent_ns;       /* since when tally.spent is set */
    bool stuck;              /* supervisor only: it does not end */
    uint64_t ordered_ns;     /* supervisor only: when its end was seen to be ordered */
    uint64_t queued_seen_ns; /* supervisor only: its time in the run queue at the last second */
    double queued_share;
    bool reaped; /* supervisor only: ended, joined, folded in */
    /* supervisor's memory of it */
    struct tally seen;
    uint64_t cpu_seen_ns;
    double cpu_share;
    bool pending_drain; /* its flipped set is not drained yet */
    bool still;         /* it had no turn since it was drained */
};

enum worker_order { ORDER_RUN, ORDER_DRAIN, ORDER_CLOSE };
enum worker_stage { STAGE_RUNNING, STAGE_DRAINING, STAGE_ENDED, STAGE_STUCK };

#define DRAIN_NS (5 * NS_PER_S)
#define CLOSE_NS (2 * NS_PER_S)

/* ---- worker.c ---- */

/* A worker of the pool, with its loop and memory; not running. NULL and err. */
struct worker *worker_new(struct pool *, uint32_t index, uint64_t *virtual_clock, struct err *);
int worker_start(struct worker *, struct err *); /* its thread */
void worker_shrink(struct worker *);             /* after its end: gives up all but its figures */
void worker_free(struct worker *);               /* after its end; takes NULL */
/* One turn; true while there is more to do. Virtual time calls it, the thread loops over it. */
bool worker_turn(struct worker *);
void worker_order(struct worker *, enum worker_order); /* any thread; wakes it */
uint64_t worker_next_due(const struct worker *);       /* virtual time: when it must run next */
void worker_account(struct worker *);                  /* brings the in-flight area up to now */

/* ---- client.c: what a client starts ---- */

void client_init(struct client *, struct worker *, uint32_t id);
void client_ready(struct client *);               /* the next settle looks at it */
void clients_run(struct worker *, unsigned most); /* those that are ready; leaves the rest listed */
uint32_t capped(struct worker *, uint32_t n);     /* how many of n --max-rate allows now */
void capped_run(struct worker *); /* closed under --max-rate: who had to wait for it */
void client_list_append(struct client_list *, struct client *);
struct client *client_list_pop(struct client_list *); /* NULL: empty */
uint32_t client_starts(struct client *);              /* how many requests its pattern starts now */
/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
void client_start(struct client *, uint32_t n, struct op *(*make)(struct client *));
uint16_t mix_choose(struct worker *);
/* Claims n operations from the budget of -n, if there is one; how many were granted. */
uint32_t budget_claim(struct worker *, uint32_t n);
/* How much of it there is for operations to come, up to `most`, as it stands at the moment. */
uint64_t budget_left(const struct worker *, uint64_t most);
void budget_return(struct worker *, uint32_t n); /* claimed at this moment, and not needed */
void budget_unclaim(struct worker *, const struct op *);
/* A request of a type, not yet anyone's, for n operations that are claimed already. NULL: out of
 * memory. */
struct op *op_make(struct worker *, uint16_t type, uint32_t n);
/* NULL, and the request given back: it would write more than --max-bytes or the target's room
 * leave; then nothing more is started. */
struct op *op_bounded(struct worker *, struct op *);
/* Gives it to a client and lets the backend choose what it is about. */
void op_adopt(struct client *, struct op *);

/* ---- open_loop.c: open arrival ---- */

void arrivals_run(struct worker *);
/* Opens the schedule, changes it or ends it, as the settings say. */
void arrival_restart(struct worker *);
/* Counts a request of the schedule that is never sent, row by row: dropped, or not started. */
void arrival_unplaced(struct worker *, const struct op *);
void arrivals_account(struct worker *); /* both sides of the account, at the end of a turn */

/* ---- op.c: the memory, the counts and the end of a request ---- */

struct op *op_take(struct worker *); /* NULL: out of memory */
void op_free(struct worker *, struct op *);
void ops_free(struct worker *); /* all of them, at the worker's end */
void op_offered(struct worker *, struct op *);
void op_unoffered(struct worker *, struct op *);
void op_count_in_flight(struct worker *, const struct op *, int sign);
/* Its connection is gone (class given), or it was refused for good (no class:
 * op_error was called). */
void op_lost(struct op *, const char *error_class, const char *msg, size_t len);
void op_give_back(struct op *); /* never sent: back to the client and the budget */
/* Time is up. On a connection it stays, abandoned, until its answer comes
 * or the connection goes. */
void op_expire(struct op *);
void client_release(struct op *); /* the client gets its place back: the request has ended */
void think_fire(struct alarm *);

/* ---- lease.c: room on connections, and who waits for it ---- */

/* Leases a connection for a chain of requests (linked by next) and submits
 * them, or makes it wait. */
void lease(struct worker *, struct op *chain);
void lease_in(struct worker *, struct op *chain, uint32_t id);
void leases_dispatch(struct worker *); /* groups in which room appeared */
void leases_reroute(struct group *);   /* it is down: what waits there may find another */
void leases_expire(struct group *,
                   uint64_t before_ns); /* what waits there since before_ns is too late */
/* Pause, end and a change of pattern: what waits is given back, but for what was sent before, and
 * what is due while the schedule is open, which waits on by itself. */
void waiting_discard(struct worker *);
void room_changed(struct conn *);
void room_gone(struct conn *);     /* it is lost */
void room_wanted(struct group *);  /* who waits there is looked at in the next settle */
void conn_unlink(struct op *);     /* out of its connection, which may have room again */
void conns_flush(struct worker *); /* stamps and sends what was gathered */

/* ---- conn.c: connections and groups ---- */

struct group *group_get(struct worker *, uint32_t id);
/* After a change of settings; anew: those that stand are opened anew once they carry nothing. */
void conns_tune(struct worker *, bool anew);
void conns_fill(struct group *);                 /* opens what is wanted and allowed now */
void conn_doom(struct conn *);                   /* closed in the next settle, if still to retire */
void conns_settle(struct worker *);              /* opens and closes those that were to */
bool conns_close_all(struct worker *);           /* begins; true when all are closed */
uint64_t conns_count_ops(const struct worker *); /* in flight by walking the connections */
void conns_free(struct worker *);
void timeouts_fire(struct alarm *);

static inline struct group *conn_group(const struct conn *c)
{
    return c->worker->group[c->group];
}

#endif
