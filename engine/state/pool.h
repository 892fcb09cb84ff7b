/* A pool: the workers that load one target with one workload; private to the engine.
 *
 * Its own thread calls the backend's blocking hooks (open, stats, close). The supervisor changes
 * settings, makes and reaps workers, and merges what they recorded. Workers read the settings when
 * their version changed, never in between.
 *
 * The place of a member says which thread may access it. Members of struct pool itself do not
 * change once a thread has started. The others are reached through
 *   p->atomic        by any thread;
 *   pool_lock(p)     by any thread, until pool_unlock(p);
 *   pool_sup(p)      by the supervisor only;
 *   pool_own(p)      by the pool's thread only.
 * The last two check the calling thread, see role.h. For a const pool the result is const. */
#ifndef LOADTOP_ENGINE_STATE_POOL_H
#define LOADTOP_ENGINE_STATE_POOL_H

#include "engine/backend.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"
#include "engine/base/role.h"
#include "engine/base/text.h"
#include "engine/state/settings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct engine;
struct pool_figures;
struct supervised_worker;

enum open_stage {
    OPEN_WAITING,
    OPEN_INSPECTED, /* the target answers; the user's consent is awaited */
    OPEN_DONE,
    OPEN_FAILED
};

#define RAMPS (VERB_RATE - VERB_THREADS + 1) /* one for each dial */

/* Accessed by any thread at any time. For the first ones see guard.h. */
struct pool_atomics {
    _Atomic bool remote;        /* one of its addresses is not on this machine */
    _Atomic bool became_remote; /* it is remote, but was considered local before */
    /* set by its thread while it opens the pool for inspection, as with --read-only: consent is
     * awaited */
    _Atomic bool inspecting;
    _Atomic bool consented;  /* the user consented to its first load */
    _Atomic bool room_short; /* room_why was set after a consent, or without one */
    _Atomic bool bytes_bounded, bytes_spent;
    /* a server of another, forbidden identity answered: identity_refused_why */
    _Atomic bool identity_refused;
    _Atomic double stored_per_byte; /* see struct room */
    _Atomic unsigned strains;       /* a bit for each reported enum strain */
    _Atomic unsigned forbidden;     /* a bit for each type that must not be sent */
    _Atomic unsigned nodes;         /* groups of connections that a thread opens; 0: one */
    _Atomic bool answered;          /* see pool_answered */

    /* from the supervisor to its thread */
    _Atomic bool load_on;         /* load runs, or is paused */
    _Atomic unsigned loads;       /* how often load has started */
    _Atomic unsigned stats_asked; /* how often asked for */
    _Atomic bool over;            /* every worker has ended, for good: see `last` in struct stats */
    /* removed and ended: stats are taken once more, then the target is closed */
    _Atomic bool retired;
    _Atomic bool stopping;

    /* from its thread to the supervisor */
    _Atomic int open_stage; /* enum open_stage */
    /* how often it has come to a wait: each second, unless a call of the backend hangs */
    _Atomic unsigned waits;
    _Atomic unsigned stats_given; /* value of stats_asked at the last request that was answered */
    /* when a running removal will be over at the latest; 0: none runs */
    _Atomic uint64_t removing_ns;
    _Atomic bool thread_done;

    /* to, and between, its workers */
    _Atomic uint64_t version;      /* of settings */
    _Atomic int64_t budget;        /* operations of -n that may still be offered */
    _Atomic uint64_t lag_limit_ns; /* monitor_lag_limit_ns as of the last second */
    _Atomic uint64_t sequence;
    _Atomic uint64_t followed;  /* numbers taken by pool_follow */
    _Atomic int64_t bytes_left; /* bytes that may still be written, if bytes_bounded */
};

#define GUARD_MAX 256
#define AWAY_HOST_MAX 256
#define BYTES_WHY_MAX 128
#define STRAIN_WHY_MAX 128

/* Under the lock. */
struct pool_shared {
    struct settings settings; /* written by the supervisor; by pool_set_ops before a worker runs */
    struct stats stats;       /* its json belongs to stats_json */
    struct stats_json *stats_json; /* NULL: none yet */
    uint64_t stats_serial;         /* how often they were taken */
    struct err open_error;
    uint64_t open_retry_ns;                 /* when it is tried next; 0: never */
    char guard[GUARD_MAX], guard_rule[192]; /* as in the snapshot */
    char remote_host[AWAY_HOST_MAX], bytes_why[BYTES_WHY_MAX], room_why[192];
    /* at the start the target did not report its free room: "INFO does not tell how much memory it
     * has free"; "": it did, or its backend does not ask */
    char room_unknown[96];
    char identity_refused_why[256], forbidden_why[160];
    char strain_why[STRAINS][STRAIN_WHY_MAX];
};

