/* A pool: the workers that load one target with one workload; private to the engine.
 *
 * Its own thread calls the backend's blocking hooks (open, stats, close). The supervisor owns
 * everything else: it changes settings, makes and reaps workers, and merges what they recorded.
 * Workers read the settings under a mutex when the version changed, never in between. */
#ifndef LOADTOP_ENGINE_STATE_POOL_H
#define LOADTOP_ENGINE_STATE_POOL_H

#include "engine/backend.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"
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
    OPEN_LOOKED, /* it answers, and waits for a yes */
    OPEN_DONE,
    OPEN_FAILED
};

#define RAMPS (VERB_RATE - VERB_THREADS + 1) /* one for each dial */

struct pool {
    struct engine *engine;
    int engine_fd; /* wakes the supervisor */
    unsigned number;
    struct pool_spec spec; /* as started; load is the wish of the moment */
    bool local;            /* the supervisor's word for !away */
    void *data;            /* the backend's */

    /* see guard.h */
    _Atomic bool away;        /* an address was met that is not this machine's */
    _Atomic bool away_learnt; /* and only after it was taken for local */
    _Atomic bool looking;     /* its thread opens it to look, as by --read-only: a yes is awaited */
    _Atomic bool consented;   /* a person said yes to its first load */
    _Atomic bool room_short;  /* room_why is set */
    _Atomic bool bytes_bounded, bytes_spent;
    _Atomic bool foreign;  /* a server of another, forbidden identity answered: foreign_why */
    char foreign_why[256]; /* under mutex */
    _Atomic double stored_per_byte; /* of its room: see struct room */
    char sweep_ends[256]; /* the supervisor's: why a sweep on it must end; "": it need not */
    bool strained;        /* the supervisor's: it was paused because the target suffers */
    double free_first;    /* the supervisor's: what the target had free at first; 0: unknown */
    _Atomic int64_t bytes_left; /* to be written, if bytes_bounded */
    _Atomic unsigned strains;   /* a bit for each kind that was noted */
    _Atomic unsigned nodes;     /* groups of connections that a thread opens; 0: one */
    char away_host[256], bytes_why[128], room_why[192]; /* under mutex */
    char strain_why[STRAINS][128];                      /* under mutex */
    uint64_t resumed_ns;             /* the supervisor's: when it was resumed last; 0: never */
    bool room_asked;                 /* the supervisor's */
    _Atomic bool load_on;            /* load runs, or is paused: the supervisor's word */
    _Atomic unsigned loads;          /* how often it began */
    unsigned logged_loads;           /* its thread's */
    bool logged;                     /* its thread's */
    uint64_t errors_high;            /* the supervisor's: errors since errors_high_since_ns */
    uint64_t errors_seen, done_seen; /* the supervisor's: as of the last second, warm-up included */

    pthread_mutex_t mutex;         /* settings, stats, open_error */
    struct settings settings;      /* under mutex; written by the supervisor only */
    uint64_t anew;                 /* rises when connections must be reopened; the supervisor's */
    _Atomic uint64_t version;      /* of settings */
    _Atomic int64_t budget;        /* -n: operations that may still be offered */
    _Atomic uint64_t lag_limit_ns; /* monitor_lag_limit_ns as of the last second */
    _Atomic uint64_t sequence;

    /* its thread */
    pthread_t thread;
    bool threaded;
    _Atomic bool stopping;
    _Atomic int open_stage; /* enum open_stage */
    int wake_fd;
    struct err open_error;         /* under mutex */
    uint64_t open_retry_ns;        /* under mutex: when it is tried next */
    struct stats stats;            /* under mutex; its json belongs to stats_json */
    struct stats_json *stats_json; /* under mutex; NULL: none yet */
    uint64_t stats_serial;

    _Atomic unsigned stats_asked, stats_given; /* how often asked for; the last that was answered */
    _Atomic bool over;            /* every worker has ended, for good: see `last` in struct stats */
    _Atomic uint64_t removing_ns; /* until when something is being removed; 0: nothing is */
    _Atomic bool thread_done;
    _Atomic bool
        retired; /* removed and ended: a last look, then the backend lets go of the target */
    _Atomic unsigned forbidden; /* a bit for each type that must not be sent */
    char forbidden_why[160];    /* under mutex */
    _Atomic bool answered;      /* see pool_answered */

    /* supervisor only */
    struct supervised_worker **worker; /* [workers]: every one that ever was */
    unsigned workers, worker_room;
    enum pool_state state;
    char state_why[256];
    uint64_t state_since_ns;
    bool wanted;    /* loading or paused: `stop` and the end clear it */
    bool finishing; /* it ends for good, by: */
    enum end_reason ended_by;
    struct err failed; /* the target refused for good */
    bool halted;       /* a person paused all: what is scheduled waits until a person resumes it */
    bool held;         /* paused until a person has said yes to its first load */
    unsigned holds;    /* how often that began */
    char guard[256], guard_rule[192]; /* as in the snapshot; under mutex */
    bool paused, removed, ever_up, closed_books;
    uint64_t load_from_ns;               /* when loading first began; 0: not yet */
    uint64_t record_from_ns, end_ns;     /* as in the settings */
    uint64_t load_until_ns;              /* when it ended; 0: it runs */
    uint64_t paused_ns, paused_since_ns; /* time paused after the warm-up */
    uint64_t unconnected_ns;
    char outage[6][24]; /* classes of failure that the present outage has shown */
    unsigned outages;
    struct ramp { /* `over T` */
        bool on;
        enum verb verb;
        double from, to;
        uint64_t start_ns, end_ns;
        enum origin by;
    } ramp[RAMPS];
    uint64_t errors_high_since_ns; /* the rule for targets that are not local */
    struct pool_figures *figures;  /* owned */
};
void pool_note_workers(struct pool *); /* how many threads there are now, without a new version */
void pool_notify(struct pool *);       /* any thread: the supervisor should look now */
bool pool_writes(const struct pool *); /* has its mix an operation that writes? The supervisor's */
uint32_t pool_bulk(const struct pool *);  /* most operations that one request of the mix carries */
uint32_t pool_depth(const struct pool *); /* depth in force */
uint32_t pool_connections_wanted(const struct pool *);
/* Connections to all nodes, of all threads, with that load. */
uint64_t pool_connections_of(const struct pool *, const struct load *);
/* Waits for so long, or until it is woken. Its thread. */
void pool_wait_ms(struct pool *, int ms);
/* Claims up to n operations of the budget of -n; returns how many were granted. */
uint64_t pool_claim(struct pool *, uint64_t n);
void pool_unclaim(struct pool *, uint64_t n);
void pool_set_state(struct pool *, enum pool_state, uint64_t now_ns, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void pool_note_pause(struct pool *, bool paused, uint64_t now_ns);
struct stats stats_unknown(void); /* before anybody has looked */
void pool_wake_thread(struct pool *);
bool pool_stats_pending(const struct pool *); /* asked for, and not there yet */
double pool_loaded_s(const struct pool *,
                     uint64_t now_ns); /* seconds not paused, after the warm-up */
/* How many connections a worker needs so that nobody waits, and what one carries. */
uint32_t connections_needed(const struct pool *, const struct load *, uint32_t capacity);
/* May this much more be written? Takes `bytes` from what --max-bytes and the target's free room
 * leave. False: nothing was taken, and the pool ends. Any worker. */
bool pool_take_bytes(struct pool *, uint64_t bytes);

#endif
