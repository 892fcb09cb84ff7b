/* What one worker counts and measures, and how the monitor reads it without ever making it wait.
 *
 * Two mechanisms, both wait-free for the worker:
 * - the tally: every counter of a worker, published together at the end of each turn of its loop
 * under a sequence lock, so that a reader sees the five counts of one and the same moment;
 * - the intervals: two sets of histograms of which the worker fills one. The monitor flips which,
 * waits (without blocking anyone) until the worker has left the turn in which it may still use the
 * old one, and drains it. A worker that sleeps needs no wake-up for that. (The idea is Tene's
 * writer-reader phaser.)
 *
 * One writer, one reader. */
#ifndef LOADTOP_ENGINE_RECORDER_H
#define LOADTOP_ENGINE_RECORDER_H

#include "engine/histogram.h"
#include "engine/scenario.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Only 64-bit counters: it is published word by word. Times in ns on the loop's clock. */
struct tally {
    uint64_t offered, completed, errors, timeouts, in_flight, dropped; /* after the warm-up */
    uint64_t warm_offered, warm_completed, warm_errors, warm_timeouts, warm_in_flight, warm_dropped;
    uint64_t waiting;   /* operations that wait for a connection, not offered yet */
    uint64_t connected; /* connections that stand */
    uint64_t sent_bytes, received_bytes;
    uint64_t in_flight_area,
        area_ns; /* integral of operations in flight over time, until area_ns */
    uint64_t generate_ns, wait_ns,
        idle_ns;               /* choosing what to send; waiting for answers; nothing to do */
    uint64_t turns, turned_ns; /* turns of the loop; the moment of the last */
    uint64_t last_end_ns;      /* when the last operation ended */
    uint64_t first_ns;         /* when the first operation was offered; 0: none yet */
    uint64_t batches;
    uint64_t peak_bytes; /* unthrottled: the most its requests held */
    uint64_t cpu_ns;     /* of the thread, set at its end */
    uint64_t spent;      /* 1: -n is used up and nothing is in flight */
    uint64_t miscounted; /* times a walk of the connections found another number in flight */
    uint64_t op_completed[OPS_MAX], op_errors[OPS_MAX], op_timeouts[OPS_MAX];
};
#define TALLY_WORDS (sizeof(struct tally) / sizeof(uint64_t))

enum measure {
    MEASURE_SAME,     /* service time, which is the response time too */
    MEASURE_SERVICE,  /* service time of an operation whose response time differs */
    MEASURE_RESPONSE, /* its response time */
    MEASURES
};
/* Measures of the worker as a whole. */
enum extra { EXTRA_LAG, EXTRA_LEASE, EXTRA_BATCH, EXTRAS };

struct interval_set { /* one of the two */
    struct histogram op[OPS_MAX][MEASURES];
    struct histogram extra[EXTRAS];
};

#define RECORDER_CLASSES 64
struct class_slot {
    char name[40]; /* written once, before `classes` counts it */
    _Atomic uint64_t count, first_ns, last_ns;
    char first[192], last[192]; /* under `messages` */
    uint64_t message_ns;
};

struct recorder {
    _Atomic uint64_t seq; /* of the tally: odd while it is being written */
    _Atomic uint64_t published[TALLY_WORDS];

    _Atomic uint64_t turn;     /* odd while the worker may record */
    _Atomic unsigned phase;    /* which set it is to fill from its next turn on */
    struct interval_set *live; /* worker only: the set of this turn */
    struct interval_set set[2];
    uint64_t flipped_at;       /* reader only: the turn seen at the flip */
    _Atomic uint32_t prepared; /* bit i: the histograms of op i exist */

    _Atomic unsigned classes;
    struct class_slot *slot[RECORDER_CLASSES];
    pthread_mutex_t messages;
};

int recorder_init(
    struct recorder *); /* 0 or -1: out of memory. The extras are prepared, no op is */
void recorder_shrink(struct recorder *); /* gives up the histograms; tally and error classes stay */
void recorder_fini(struct recorder *);
/* Makes the histograms of op type i; before its first operation. Worker, or before it starts. 0 or
 * -1. */
int recorder_prepare(struct recorder *, unsigned type);

/* ---- worker's side */
void recorder_turn_begin(struct recorder *);
void recorder_turn_end(struct recorder *, const struct tally *);
static inline void recorder_add(struct recorder *r, unsigned type, enum measure m, uint64_t ns,
                                uint64_t n)
{
    histogram_record_n(&r->live->op[type][m], ns, n);
}
static inline void recorder_extra(struct recorder *r, enum extra e, uint64_t ns)
{
    histogram_record_n(&r->live->extra[e], ns, 1);
}
/* Counts an error of a class. Never waits: a message is left out while the monitor reads messages.
 */
void recorder_error(struct recorder *, const char *error_class, uint64_t count, const char *msg,
                    size_t len, uint64_t now_ns);

/* ---- monitor's side */
void recorder_read(const struct recorder *, struct tally *); /* a consistent tally */
void recorder_flip(struct recorder *); /* from the next turn on the other set */
/* True when the set that was flipped away is the reader's. */
bool recorder_quiet(const struct recorder *);
struct interval_set *recorder_idle_set(struct recorder *);

#endif
