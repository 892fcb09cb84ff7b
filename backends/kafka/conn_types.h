/* The data of a worker, its connections and its clients. */
#ifndef LOADTOP_BACKENDS_KAFKA_CONN_TYPES_H
#define LOADTOP_BACKENDS_KAFKA_CONN_TYPES_H

#include "backends/common/keys.h"
#include "backends/kafka_base/track.h"
#include "backends/kafka_base/types.h"
#include "engine/backend.h"
#include "engine/os/loop.h"
#include "engine/stats/generate.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker;

/* A message that waits for clients or is being handled. Its event owns it. */
struct kafka_message {
    /* next in the free list, or in the connection's list of returned messages */
    struct kafka_message *next;
    rd_kafka_event_t *event;
    const rd_kafka_message_t *m;
    struct kafka_conn *from;
    uint32_t refs;
};

#define KAFKA_BURST 128 /* messages that are read and passed on together */
#define KAFKA_RING 256  /* messages that may wait for a busy client; a power of two */

/* Waiting: no message is available. Ready: one is, but the thread is busy. */
enum client_state { CLIENT_WAITING, CLIENT_READY, CLIENT_HANDLING };
struct kafka_client {
    struct kafka_worker *worker;
    uint32_t id;
    enum client_state state;
    uint64_t since_ns; /* time up to which its time is accounted */
    uint64_t due_ns;   /* end of the present busy period */
    uint64_t wait_ns, handle_ns, thread_ns;
    struct alarm done;           /* end of the present busy period */
    struct kafka_message **ring; /* [KAFKA_RING], made when first needed */
    uint32_t first, count;
    struct {
        struct kafka_message *message; /* borrowed */
        void *copy;                    /* or a copy of `size` bytes */
        size_t size;
    } * handled; /* [KAFKA_RING]: messages of the present busy period */
    uint32_t holding;
    struct track *track; /* [partitions], deliver=each */
    /* [partitions], deliver=each: offset where its stream began; -1: not begun yet */
    int64_t *begun;
};

#define BUFFER_CLASSES 16 /* 64 bytes to 2 MiB */
#define BUFFERS_KEPT 1024 /* spare buffers of a class, with handling=recycle */
struct kafka_buffers {
    void **spare[BUFFER_CLASSES];
    uint32_t count[BUFFER_CLASSES];
};

struct kafka_worker {
    struct workers_entry entry;
    struct worker *worker;
    struct kafka_pool *pool;
    struct kafka_client **client;
    uint32_t clients, client_room;
    uint32_t connections;
    uint32_t stalled; /* connections that wait for room at their clients */
    bool paused, consumes, tuned;
    unsigned ticks;
    struct kafka_message *spare;
    struct kafka_buffers buffers;
    struct alarm tick;      /* four times a second: offsets stored, sums published, queues polled */
    struct kafka_sums sums; /* without the present clients' sums */
    struct kafka_totals shown; /* without those of the clients that exist now */
    uint64_t started_ns;
    char *payload;        /* producers: random text with room for a mark at any offset */
    size_t payload_bytes; /* the largest message that fits at any offset */
    uint64_t stamp_ns, stamps, looked;
    struct keys keys;
};

struct kafka_owned { /* A partition assigned to one consumer. */
    bool assigned;
    /* deliver=share: rank among the connection's partitions; its client's id */
    uint32_t share, client;
    uint32_t pending;      /* in its client's ring */
    _Atomic int64_t taken; /* next offset not consumed by this connection's clients; -1: none */
    int64_t stored;        /* offset passed to librdkafka for the next commit */
};

/* Shared with librdkafka's threads; outlives the connection if destroying its handles takes
 * long. */
struct kafka_signal {
    int fd; /* eventfd: a queue has something, or the handles are destroyed */
    /* when the consumer's queue became non-empty; 0: it was read since */
    _Atomic uint64_t arrived_ns;
    _Atomic bool destroyed;
    _Atomic unsigned refs;
};

struct kafka_conn {
    struct conn *conn;
    struct kafka_worker *worker;
    struct kafka_pool *pool;
    struct kafka_signal *signal;
    struct watch watch;
    bool closing, reaping, more, stalled, down;

    rd_kafka_t *producer;
    rd_kafka_queue_t *reports;
    rd_kafka_topic_t *topic;
    uint64_t id;       /* signs messages */
    uint64_t *seq;     /* [partitions] */
    int32_t partition; /* sticky: now */
    uint64_t sticky_until_ns;
    bool full, more_reports;
    int queue_low; /* queue length below which a full queue counts as having room again */

    int32_t trip_partition;
    struct op **trip; /* end-to-end requests in flight: [trip_room], by message number */
    uint32_t trip_room;
    uint64_t trip_first, trip_next;

    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue, *closing_queue;
    uint64_t close_by_ns;
    struct alarm leaving; /* checks whether leaving the group is complete */
    /* what had been read when its broker threads were last woken */
    uint64_t read_bytes, read_messages;
    struct kafka_owned *own; /* [partitions] */
    uint32_t owned;
    /* messages returned by clients that left: delivered first */
    struct kafka_message *back, *back_last;
    bool trips, is_member, shared;
    struct kafka_conn *next_member;
    _Atomic bool reassign; /* the members changed */
    rd_kafka_event_t *event[KAFKA_BURST];
    const rd_kafka_message_t *message[KAFKA_BURST];
};
static inline struct kafka_conn *kafka_conn_at(const struct kafka_worker *kw, uint32_t i)
{
    struct conn *c = worker_conn(kw->worker, 0, i);
    return c ? conn_data(c) : NULL;
}

#endif
