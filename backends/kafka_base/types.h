/* What the files of the Kafka backend share of a pool, and what stands in messages.
 *
 * In kafka_base, which knows no load:
 *
 *   options.c     options and operations
 *   properties.c  which properties of librdkafka may be given
 *   conf.c        librdkafka's configuration: properties checked, secrets, addresses
 *   error.c       its errors as classes, with advice
 *   trouble.c     brokers that are gone, back, or others
 *   threads.c     the CPU of librdkafka's own threads
 *   admin.c       blocking questions to the cluster: topic, group, offsets, settings
 *   made.c        which run made a topic or a group: marks on the cluster
 *   mock.c        librdkafka's mock cluster
 *   process.c     what the kernel says of this machine and process
 *   lag.c         does the consumer keep up?
 *   track.c       order within a partition
 *
 * In kafka:
 *
 *   kafka.c       the descriptor, the life of a worker and of a connection
 *   pool.c        pool_open, pool_close
 *   clean.c       what a saved run left behind
 *   stats.c       once a second: lag, shares, states in words
 *   table.c       its figures by number of clients
 *   sums.c        what clients met, over all workers
 *   handle.c      how librdkafka's queues wake a worker, how handles pause and end
 *   produce.c     messages out, delivery reports in; end to end
 *   consume.c     a consumer handle: its events, its partitions
 *   client.c      what clients do with messages, and where their time goes
 *
 * A connection is one application's worth of handles: a producer, a consumer, or (in a pool that
 * does both) one of each. librdkafka runs threads of its own; all that it has to say comes through
 * its queues, read by the worker's thread when the connection's eventfd fires. That descriptor is
 * written when a queue turns from empty to not empty, so a queue is drained until it is empty, a
 * bounded number a turn. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_TYPES_H
#define LOADTOP_BACKENDS_KAFKA_BASE_TYPES_H

#include "backends/common/workers.h"
#include "backends/kafka_base/lag.h"
#include "backends/kafka_base/options.h"
#include "backends/kafka_base/track.h"
#include "engine/backend.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What stands at the front of every message that is large enough; little
 * endian as the machine is. */
struct kafka_mark {
    uint32_t magic;
    uint32_t boot;     /* of the machine: a stamp is comparable only under the same one */
    uint64_t producer; /* the handle */
    uint64_t seq;      /* of the handle in this partition */
    uint64_t sent_ns;  /* CLOCK_MONOTONIC when it was handed to librdkafka */
};
#define KAFKA_MAGIC UINT32_C(0x31746c6b)

#define KAFKA_TOPIC_MOST 249 /* bytes of a topic's name: Kafka's own bound */
#define KAFKA_GROUP_MOST 255 /* of a group's: Kafka has none */
#define KAFKA_RUN 9          /* a run's id with its end */
#define KAFKA_PARTITIONS_MAX 10000
/* Of a partition, as brokers say: larger ones are none, and sums over all partitions fit. */
#define KAFKA_OFFSET_MAX (INT64_C(1) << 49)
#define KAFKA_GROUP_PREFIX "loadtop-"

/* Where clients' time went, and what they met; all in ns or counts. Sums only ever rise. */
struct kafka_sums {
    uint64_t wait_ns;   /* no message at hand and none being handled */
    uint64_t handle_ns; /* handling one: real time, or `work` */
    uint64_t thread_ns; /* a message at hand, waiting for the worker's thread */
    /* of the thread: buffers taken, given back (librdkafka's included) */
    uint64_t alloc_ns, free_ns;
    uint64_t busy_ns;         /* of the thread: all that was done for messages */
    uint64_t messages, bytes; /* taken by clients */
    struct track_counts order;
};

/* What workers show of themselves, and the sum of that. */
struct kafka_totals {
    struct kafka_sums sums;
    unsigned clients, connections, workers;
    double lag; /* deliver=each: of the client that is furthest behind; NaN: no client */
};

/* The pool's end offset and, for deliver=share, what was taken of a
 * partition by whichever client. */
struct kafka_part {
    pthread_mutex_t mutex; /* of track; held for one batch, contended only around a rebalance */
    struct track track;
    _Atomic int64_t taken; /* next offset that no client has taken; -1: none yet */
    _Atomic int64_t end;   /* as the broker said within the last second; -1: unknown */
    int64_t low;
    int64_t start;            /* where reading begins */
    int32_t in_sync;          /* replicas when the pool began; -1: nobody led it then */
    struct kafka_conn *owner; /* assign=hand, deliver=share; under the pool's mutex */
};

/* How messages are consumed: what the figures of one row have in common. */
struct kafka_way {
    unsigned clients, connections, handling;
    uint64_t work_ns;
};

