/* What the files of the Redis backend share: the pool's, a worker's and a connection's memory.
 *
 *   redis.c    the descriptor, options, and what a worker does for each operation; never blocks
 *   conn.c     sockets of a worker: connect, handshake, reading and writing
 *   target.c   what a URL and its options say
 *   server.c   a pool's start and end: a first look at the server
 *   hello.c    blocking links that have said hello, the handshake's bytes
 *   stats.c    INFO, every second
 *   peer.c     the pools of this process on the same server
 *   guard.c    who the server says it is, what it has room for, and whether it suffers
 *   mark.c     what says on the server which keys a run may have made
 *   left.c     what a run leaves behind
 *   clean.c    its removal
 *   link.c     requests and replies on a blocking link
 *   proto.c    the protocol, pure */
#ifndef LOADTOP_BACKENDS_REDIS_TYPES_H
#define LOADTOP_BACKENDS_REDIS_TYPES_H

#include "backends/common/keys.h"
#include "backends/common/resolve.h"
#include "backends/common/tls_option.h"
#include "backends/common/workers.h"
#include "backends/redis/proto.h"
#include "engine/backend.h"
#include "engine/base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

struct redisReader;
struct redis_conn;
struct tls;
struct tls_context;
struct redis_link;

enum redis_option {
    REDIS_KEYS,
    REDIS_DIST,
    REDIS_SIZE,
    REDIS_PREFIX,
    REDIS_TTL,
    REDIS_DB,
    REDIS_TLS, /* as in enum tls_option */
    REDIS_OPTIONS = REDIS_TLS + TLS_OPTIONS
};

/* The commands with which every connection begins. Holds the password. */
struct redis_hello {
    char *bytes; /* and REDIS_WHO behind `len` of them */
    size_t len;
    /* which reply is whose, from 1 (0: none), and how many there are */
    uint8_t auth, select, steps;
};

/* What follows it on a worker's connection when a rule names an identity of a Redis: two replies
 * from which is seen who the server is, before the first request. */
#define REDIS_WHO "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n*2\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n"
#define REDIS_WHO_STEPS 2

/* What a worker counted, and what it can have made: keys [0, high) of each family. Written by the
 * worker alone, read by the pool's thread. */
struct redis_counts {
    _Atomic uint64_t hits, misses; /* of our get */
    _Atomic uint64_t high[FAMILIES];
    _Atomic uint32_t connected;
};

struct redis_totals { /* of all workers that ever were */
    uint64_t hits, misses, high[FAMILIES];
    unsigned connected;
    bool running; /* some worker is there */
};

struct redis_info { /* of one moment */
    uint64_t at_ns;
    double cpu, cpu_main, hits, misses, evicted, expired, rejected;
};

/* What a server says of its troubles; -1: it does not say. */
struct redis_trouble {
    char run_id[48];
    double evicted, oom, rejected, replicas;
};

/* A pool's claim of keys on the server: those below bound[family]. */
struct redis_mark {
    unsigned number;  /* of the pool in this process, from 1 */
    unsigned version; /* of bound; 0: no key was ever made */
    uint64_t bound[FAMILIES];
    char at[24];       /* when the pool began */
    bool stands;       /* the server has taken one */
    bool settled;      /* it says what was really made */
    char refusal[128]; /* what the server answered instead; "": nothing */
};

/* What a worker's connections claim. */
struct redis_claim {
    unsigned version;
    uint64_t bound[FAMILIES];
    struct text bytes; /* the command */
};

/* A server that a pool of ours has connections to; so that other pools' are not taken for somebody
 * else's. */
struct redis_peer {
    struct redis_peer *next;
    char run_id[48];
    unsigned connections;
};

struct redis_pool {
    struct addresses at;
    struct redis_hello hello;
    bool asks_who;           /* REDIS_WHO follows it */
    struct tls_context *tls; /* rediss://; else NULL */
    unsigned db;
    struct workers workers;
    struct redis_totals ended; /* of workers that are gone */
    struct redis_mark mark;    /* under the mutex of workers */
    /* the pool's thread only */
    struct redis_link *link;
    bool link_known; /* who is at its other end was seen, and is allowed */
    /* before the load (or since the server is this one), and a second ago */
    struct redis_info first, last;
    bool loaded;                  /* a worker was there */
    struct redis_trouble trouble; /* when this pool began, or the server did */
    struct redis_peer peer;
};

struct redis_worker {
    struct workers_entry entry;
    struct worker *worker;
    struct redis_template template[REDIS_OPS];
    struct keys keys;
    uint64_t ttl_ms;
    uint32_t size_low, size_high;
    uint32_t written[REDIS_OPS]; /* bytes of data that one writes beside its value; 0: none */
    /* no reply needs to be larger: the largest `size` yet, and what is around it */
    size_t asked_for;
    char *in;  /* REDIS_IN bytes, for whatever connection is read */
    char *out; /* requests not yet written, of all connections in `dirty` */
    size_t out_len, out_room;
    struct redis_conn *dirty;
    struct redisReader *spare; /* an empty reader for the next reply that needs one */
    struct resp_error error;
    struct text said; /* the last reply of a handshake, if it was a string */
    struct redis_counts counts;
    struct redis_claim claim;
};

enum redis_state { REDIS_CLOSED, REDIS_CONNECTING, REDIS_SECURING, REDIS_HELLO, REDIS_UP };

struct redis_conn {
    struct watch watch;
    struct conn *conn;
    unsigned at;                    /* which address */
    struct redis_conn *next, *prev; /* in the worker's dirty list, while out_len is not 0 */
    size_t out_at, out_len;         /* its part of the worker's out */
    char *kept;                     /* what the socket did not take; NULL: nothing */
    size_t kept_at, kept_len, kept_room;
    struct tls *tls;            /* rediss://: what is unsent is in there, and `kept` unused */
    struct redisReader *reader; /* holds a part of a reply; NULL: none */
    size_t reply;               /* bytes of that reply so far */
    size_t held;                /* of it beyond what was asked for (net_hold) */
    struct alarm limit;         /* of connecting and the handshake */
    uint8_t state, step;        /* enum redis_state; replies of the handshake so far */
    bool full;                  /* SUBMIT_BUSY was answered */
    bool named;                 /* the server has said who it is, in this handshake */
    bool claiming;              /* a claim is on its way: its reply comes after so many others */
    uint32_t claim_after;
    unsigned claim; /* the version that it has sent; 0: none */
};

#define REDIS_IN ((size_t)64 << 10)
#define REDIS_AROUND ((size_t)64 << 10) /* a reply's own words, or a small one */
#define REDIS_REPLY_SLACK                                                                          \
    ((size_t)1 << 20) /* keys may hold larger values than `size`: an earlier run's */
#define REDIS_KEPT_MAX ((size_t)256 << 10) /* unsent bytes of a connection before it is busy */

#endif
