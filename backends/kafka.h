/* The Kafka backend's own structures, shared by backends/kafka*.c and by nobody else.
 *
 *   kafka.c          the descriptor, options, one connection's life
 *   kafka_conf.c     librdkafka's configuration: properties checked, secrets, addresses, errors
 *   kafka_threads.c  the CPU of librdkafka's own threads
 *   kafka_admin.c    blocking questions to the cluster: topic, group, offsets, settings
 *   kafka_made.c     which run made a topic or a group: marks on the cluster
 *   kafka_pool.c     pool_open, pool_close
 *   kafka_clean.c    what a saved run left behind
 *   kafka_stats.c    once a second: lag, shares, states in words
 *   kafka_produce.c  messages out, delivery reports in; end to end
 *   kafka_consume.c  a consumer handle: its events, its partitions
 *   kafka_client.c   what clients do with messages, and where their time goes
 *
 * A connection is one application's worth of handles: a producer, a consumer, or (in a pool that
 * does both) one of each. librdkafka runs threads of its own; all that it has to say comes through
 * its queues, read by the worker's thread when the connection's eventfd fires. That descriptor is
 * written when a queue turns from empty to not empty, so a queue is drained until it is empty, a
 * bounded number a turn. */
#ifndef LOADTOP_BACKENDS_KAFKA_H
#define LOADTOP_BACKENDS_KAFKA_H

#include "backends/kafka_options.h"
#include "backends/kafka_state.h"
#include "backends/kafka_track.h"
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

    pthread_mutex_t mutex;       /* all below */
    struct kafka_worker *worker; /* list */
    /* consumers that share partitions by hand, in the order of joining */
    struct kafka_conn *member;
    struct kafka_sums ended; /* of workers that are gone */
    char trouble[192];       /* why no broker can be reached; "": they can */
    char why[192];           /* what one broker's link said last; "": nothing since they answered */
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

/* A message that waits for, or is held by, clients. Its event owns it. */
struct kafka_message {
    struct kafka_message *next; /* free list, or the connection's list of messages given back */
    rd_kafka_event_t *event;
    const rd_kafka_message_t *m;
    struct kafka_conn *from;
    uint32_t refs;
};

#define KAFKA_BURST 128 /* messages that are read, and handed on, together */
#define KAFKA_RING 256  /* messages that may wait for a client that is busy; a power of two */

enum client_state { CLIENT_WAITING, CLIENT_READY, CLIENT_HANDLING };
struct kafka_client {
    struct kafka_worker *worker;
    uint32_t id;
    enum client_state state;
    uint64_t since_ns; /* accounted up to here */
    uint64_t due_ns;   /* end of the present busy period */
    uint64_t wait_ns, handle_ns, thread_ns;
    struct alarm done;           /* end of the present busy period */
    struct kafka_message **ring; /* [KAFKA_RING], made when first needed */
    uint32_t first, count;
    struct {
        struct kafka_message *message; /* borrowed */
        void *copy;                    /* or a copy of `size` bytes */
        size_t size;
    } * held; /* [KAFKA_RING]: messages of the present busy period */
    uint32_t holding;
    struct track *track; /* [partitions], deliver=each */
    int64_t *begun;      /* [partitions], likewise: where its stream began; -1: not yet */
};

#define BUFFER_CLASSES 16 /* 64 bytes to 2 MiB */
#define BUFFERS_KEPT 1024 /* of a class: the bound of the pool of handling=recycle */
struct kafka_buffers {
    void **spare[BUFFER_CLASSES];
    uint32_t count[BUFFER_CLASSES];
};

struct kafka_worker {
    struct worker *worker;
    struct kafka_pool *pool;
    struct kafka_worker *next; /* in the pool's list */
    struct kafka_client **client;
    uint32_t clients, client_room;
    uint32_t connections;
    uint32_t stalled; /* connections that wait for room at their clients */
    bool paused, consumes, tuned;
    unsigned ticks;
    struct kafka_message *spare;
    struct kafka_buffers buffers;
    struct alarm tick;      /* four times a second: offsets stored, sums published, queues polled */
    struct kafka_sums sums; /* without what live clients carry */
    struct kafka_sums shown; /* under the pool's mutex, as the two below */
    uint32_t shown_clients, shown_connections;
    double shown_lag; /* deliver=each: of the client that is furthest behind; NaN: no client */
    uint64_t started_ns;
    char *payload;        /* producers: random text with room for a mark anywhere */
    size_t payload_bytes; /* the largest message that it holds at any place */
    uint64_t stamp_ns, stamps, looked;
    struct zipf zipf;
    uint64_t zipf_keys;
};