/* `over T` */
struct ramp {
    bool on;
    enum verb verb;
    double from, to;
    uint64_t start_ns, end_ns;
    enum origin by;
};

/* Causes of an outage or a shortage that were added to the events. */
#define CAUSES_TOLD_MAX 6
struct causes_told {
    char name[CAUSES_TOLD_MAX][24];
    unsigned n;
};

enum {
    ASKED_TICKS = 11 /* a second, both of its ends included */
};

/* Fewer connections or parts of the target than are wanted, see connected.c. */
struct shortage {
    uint32_t up, wanted;         /* connections, as last seen under load */
    uint64_t since_ns;           /* since when something is not up; 0: nothing is */
    unsigned looks;              /* ticks since then, this one included */
    uint32_t asked[ASKED_TICKS]; /* connections wanted at this tick, and at those before it */
    uint32_t stood;              /* most connections, of those wanted, that were up together */
    bool missing;                /* it counts as missing, and is not only being opened */
    bool lasting;                /* so long that there is an event */
    uint64_t refused;            /* tally.refused when nothing was missing last */
    uint32_t most_up;            /* since since_ns */
    uint64_t newest_ns; /* when the newest connection came up, as far as the event waits for it */
    /* The texts are of now if since_ns is set. */
    char what[96];  /* "9 of 50 connections", "2 of 3 nodes, 4 of 6 connections" */
    char cause[24]; /* the class of the newest failure; "": not known, or a part's */
    double share;   /* that is up */
    char why[256];  /* "9 of 50 connections up: maxclients: redis://...: ERR max number ..." */
    struct causes_told told;
    /* Time under load, after the warm-up, up to counted_ns: in which something was missing; and in
     * which the connections that are not up now were only being opened. */
    uint64_t counted_ns, lasted_ns, opening_ns;
    double worst_share; /* of what was missing */
    char worst[96];     /* "9 of 50 connections up: maxclients"; "": there was none */
};

/* The supervisor's. */
struct pool_supervised {
    pthread_t thread; /* its own, if threaded */
    bool threaded;
    struct supervised_worker **worker; /* [workers]: all, including ended ones */
    unsigned workers, worker_room;
    struct pool_figures *figures; /* owned */

    struct load load;               /* the requested load */
    const struct op_type *op_types; /* the pool's table of operations, see pool_set_ops */
    bool ops_known; /* false while spec.ops_pending keeps a mix for a table that is not known yet */

    enum pool_state state;
    char state_why[256], down_why[256]; /* down_why: state_why when it was DOWN last */
    uint64_t state_since_ns;
    bool wanted;    /* it should load or be paused; cleared by `stop` and by the end */
    bool finishing; /* it is ending for good, because of: */
    enum end_reason ended_by;
    struct err failed;      /* the target refused permanently; code 0: why a rule ended it */
    bool halted;            /* the user paused all: timed commands wait until the user resumes */
    bool awaiting_consent;  /* paused until the user consents to its first load */
    unsigned consent_epoch; /* how often awaiting_consent was set: a new question each time */
    bool paused, removed, ever_up, closed_books;
    uint64_t reopen_epoch;               /* rises when connections must be reopened */
    uint64_t load_from_ns;               /* when loading first began; 0: not yet */
    uint64_t record_from_ns, end_ns;     /* see struct settings */
    uint64_t load_until_ns;              /* when loading ended; 0: it runs */
    uint64_t paused_ns, paused_since_ns; /* time paused after the warm-up */
    uint64_t unconnected_ns;
    struct causes_told outage;
    struct shortage shortage;
    unsigned changes; /* how often its load was changed, see pool_changed */
    double stood_s;   /* how long this process stood still under its load */
    unsigned hangs;   /* how often one of its workers was found to hang */

    /* Whether its thread hangs in pool_stats, see pool_watch_thread: when it was looked at last, its
     * waits by then, and how many times in succession it had none since the time before. */
    uint64_t looked_ns;
    unsigned waits_seen, looks_without_wait;
    bool stats_stand;
    struct ramp ramp[RAMPS];