/* Figures of the last stay at one number of clients, in one way. Sums over `seconds`. */
#define KAFKA_ROWS 64
struct kafka_row {
    struct kafka_way way;
    double seconds, wait_s, handle_s, thread_s, client_s, alloc_s, free_s, busy_s, thread_total_s;
    double messages, bytes, lag_first, lag_last, anon_bytes;
    double produced, produced_span_s; /* into the topic */
    double looks;                     /* at anon_bytes, which is their mean */
    uint64_t rebalances_first, rebalances;
    enum lag_state state;
    double slope;
};

struct kafka_second { /* what happened since the last look */
    /* shares of the clients' time, client_s together */
    double span_s, client_s, wait, handle, thread;
    double alloc, freed, busy_s; /* seconds of the threads' time */
    double messages_per_s, bytes_per_s, produced_per_s, lag, anon_bytes;
    unsigned clients, connections, workers;
    double slowest; /* of kafka_totals: its lag */
};

struct kafka_pool {
    struct pool *pool;
    rd_kafka_t *admin;      /* a consumer that never joins; for questions */
    const char *shown;      /* the target, for messages; borrowed */
    char *cluster;          /* its id, or the first host's name where it does not say; owned */
    bool named;             /* it did say */
    _Atomic bool elsewhere; /* another cluster answers there now: nothing is sent to it */
    char topic[KAFKA_TOPIC_MOST + 1];
    char group[KAFKA_GROUP_MOST + 1];
    bool own_group;  /* the group's name is made from the run: nobody else uses it */
    bool group_made; /* the group had no offsets before this pool */
    bool asked;      /* for the topic to be made, and no answer came */
    bool created;    /* this pool made the topic */
    bool mine;       /* it may be written to: loadtop made it, or it was allowed */
    bool marked;     /* what this pool made bears its mark, or cannot */
    char topic_unmarked[160], group_unmarked[160]; /* why it bears none; "": it does */
    bool mock; /* librdkafka's mock cluster, which is no measure of a broker */
    bool opened;
    int32_t partitions, replicas;
    struct kafka_part *part; /* [parts] = [partitions] */
    int32_t parts;
    double retention_s; /* INFINITY: for ever; NaN: unknown */
    char version[48], address[128];
    int brokers, broker_id;
    uint64_t nonce;             /* makes producers' ids unique between runs */
    _Atomic uint64_t producers; /* handles made so far */
    _Atomic uint64_t rebalances;
    _Atomic uint64_t produced; /* acknowledged */
    _Atomic unsigned dying;    /* connections whose handles are being destroyed */

    struct workers workers;
    struct kafka_totals ended; /* of workers that are gone */

    pthread_mutex_t mutex; /* all below */
    /* consumers that share partitions by hand, in the order of joining */
    struct kafka_conn *member;
    char trouble[192]; /* why no broker can be reached; "": they can */
    char why[192];     /* what one broker's link said last; "": nothing since they answered */
    uint64_t trouble_ns, why_ns; /* since when */
    char refused[256];           /* by protection, for good */
    char waits[256];             /* why the last link was not tried now; "": it was */
    _Atomic bool troubled;       /* trouble is set */
    _Atomic uint64_t up_ns;      /* when a link to a broker last came up, any handle's; 0: never */
    char stuck[192];             /* partitions that nobody leads, though brokers answer; "": none */
    _Atomic bool is_stuck;       /* stuck is set */

    pthread_mutex_t threads_mutex;
    struct kafka_thread *thread; /* librdkafka's that live */
    uint64_t threads_seen_ns;

    /* pool thread only */
    struct lag_watch lag;
    struct kafka_sums seen;
    struct kafka_row row[KAFKA_ROWS];
    unsigned rows;
    struct kafka_row *stay; /* the present one; NULL: none yet, or no place for it */
    struct kafka_way way;
    bool idle;                /* paused, or at the end */
    bool trim;                /* there are fewer handles than there were */
    double anon_before;       /* of the process, before any handle */
    struct kafka_second last; /* in which there were clients */
    double looked_s;          /* at the replicas */
    double seen_s, settled_s, ends_s, ends_seen, produced_per_s;
    uint64_t rebalances_told;
    enum lag_state told;
};

static inline const struct options *kafka_opts(const struct kafka_pool *kp)
{
    return pool_options(kp->pool);
}
static inline bool kafka_each(const struct kafka_pool *kp)
{
    return option_u64(kafka_opts(kp), K_DELIVER) == DELIVER_EACH;
}

/* Partitions are assigned by us, not by a group. */
static inline bool kafka_by_hand(const struct kafka_pool *kp)
{
    return kafka_each(kp) || pool_read_only(kp->pool) ||
           option_u64(kafka_opts(kp), K_ASSIGN) == ASSIGN_HAND;
}

#endif