struct kafka_owned { /* a partition as one consumer has it */
    bool assigned;
    /* deliver=share: rank among the connection's partitions; its client's id */
    uint32_t share, client;
    uint32_t pending;      /* in its client's ring */
    _Atomic int64_t taken; /* next offset not taken by this consumer's clients; -1: none */
    int64_t stored;        /* as given to librdkafka for the next commit */
};

/* What librdkafka's threads touch; outlives the connection if its handles are slow to die. */
struct kafka_signal {
    int fd; /* eventfd: a queue has something, or the handles are destroyed */
    _Atomic uint64_t
        arrived_ns; /* when the consumer's queue turned from empty to not empty; 0: since read */
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
    int queue_low; /* messages in the queue below which a full one has room again */

    int32_t trip_partition;
    struct op **trip; /* end to end: [trip_room] by number */
    uint32_t trip_room;
    uint64_t trip_first, trip_next;

    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue, *closing_queue;
    uint64_t close_by_ns;
    struct alarm leaving;               /* looks again whether the group was left */
    uint64_t read_bytes, read_messages; /* since its broker threads were last woken */
    struct kafka_owned *own;            /* [partitions] */
    uint32_t owned;
    struct kafka_message *back, *back_last; /* came back from clients that left: read again first */
    bool trips, is_member, shared;
    struct kafka_conn *next_member;
    _Atomic bool reassign; /* the members changed */
    rd_kafka_event_t *event[KAFKA_BURST];
    const rd_kafka_message_t *message[KAFKA_BURST];
};

/* ---- kafka_conf.c ---- */

/* Checks every kafka.PROPERTY with librdkafka, each for itself. ERR_USAGE with its words. */
int kafka_conf_check(const struct target *, const struct options *, struct err *);
/* Do they fit together, and with the target's user? Makes handles that connect to nothing.
 * ERR_USAGE with librdkafka's words. */
int kafka_conf_try(struct kafka_pool *, struct err *);
/* A configuration for a producer or a consumer; the caller owns it. NULL and err.
 * sender: client.id. kp: whose connections are asked about (connect_to); NULL: no
 * handle is made with it. */
rd_kafka_conf_t *kafka_conf_new(struct kafka_pool *kp, const struct target *,
                                const struct options *, const char *sender, rd_kafka_type_t,
                                struct err *);
/* As rd_kafka_new, with the handle's threads and links watched. Takes conf, whether it fails or
 * not. */
rd_kafka_t *kafka_handle_new(struct kafka_pool *, rd_kafka_type_t, rd_kafka_conf_t *conf,
                             char *words, size_t size);
/* The host of what librdkafka connects to: "host:9092", "[::1]:9092", "::1:9092". False: it is not
 * to be had whole, for librdkafka cuts a long one, and connects to what is left of it. */
bool kafka_broker_host(const char *id, char *host, size_t size);
/* Where fetch.queue.backoff.ms is not known, librdkafka's broker thread sleeps for up to 1 s once a
 * consumer's queue is full, and emptying the queue does not wake it: a consumer with a small queue
 * and a slow client would be throttled to one queue a second and seem to fall behind. */
bool kafka_fetch_sleeps(void);
/* Wakes the broker threads of a handle: of the calls that librdkafka offers this is the one that
 * does so without blocking and without a request (it sets the credentials that are set already). */
void kafka_fetch_wake(struct kafka_pool *, rd_kafka_t *);
/* A short stable class for an error, and a sentence that says what to do. */
const char *kafka_error_class(rd_kafka_resp_err_t);
const char *kafka_error_advice(rd_kafka_resp_err_t);
/* "Broker: Message size too large: larger than ... allow (...)" */
void kafka_error_text(rd_kafka_resp_err_t, const char *detail, char *buf, size_t size);
/* Notes an error event of a handle: brokers gone, or back; tells the pool's events once. */
void kafka_trouble(struct kafka_pool *, rd_kafka_resp_err_t, const char *reason);
/* Brokers answered what was asked at asked_ns: trouble that is younger than that stays. */
void kafka_trouble_over(struct kafka_pool *, uint64_t asked_ns);
/* Does this error say that the target suffers? Then the pool is told so. Any thread. */
void kafka_strain(struct kafka_pool *, rd_kafka_resp_err_t);
/* Over, if a link came up since it began: seen at once, without asking. */
void kafka_trouble_look(struct kafka_pool *);

/* ---- kafka_threads.c ---- */

/* Keeps account of the threads of a handle that is being made. */
void kafka_threads_watch(struct kafka_pool *, rd_kafka_t *);
/* CPU of the busiest of librdkafka's threads since the last call, 0..1; NaN: not known yet. Pool
 * thread. */
