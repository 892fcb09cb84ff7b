/* Data of a pool, a worker and a connection, shared by the files of the Redis backend.
 *
 *   redis.c    the descriptor, options, and what a worker does for each operation; never blocks
 *   conn.c     sockets of a worker: connect, handshake, reading and writing
 *   target.c   checks of a URL and its options
 *   server.c   the server's state at the start; opening and closing a pool
 *   hello.c    blocking links with a completed handshake, the handshake's bytes
 *   probe.c    the first link to a server: does it answer what a load does not need?
 *   stats.c    INFO, every second
 *   sibling.c  the pools of this process on the same server
 *   guard.c    the server's identity, free room, and overload
 *   mark.c     the record on the server of keys that a run may have created
 *   leftovers.c  keys that a run may have created
 *   clean.c    removal of a run's leftovers
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

/* The commands that start every connection: AUTH and SELECT where they are needed, and CLIENT
 * SETNAME, or PING where the server leaves that unanswered: a server with too many clients accepts
 * first, so a connection is up only after an answer. Contains the password. */
#define REDIS_HELLO_STEPS 3
struct redis_hello {
    char *bytes;                        /* followed by REDIS_WHO, which `len` does not include */
    size_t len, end[REDIS_HELLO_STEPS]; /* end[i]: offset behind command i */
    /* number of each command's reply, from 1 (0: none), and how many there are */
    uint8_t auth, select, steps;
    bool named; /* the last one is CLIENT SETNAME */
};

#define REDIS_MISSING_MAX 80
/* The opening of a link: where to, how, and the result. All but the result is borrowed. */
struct redis_opening {
    struct pool *pool; /* NULL: clean */
    struct addresses *at;
    const struct tls_context *tls; /* NULL: none */
    const struct tls_scheme *scheme;
    struct redis_hello *hello;
    const char *shown;
    uint64_t open_ns; /* the probe's time limit of each link, and of each question on it */
    /* each command of the handshake waits for the reply to the one before it, so that an error can
     * name the command in answer to which the connection was closed */
    bool one_by_one;
    struct redis_link *link;           /* NULL: none; owned by the caller */
    bool closed;                       /* a server closed a connection instead of answering */
    char name_said[REDIS_MISSING_MAX]; /* the error reply to CLIENT SETNAME; "": none */
};

/* What loadtop asks a server although a load does not need it, and gets no answer to: its name in
 * the server's list of clients, and INFO. A proxy such as twemproxy closes a connection on every
 * command that it does not know, and an answer that is too large breaks it as well: it is not asked
 * again then. */
struct redis_missing {
    bool name_closes, info_breaks;
    char name[REDIS_MISSING_MAX], info[REDIS_MISSING_MAX]; /* why; "": it is answered */
};

/* Follows the handshake on a worker's connection when a rule names an identity of a Redis server:
 * the two replies tell which server this is before the first request is sent. */
#define REDIS_WHO "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n*2\r\n$4\r\nINFO\r\n$11\r\nreplication\r\n"
#define REDIS_WHO_STEPS 2

/* What a worker has counted, and the keys it may have created: [0, high) of each family. Written by
 * the worker only, read by the pool's thread. */
struct redis_counts {
    _Atomic uint64_t hits, misses; /* of our get */
    _Atomic uint64_t high[FAMILIES];
    _Atomic uint32_t connected;
};

struct redis_totals { /* sums of all workers, including ended ones */
    uint64_t hits, misses, high[FAMILIES];
    unsigned connected;
    bool running; /* there is a worker */
};

struct redis_info { /* INFO at one time */
    uint64_t at_ns;
    double cpu, cpu_main, hits, misses, evicted, expired, rejected;
};

/* Error counters of a server; -1: not reported. */
struct redis_trouble {
    char run_id[48];
    double evicted, oom, rejected, replicas;
};

/* A pool's claim of keys on the server: those below bound[family]. */
struct redis_mark {
    unsigned number;  /* number of the pool in this process, from 1 */
    unsigned version; /* version of bound; 0: no key was created */
    uint64_t bound[FAMILIES];
    char at[24];       /* when the pool began */
    bool stands;       /* the server has accepted a claim */
    bool settled;      /* the claim has been reduced to the keys actually created */
    char refusal[128]; /* the server's error; "": none */
};

/* What the connections of a worker have claimed. */
struct redis_claim {
    unsigned version;
    uint64_t bound[FAMILIES];
    struct text bytes; /* the command */
};

/* A pool of this process and the server it uses, so that connections of our own pools are not
 * counted as other clients. */
struct redis_sibling {
    struct redis_sibling *next;
    char run_id[48];
    unsigned connections;
};

struct redis_pool {
    struct addresses at;
    struct redis_hello hello;
    bool asks_who;           /* REDIS_WHO follows the handshake */
    struct tls_context *tls; /* rediss://; else NULL */
    unsigned db;
    struct workers workers;
    struct redis_totals ended; /* sums of ended workers */
    struct redis_mark mark;    /* under the mutex of workers */
    /* the pool's thread only */
    struct redis_missing missing;
    struct redis_link *link;
    bool link_known; /* the server's identity is known and allowed */
    /* INFO before the load (at first of the opening), or after the server was replaced; and INFO of
     * the last second */
    struct redis_info first, last;
    struct redis_trouble trouble; /* state when this pool or the server started */
    struct redis_sibling sibling;
};

struct redis_worker {
    struct workers_entry entry;
    struct worker *worker;
    struct redis_template template[REDIS_OPS];
    struct keys keys;
    uint64_t ttl_ms;
    uint32_t size_low, size_high;
    uint32_t written[REDIS_OPS]; /* bytes that an operation writes besides its value; 0: none */
    /* largest expected reply: the largest `size` so far plus its framing */
    size_t asked_for;
    char *in;  /* REDIS_IN bytes, shared by all connections */
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
    struct redis_conn *next, *prev; /* in the worker's dirty list while out_len is not 0 */
    size_t out_at, out_len;         /* its piece of the worker's `out` */
    char *kept;                     /* bytes that the socket did not accept; NULL: none */
    size_t kept_at, kept_len, kept_room;
    struct tls *tls;            /* rediss://: contains the unsent bytes, `kept` is unused */
    struct redisReader *reader; /* contains an incomplete reply; NULL: none */
    size_t reply;               /* bytes of that reply so far */
    size_t buffered;            /* bytes of it beyond the expected size (net_hold) */
    struct alarm limit;         /* timeout of connecting and the handshake */
    uint8_t state, step;        /* enum redis_state; replies of the handshake so far */
    bool full;                  /* SUBMIT_BUSY was returned */
    bool named;                 /* the server has reported its identity in this handshake */
    bool claiming;              /* a claim was sent: its reply follows the pending ones */
    uint32_t claim_after;
    unsigned claim; /* version of the claim it has sent; 0: none */
};

#define REDIS_IN ((size_t)64 << 10)
#define REDIS_AROUND ((size_t)64 << 10) /* framing of a reply, or a small reply */
#define REDIS_REPLY_SLACK                                                                          \
    ((size_t)1 << 20) /* keys may have larger values than `size`, from an earlier run */
#define REDIS_KEPT_MAX ((size_t)256 << 10) /* unsent bytes at which a connection is busy */

#endif