    /* see guard.h */
    bool local;           /* its word for !away */
    char sweep_ends[256]; /* why a sweep on it must end; "": it need not */
    bool strained;        /* it was paused because the target is overloaded */
    double free_first;    /* what the target had free at first; 0: unknown */
    bool room_asked;      /* consent was requested with the warning that room is short */
    uint64_t resumed_ns;  /* when it was resumed last; 0: never */
    /* since when errors are above the limit for remote targets; 0: they are not */
    uint64_t errors_high_since_ns;
    uint64_t errors_high;            /* errors since then */
    uint64_t errors_seen, done_seen; /* counts up to the last second, warm-up included */
};

/* Its thread's. */
struct pool_own {
    unsigned logged_loads; /* value of `loads` that was last written to the system's log */
    bool logged;           /* the last line in the system's log says that load has begun */
    /* about the last call of pool_stats: value of `loads`; there was one since the target was
     * opened; it was of a time under the present load */
    unsigned looked_loads;
    bool looked, looked_under_load;
};

struct pool {
    struct engine *engine;
    int engine_fd; /* wakes the supervisor */
    int wake_fd;   /* wakes its thread */
    unsigned number;
    /* As the pool was started. Of its options, the supervisor changes those that option.h allows to
     * change while others read them. */
    struct pool_spec spec;
    void *data; /* the backend's */

    struct pool_atomics atomic;
    /* For the functions below only. */
    pthread_mutex_t lock;
    struct pool_shared under_lock;
    struct pool_supervised of_supervisor;
    struct pool_own of_thread;
};

static inline struct pool_supervised *pool_sup_(struct pool *p)
{
    ROLE_CHECK(ROLE_SUPERVISOR, NULL);
    return &p->of_supervisor;
}

static inline const struct pool_supervised *pool_sup_const_(const struct pool *p)
{
    ROLE_CHECK(ROLE_SUPERVISOR, NULL);
    return &p->of_supervisor;
}

#ifdef __cppcheck__ /* cppcheck does not know _Generic */
struct pool_supervised *pool_sup(const struct pool *);
#else
#define pool_sup(p)                                                                                \
    (_Generic((p), struct pool * : pool_sup_, const struct pool * : pool_sup_const_)(p))
#endif

static inline struct pool_own *pool_own(struct pool *p)
{
    ROLE_CHECK(ROLE_POOL, p);
    return &p->of_thread;
}

/* Takes the lock and returns the data that it guards. */
struct pool_shared *pool_lock(const struct pool *);
void pool_unlock(const struct pool *);

/* updates the number of threads in the settings without a new version */
void pool_note_workers(struct pool *);
void pool_notify(struct pool *); /* wakes the supervisor; any thread */
/* The pool's spec with its present load; borrows from it. Supervisor only. */
struct pool_spec pool_spec_now(const struct pool *);
bool pool_writes(const struct pool *); /* does its mix write? Supervisor only */
/* How many operations one request of this type carries according to its option, 1 to BULK_MAX; and
 * the most that a request of the present mix carries. */
#define BULK_MAX 1000000
uint32_t pool_op_bulk(const struct pool *, const struct op_type *); /* any thread */
uint32_t pool_bulk(const struct pool *);
uint32_t pool_depth(const struct pool *); /* depth in force */
uint32_t pool_connections_wanted(const struct pool *);
/* Connections of all threads to all nodes with that load. */
uint64_t pool_connections_of(const struct pool *, const struct load *);
/* Waits for `ms`, or until it is woken. The pool's thread. */
void pool_wait_ms(struct pool *, int ms);
/* Claims up to n operations of the budget of -n; returns how many were granted. */
uint64_t pool_claim(struct pool *, uint64_t n);
void pool_unclaim(struct pool *, uint64_t n);
void pool_set_state(struct pool *, enum pool_state, uint64_t now_ns, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pool_note_pause(struct pool *, bool paused, uint64_t now_ns);
struct stats stats_unknown(void); /* all fields unknown */
void pool_wake_thread(struct pool *);
bool pool_stats_pending(const struct pool *); /* requested and not answered yet */
/* seconds not paused, after the warm-up */
double pool_loaded_s(const struct pool *, uint64_t now_ns);
/* Takes `bytes` from what --max-bytes and the target's free room leave. False: too little is left,
 * nothing was taken, and the pool ends. Any worker. */
bool pool_take_bytes(struct pool *, uint64_t bytes);

#endif