double kafka_threads_busiest(struct kafka_pool *);

/* ---- kafka_admin.c: all block, up to timeout_ms for each question ---- */

rd_kafka_AdminOptions_t *kafka_admin_options(rd_kafka_t *);
/* The next event of this type, or NULL after some seconds. */
rd_kafka_event_t *kafka_await(rd_kafka_queue_t *, rd_kafka_event_type_t);
/* Takes in the error events that a handle without a worker collected. */
void kafka_events_read(struct kafka_pool *);
/* Why nothing answered: ERR_REFUSED, ERR_FAILED (a login) or ERR_UNREACHED. */
int kafka_unreached(struct kafka_pool *, rd_kafka_resp_err_t, struct err *);
int kafka_topic_look(struct kafka_pool *, int timeout_ms, bool *exists, struct err *);
int kafka_topic_create(struct kafka_pool *, struct err *);
int kafka_topic_delete(rd_kafka_t *, const char *name, struct err *);
int kafka_group_delete(rd_kafka_t *, const char *name, struct err *);
/* Is the topic empty, and if not, is its oldest message one of loadtop's? */
int kafka_topic_is_ours(struct kafka_pool *, bool *empty, bool *ours, struct err *);
/* -1: not known, and then *code says why. */
int kafka_group_members(rd_kafka_t *, const char *group, rd_kafka_resp_err_t *code);
/* Members and committed offsets of the pool's group. */
int kafka_group_look(struct kafka_pool *, int *members, bool *committed, struct err *);
/* Sets `start` of all partitions from the option `from`, and `end` and `low`. */
int kafka_offsets_start(struct kafka_pool *, struct err *);
/* Sets `start` to where the pool's group stands, or to the beginning where it has committed
 * nothing, as a member would begin. Commits nothing. */
int kafka_offsets_of_group(struct kafka_pool *, struct err *);
int kafka_offsets_commit(struct kafka_pool *, struct err *);
/* Offsets of some or all partitions at a time (ms; RD_KAFKA_OFFSET_END, _BEGINNING): set in the
 * list. */
rd_kafka_resp_err_t kafka_offsets_at(rd_kafka_t *, rd_kafka_topic_partition_list_t *,
                                     int64_t time_ms, int timeout_ms);
bool kafka_from_valid(const char *from); /* is it something that option `from` takes? */
/* Refreshes `end` and `low` of all partitions; 0, or -1 when the brokers did not answer. */
int kafka_offsets_refresh(struct kafka_pool *, int timeout_ms);
/* Leaders and replicas. When offsets were not told although brokers answer (well is false): why;
 * sets `stuck`, or clears it. Replicas that have fallen away since the pool began are a strain. */
void kafka_partitions_look(struct kafka_pool *, bool well);
/* Before the first load: how many replicas of each partition are in sync. */
void kafka_partitions_first(struct kafka_pool *);
void kafka_topic_settings(
    struct kafka_pool *); /* retention, version; what cannot be had stays unknown */

/* ---- kafka_made.c: which run made it ---- */

/* All block, and return 0 or ERR_FAILED with why. The topic is one that exists: of a group, one
 * that it reads. */
#define KAFKA_MARK_GROUP (KAFKA_GROUP_MOST + 32)
enum kafka_made { KAFKA_MADE_TOPIC, KAFKA_MADE_GROUP };
int kafka_made_mark(rd_kafka_t *, enum kafka_made, const char *name, const char *topic,
                    const char *run, const char *sender, struct err *);
int kafka_made_by(rd_kafka_t *, enum kafka_made, const char *name, const char *topic,
                  char run[KAFKA_RUN], struct err *); /* "": it bears no mark */
int kafka_made_unmark(rd_kafka_t *, enum kafka_made, const char *name, struct err *);
bool kafka_group_is_named_after(const char *group, const char *run);
/* The committed offsets of a group, of all its partitions if `of` is NULL; the caller's if no
 * error. */
rd_kafka_resp_err_t kafka_group_offsets(rd_kafka_t *, const char *group,
                                        const rd_kafka_topic_partition_list_t *of,
                                        rd_kafka_topic_partition_list_t **offsets);
/* Topics that this process made: pools of one run may meet on one that has no mark yet. */
void kafka_made_here_add(const char *cluster, const char *topic);
bool kafka_made_here(const char *cluster, const char *topic);

/* ---- kafka_clean.c ---- */

int kafka_clean(struct clean *, struct err *);

/* ---- kafka_pool.c ---- */

