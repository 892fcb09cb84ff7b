/* What one worker counts and measures, and how the monitor reads it without ever making it wait.
 *
 * Two mechanisms, both wait-free for the worker:
 * - the tally: every counter of a worker, published together at the end of each turn of its loop
 *   under a sequence lock, so that a reader sees the five counts of one and the same moment;
 * - the intervals: two sets of measured values of which the worker fills one. The monitor flips
 *   which, waits (without blocking anyone) until the worker has left the turn in which it may still
 *   use the old one, and drains it. A worker that sleeps needs no wake-up for that. (The idea is
 *   Tene's writer-reader phaser.) The first values of an interval are kept as they are, and only
 *   what comes after them goes into histograms: a worker that does a few operations in a tenth of a
 *   second costs half a kilobyte and no histogram, and a thousand of them are merged in a
 *   millisecond.
 *
 * One writer, one reader. */
#ifndef LOADTOP_ENGINE_STATS_RECORDER_H
#define LOADTOP_ENGINE_STATS_RECORDER_H

#include "engine/stats/histogram.h"
#include "engine/config/scenario.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct op_tally {
    uint64_t completed, errors, timeouts;
};

/* Only 64-bit counters: it is published word by word, up to the last type of operation in use.
 * Times in ns on the loop's clock. */
struct tally {
    uint64_t offered, completed, errors, timeouts, in_flight, dropped; /* after the warm-up */
    uint64_t warm_offered, warm_completed, warm_errors, warm_timeouts, warm_in_flight, warm_dropped;
    /* The other side of the account, of open arrival, the warm-up included:
     * due by the schedule = scheduled (those of offered that are its starts)
     *                       + not_started + warm_not_started + still_due. */
    uint64_t due, scheduled, not_started, warm_not_started, still_due;
    uint64_t waiting;   /* operations that wait for a connection, not offered yet */
    uint64_t connected; /* connections that are up */
    uint64_t connections_wanted;
    uint64_t refused; /* how often a connection could not be established */
    uint64_t sent_bytes, received_bytes;
    uint64_t sent; /* operations in flight that have been sent (flushed) */
    /* integral of `sent` over time, until area_ns: what latencies are measured over, so that N =
     * X R can hold exactly */
    uint64_t in_flight_area, area_ns;
    /* choosing what to send; waiting for answers; nothing to do */
    uint64_t generate_ns, wait_ns, idle_ns;
    uint64_t turns, turned_ns; /* turns of the loop; the moment of the last */
    /* the last time between two turns that was long: how long, and until when; 0: none was */
    uint64_t still_ns, still_until_ns;
    uint64_t last_end_ns; /* when the last operation ended */
    uint64_t first_ns;    /* when the first operation was offered; 0: none yet */
    uint64_t batches;
    uint64_t peak_bytes; /* unthrottled: peak memory of its requests */
    uint64_t cpu_ns;     /* CPU time of the thread, set at its end */
    uint64_t spent;      /* 1: -n is used up and nothing is in flight */
    /* times a walk of the connections found another number in flight, or the schedule's counts did
     * not add up */
    uint64_t miscounted;
    struct op_tally op[OPS_MAX];
};
#define TALLY_WORDS ((unsigned)(sizeof(struct tally) / sizeof(uint64_t)))
#define OP_WORDS ((unsigned)(sizeof(struct op_tally) / sizeof(uint64_t)))
#define TALLY_WORDS_OF(types) (TALLY_WORDS - OP_WORDS * (OPS_MAX - (types)))

enum measure {
    MEASURE_SAME,     /* service time, which is the response time too */
    MEASURE_SERVICE,  /* service time of an operation whose response time differs */
    MEASURE_RESPONSE, /* its response time */
    MEASURES
};
/* Measures of the worker as a whole. */
enum extra { EXTRA_LAG, EXTRA_LEASE, EXTRA_BATCH, EXTRAS };

/* Numbers of the measured series: the operations' measures, then the extras. */
#define SERIES_OF(type, measure) ((unsigned)(type)*MEASURES + (unsigned)(measure))
#define SERIES_EXTRA(extra) (OPS_MAX * MEASURES + (unsigned)(extra))
#define SERIES SERIES_EXTRA(EXTRAS)

