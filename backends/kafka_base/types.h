/* Data of a Kafka pool shared by the backend's files, and the header of messages.
 *
 * In kafka_base, which knows no load:
 *
 *   options.c     options and operations
 *   properties.c  which properties of librdkafka may be given
 *   conf.c        librdkafka's configuration: properties checked, secrets, addresses
 *   error.c       its errors as classes, with advice
 *   trouble.c     broker outages, and a changed cluster
 *   threads.c     the CPU of librdkafka's own threads
 *   admin.c       blocking queries of the cluster: topic, group, offsets, settings
 *   made.c        which run made a topic or a group: marks on the cluster
 *   mock.c        librdkafka's mock cluster
 *   process.c     information from the kernel
 *   lag.c         whether the consumer keeps up
 *   track.c       order within a partition
 *
 * In kafka:
 *
 *   kafka.c       the descriptor, the life of a worker and of a connection
 *   pool.c        pool_open, pool_close
 *   clean.c       leftovers of a saved run
 *   stats.c       once a second: lag, shares, states in words
 *   table.c       its figures by number of clients
 *   sums.c        the clients' counters over all workers
 *   handle.c      handles: waking a worker, pausing, destruction
 *   produce.c     messages out, delivery reports in; end to end
 *   consume.c     a consumer handle: its events, its partitions
 *   client.c      simulated clients and their time accounting
 *
 * A connection has the handles of one application: a producer, a consumer, or (in a pool that does
 * both) one of each. librdkafka runs its own threads and delivers everything through queues, which
 * the worker's thread reads when the connection's eventfd fires. The eventfd is written when a
 * queue becomes non-empty, so a queue is drained until it is empty, a bounded number per turn. */
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

/* The header of every message that is large enough, in the machine's (little-endian) byte order. */
struct kafka_mark {
    uint32_t magic;
    uint32_t boot;     /* boot id of the machine: timestamps are comparable only within one boot */
    uint64_t producer; /* id of the producer handle */
    uint64_t seq;      /* number of the message of this handle in this partition */
    uint64_t sent_ns;  /* CLOCK_MONOTONIC when it was handed to librdkafka */
};
#define KAFKA_MAGIC UINT32_C(0x31746c6b)

#define KAFKA_TOPIC_MOST 249 /* most bytes of a topic's name; Kafka's own limit */
#define KAFKA_GROUP_MOST 255 /* most bytes of a group's name; our limit, Kafka has none */
#define KAFKA_RUN 9          /* a run's id with its end */
#define KAFKA_PARTITIONS_MAX 10000
/* Largest offset accepted from a broker, so that sums over all partitions fit. */
#define KAFKA_OFFSET_MAX (INT64_C(1) << 49)
#define KAFKA_GROUP_PREFIX "loadtop-"

/* The clients' times (ns) and counters; they only increase. */
struct kafka_sums {
    uint64_t wait_ns;   /* no message available and none being handled */
    uint64_t handle_ns; /* handling a message: real time, or `work` */
    uint64_t thread_ns; /* a message is available, but the worker's thread is busy */
    /* time of the worker's thread spent allocating and freeing buffers, including librdkafka's */
    uint64_t alloc_ns, free_ns;
    uint64_t busy_ns;         /* time of the worker's thread spent on all work on messages */
    uint64_t messages, bytes; /* taken by clients */
    struct track_counts order;
};

/* A worker's published counters, and their sum. */
struct kafka_totals {
    struct kafka_sums sums;
    unsigned clients, connections, workers;
    double lag; /* deliver=each: lag of the slowest client; NaN: no client */
};

/* A partition: end offset and, for deliver=share, the offset consumed by any client. */
struct kafka_part {
    /* guards track; locked once per batch, contended only around a rebalance */
    pthread_mutex_t mutex;
    struct track track;
    _Atomic int64_t taken; /* next offset that no client has taken; -1: none yet */
    /* end offset as the broker reported it within the last second; -1: unknown */
    _Atomic int64_t end;
    int64_t low;
    int64_t start;   /* where reading begins */
    int32_t in_sync; /* replicas in sync when the pool began; -1: it had no leader */
    /* consumer that owns it, for assign=hand with deliver=share; under the pool's mutex */
    struct kafka_conn *owner;
};

/* The consuming set-up of one row of figures. */
struct kafka_setup {
    unsigned clients, connections, handling;
    uint64_t work_ns;
};