bool kafka_each(const struct kafka_pool *);
bool kafka_by_hand(const struct kafka_pool *); /* partitions are assigned by us, not by a group */
uint32_t kafka_boot(void);                     /* tells this machine's boot from others */
double kafka_anon_bytes(void);                 /* anonymous memory of the process; NaN: unknown */
/* Is the handle's cluster, as a broker told it last, the one that the pool was opened on? If not,
 * *other (of `size`) says which it is, and the pool has been told. Never waits. Any thread. */
bool kafka_same_cluster(struct kafka_pool *, rd_kafka_t *, char *other, size_t size);
int kafka_pool_open(struct pool *, struct err *);
void kafka_pool_close(struct pool *);
/* ---- kafka_table.c: all on the pool's thread ---- */

/* A second of the present way; anew: it follows another way, so the row begins anew. */
void kafka_row_add(struct kafka_pool *, const struct kafka_second *, bool anew);
/* The wait share at the fewest clients of the present way of sharing and handling that kept up, if
 * it was seen before, is what the present one is compared with: in whatever order they come. */
void kafka_refer(struct kafka_pool *);
/* The exponent of memory by clients among the rows of the present way of sharing and handling. */
double kafka_memory_growth(const struct kafka_pool *, double *low, double *high);
/* Adds "by_clients", "table" and "findings" to the consumer's figures. */
void kafka_say_rows(const struct kafka_pool *, struct json_t *);
/* ---- kafka_stats.c ---- */

void kafka_pool_stats(struct pool *, struct stats *);

static inline const struct options *kafka_opts(const struct kafka_pool *kp)
{
    return pool_options(kp->pool);
}

/* ---- kafka.c ---- */

void kafka_tune(struct worker *);
/* All that the pool's workers showed, those that ended included. */
void kafka_sums_total(struct kafka_pool *, struct kafka_sums *, unsigned *clients,
                      unsigned *connections, unsigned *workers);
/* librdkafka's threads call these when a queue turned from empty to not
 * empty. opaque: the signal. */
void kafka_reports_cb(rd_kafka_t *, void *opaque);
void kafka_messages_cb(rd_kafka_t *, void *opaque);
void kafka_wake(struct kafka_conn *); /* its queues are read on the loop's next turn */

/* ---- kafka_produce.c ---- */

uint32_t kafka_murmur2(const char *data, size_t len);
int kafka_producer_open(struct kafka_conn *, struct err *);
enum submit kafka_submit(struct conn *, struct op *);
void kafka_fill(struct worker *, struct op *);
uint64_t kafka_data_bytes(const struct worker *, const struct op *);
void kafka_reports_read(struct kafka_conn *);
void kafka_trip_message(struct kafka_conn *, const rd_kafka_message_t *);
void kafka_trip_expire(struct kafka_conn *);
void kafka_payload_free(struct kafka_worker *);

/* ---- kafka_consume.c ---- */

int kafka_consumer_open(struct kafka_conn *, struct err *);
void kafka_consumer_read(struct kafka_conn *);
/* Chooses the partitions of a consumer that is assigned by hand, and takes them if they changed. */
void kafka_assign_by_hand(struct kafka_conn *);
void kafka_offsets_store(struct kafka_conn *);
void kafka_consumer_pause(struct kafka_conn *, bool paused);
/* Begins the end of a consumer, or goes on with it; true when only its destruction is left. */
bool kafka_consumer_leave(struct kafka_conn *);

/* ---- kafka_client.c ---- */

void kafka_clients_tune(struct kafka_worker *);
void kafka_clients_free(struct kafka_worker *);
/* How many messages all clients of the connection can take in now. */
uint32_t kafka_clients_room(const struct kafka_conn *);
/* Hands the first n of the connection's messages to their clients, and the events with them. */
void kafka_dispatch(struct kafka_conn *, uint32_t n, uint64_t arrived_ns);
/* Forgets what of this connection (and partition; -1: all) waits untaken. */
void kafka_clients_forget(struct kafka_conn *, int32_t partition);
/* Keeps a message to be read again before the queue. */
void kafka_keep(struct kafka_conn *, rd_kafka_event_t *, const rd_kafka_message_t *);
void kafka_message_free(struct kafka_worker *, struct kafka_message *);
/* Adds the clients' times up to now to *sums. */
void kafka_clients_sum(struct kafka_worker *, uint64_t now_ns, struct kafka_sums *sums);
bool kafka_shared(const struct kafka_worker *); /* fewer connections than clients */
static inline struct kafka_conn *kafka_conn_at(const struct kafka_worker *kw, uint32_t i)
{
    struct conn *c = worker_conn(kw->worker, 0, i);
    return c ? conn_data(c) : NULL;
}

#endif