#define NOTES 62
struct interval_set {     /* one of the two */
    uint64_t touched;     /* bit i: of[i] has values */
    uint64_t notes;       /* in note[] */
    uint64_t note[NOTES]; /* ns (42 bits), series (6), how many (16) */
    struct histogram of[SERIES];
};

#define RECORDER_CLASSES 64
struct class_slot {
    char name[40]; /* written once, before `classes` counts it */
    _Atomic uint64_t count, first_ns, last_ns;
    char first[192], last[192]; /* under `messages` */
    uint64_t message_ns;
};

/* Errors by class; slots are appended and never change place. */
struct class_table {
    _Atomic unsigned classes;
    struct class_slot *slot[RECORDER_CLASSES]; /* [classes] */
};

struct recorder {
    /* read at each tick: kept together */
    _Atomic uint64_t seq;      /* sequence lock of the tally: odd while it is being written */
    _Atomic uint64_t turn;     /* odd while the worker may record */
    _Atomic unsigned phase;    /* which set the worker fills from its next turn on */
    _Atomic unsigned types;    /* 1 + the last type of operation that the tally has counts of */
    struct interval_set *live; /* worker only: the set of this turn */
    uint64_t flipped_at;       /* reader only: the turn seen at the flip */
    _Atomic uint64_t published[TALLY_WORDS];
    struct interval_set set[2];
    uint32_t prepared; /* worker only; bit i: the histograms of op i exist */

    struct class_table errors;      /* of operations, after the warm-up */
    struct class_table conn_errors; /* of connections: not established, or lost */
    pthread_mutex_t messages;
};

/* 0 or -1: out of memory. The extras are prepared, no op is */
int recorder_init(struct recorder *);
/* frees the histograms; tally and error classes are kept */
void recorder_shrink(struct recorder *);
void recorder_fini(struct recorder *);
/* Makes the histograms of op type i; before its first operation. Worker, or before it starts. 0 or
 * -1. */
int recorder_prepare(struct recorder *, unsigned type);

/* ---- worker's side ---- */

void recorder_turn_begin(struct recorder *);
void recorder_turn_end(struct recorder *, const struct tally *);
static inline void interval_add(struct interval_set *s, unsigned series, uint64_t ns, uint64_t n)
{
    if (s->notes < NOTES && ns <= HISTOGRAM_MAX_NS && n <= UINT16_MAX) {
        s->note[s->notes++] = ns | (uint64_t)series << 42 | n << 48;
        return;
    }
    s->touched |= UINT64_C(1) << series;
    histogram_record_n(&s->of[series], ns, n);
}
static inline void recorder_add(struct recorder *r, unsigned type, enum measure m, uint64_t ns,
                                uint64_t n)
{
    interval_add(r->live, SERIES_OF(type, m), ns, n);
}
static inline void recorder_extra(struct recorder *r, enum extra e, uint64_t ns)
{
    interval_add(r->live, SERIES_EXTRA(e), ns, 1);
}
/* Publishes the tally's counts of this type from now on. To be called before the first of them. */
void recorder_uses(struct recorder *, unsigned type);
/* The author of a message: a server's text may contain a secret anywhere. */
enum words { WORDS_OURS, WORDS_SERVERS };
/* Counts an error of a class in one of the recorder's two tables. Never waits: a message is left
 * out while the monitor reads messages, and when one of its class was kept in the last 10 ms; only
 * what is kept is searched for secrets. */
void recorder_error(struct recorder *, struct class_table *, const char *error_class,
                    uint64_t count, const char *msg, size_t len, enum words, uint64_t now_ns);

/* ---- monitor's side ---- */

void recorder_read(const struct recorder *, struct tally *); /* a consistent tally */
/* makes the worker fill the other set from its next turn on */
void recorder_flip(struct recorder *);
/* True when the flipped set is no longer used by the worker and may be read. */
bool recorder_quiet(const struct recorder *);
struct interval_set *recorder_idle_set(struct recorder *);
/* Has the worker had no turn since its set was drained, so that there is nothing to read? */
static inline bool recorder_still(const struct recorder *r)
{
    return !(r->flipped_at & 1) &&
           atomic_load_explicit(&r->turn, memory_order_acquire) == r->flipped_at;
}
/* Moves the set's values into to[SERIES], whose members are created when first needed. Returns
 * which of them have changed (bit i: to[i]). Out of memory: values without a histogram stay in the
 * set. */
uint64_t interval_drain(struct interval_set *, struct histogram *to);

#endif