/* Figures of the last visit to one set-up. Sums over `seconds`. */
#define KAFKA_ROWS 64
struct kafka_row {
    struct kafka_setup setup;
    double seconds, wait_s, handle_s, thread_s, client_s, alloc_s, free_s, busy_s, thread_total_s;
    double messages, bytes, lag_first, lag_last, anon_bytes;
    double produced, produced_span_s; /* into the topic */
    double looks;                     /* number of samples that anon_bytes is the mean of */
    uint64_t rebalances_first, rebalances;
    enum lag_state state;
    double slope;
};

struct kafka_second { /* changes since the last second */
    /* shares of the clients' time, client_s together */
    double span_s, client_s, wait, handle, thread;
    double alloc, freed, busy_s; /* seconds that the workers' threads spent on it */
    double messages_per_s, bytes_per_s, produced_per_s, lag, anon_bytes;
    unsigned clients, connections, workers;
    double slowest; /* lag of the slowest client (lag in kafka_totals) */
};

struct kafka_pool {
    struct pool *pool;
    rd_kafka_t *admin; /* a consumer that never joins, for queries */
    const char *shown; /* the target, for messages; borrowed */
    char *cluster;     /* the cluster's id, or the first host's name if it has none; owned */
    bool named;        /* it has an id */
    _Atomic bool
        other_cluster; /* another cluster answers at the address now: nothing is sent to it */
    char topic[KAFKA_TOPIC_MOST + 1];
    char group[KAFKA_GROUP_MOST + 1];
    bool own_group;  /* the group's name contains the run's id, so no other client uses it */
    bool group_made; /* the group had no offsets before this pool */
    bool asked;      /* topic creation was requested but not answered */
    bool created;    /* this pool made the topic */
    bool mine;       /* the topic may be written to: loadtop created it, or the user allowed it */
    bool marked;     /* whether the created objects have been marked, or cannot be */
    char topic_unmarked[160], group_unmarked[160]; /* why it is not marked; "": it is */
    bool mock;                                     /* it is librdkafka's mock cluster */
    bool opened;
    int32_t partitions, replicas;
    struct kafka_part *part; /* [parts] = [partitions] */
    int32_t parts;
    double retention_s; /* INFINITY: messages never expire; NaN: unknown */
    char version[48], address[128];
    int brokers, broker_id;
    uint64_t nonce;             /* makes producers' ids unique between runs */
    _Atomic uint64_t producers; /* handles made so far */
    _Atomic uint64_t rebalances;
    _Atomic uint64_t produced; /* acknowledged */
    _Atomic unsigned dying;    /* connections whose handles are being destroyed */

    struct workers workers;
    struct kafka_totals ended; /* sums of the workers that have ended */

    pthread_mutex_t mutex; /* all below */
    /* consumers that share partitions by hand, in the order of joining */
    struct kafka_conn *member;
    char trouble[192]; /* why no broker can be reached; "": they can */
    char why[192];     /* the last error of a broker connection; "": none since an answer */
    uint64_t trouble_ns, why_ns; /* since when */
    /* the addresses that were connected to since a broker answered, with ", " between them, and when
     * the last of them was added */
    char tried[112];
    uint64_t tried_ns;
    char refused[256]; /* refused permanently by a protection */
    /* why the last connection attempt awaits consent; "": it does not */
    char waits[256];
    _Atomic bool troubled;  /* trouble is set */
    _Atomic uint64_t up_ns; /* when any handle's link to a broker last came up; 0: never */
    char stuck[192];        /* partitions without a leader while brokers answer; "": none */
    _Atomic bool is_stuck;  /* stuck is set */

    pthread_mutex_t threads_mutex;
    struct kafka_thread *thread; /* living threads of librdkafka */
    uint64_t threads_seen_ns;

    /* pool thread only */
    struct lag_watch lag;
    struct kafka_sums seen;
    struct kafka_row row[KAFKA_ROWS];
    unsigned rows;
    struct kafka_row *stay; /* the present row; NULL: none yet, or the table is full */
    struct kafka_setup setup;
    bool idle; /* paused, or at the end */
    /* the number of handles has decreased, so freed memory should be returned to the system */
    bool trim;
    double anon_before;       /* anonymous memory of the process before any handle was created */
    struct kafka_second last; /* last second with clients */
    double looked_s;          /* last check of the replicas */
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

/* Are partitions assigned by us and not by a group? */
static inline bool kafka_by_hand(const struct kafka_pool *kp)
{
    return kafka_each(kp) || pool_read_only(kp->pool) ||
           option_u64(kafka_opts(kp), K_ASSIGN) == ASSIGN_HAND;
}

#endif
