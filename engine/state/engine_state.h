/* The engine's data: what the supervisor owns, and what other threads may use. */
#ifndef LOADTOP_ENGINE_STATE_ENGINE_STATE_H
#define LOADTOP_ENGINE_STATE_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/base/role.h"
#include "engine/os/loop.h"
#include "engine/os/cpus.h"
#include "engine/os/machine.h"
#include "engine/os/standstill.h"
#include "engine/os/usage.h"
#include "engine/state/command_log.h"
#include "engine/state/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pool;
struct rules;
struct sweep;
struct sweep_kept;

#define QUEUE_MAX 1024
#define SCREEN_MAX 32
#define EVENTS_MAX 1000

struct queued {
    struct command *command; /* owned; NULL: it is a consent */
    enum origin by;
    uint64_t ticket;  /* of the command */
    unsigned consent; /* number of the pool whose first load the user consented to */
};

/* A protected host whose name the user has typed. */
struct confirmed {
    struct confirmed *next;
    char host[256];
};

/* Accessed by any thread at any time. */
struct engine_atomics {
    _Atomic(struct confirmed *) confirmed; /* the newest first; never shortened */
    _Atomic int end_asked;                 /* 0: no, 1: END_DRAIN, 2: END_NOW */
    _Atomic bool quit;
};

/* Between the front end and the supervisor. */
struct engine_queue {
    struct queued ring[QUEUE_MAX];
    unsigned first, n;
    struct command screen[SCREEN_MAX]; /* for the front end; ring */
    unsigned screen_first, screens;
    enum end_reason end_by; /* reason of the end that was requested first; set before end_asked */
};

struct engine_events {
    struct event event[EVENTS_MAX]; /* ring */
    /* number of events so far; the next one is written to event[n % EVENTS_MAX] */
    uint64_t n;
};

struct engine_shown {
    struct snapshot *snapshot; /* the newest; NULL: none yet */
};

/* The supervisor's. */
struct engine_supervised {
    struct pool **pool; /* [pools]; removed pools stay until the end, for the report */
    unsigned pools, pool_room, next_number;
    bool locked, ended, ending;
    enum end_reason ended_by;
    /* hurry_ns: when an immediate end was requested; 0: not requested */
    uint64_t ended_ns, hurry_ns;
    unsigned at_next;
    char message[256];
    uint64_t message_serial;
    uint64_t serial; /* of the snapshots */
    struct threshold_state threshold[THRESHOLDS_MAX];
    struct sweep *sweep;
    struct sweep_kept *past[SWEEPS_PAST]; /* [pasts] */
    unsigned pasts;
    uint64_t tick_ns, last_second_ns;
    struct usage usage;
    struct machine machine;
    struct standstill standstill;
    struct cpus cpus;
    uint64_t throttled_from_ns; /* cpus.throttled_ns at the start */
};

/* The front end's. */
struct engine_front {
    pthread_t thread; /* the supervisor's, if threaded */
    bool threaded;
};

/* As in struct pool, the members here are fixed before the supervisor's thread starts. The others
 * are reached through e->atomic, the functions that take a lock, engine_sup(e) and engine_front(e).
 * Lock order: the queue before the commands. */
struct engine {
    struct scenario scenario;
    const struct backend *const *backends;
    struct rules *rules;
    bool virtual_time;
    /* used by one thread only; virtual_clock: &virtual_now, or NULL */
    uint64_t virtual_now, *virtual_clock;
    char run_id[12], sender[128]; /* see pool_sender */
    uint64_t start_ns;
    struct timespec started;
    int wake_fd, news_fd;

    struct engine_atomics atomic;
    struct command_log commands; /* see there for the owners of its members */
    /* For the functions below only, and engine.c. */
    pthread_mutex_t queue_lock, events_lock, shown_lock;
    /* used with shown_lock: signalled when the snapshot says that the run has ended */
    pthread_cond_t shown_ended;
    struct engine_queue under_queue_lock;
    struct engine_events under_events_lock;
    struct engine_shown under_shown_lock;
    struct engine_supervised of_supervisor;
    struct engine_front of_front_end;
};

static inline struct engine_supervised *engine_sup_(struct engine *e)
{
    ROLE_CHECK(ROLE_SUPERVISOR, NULL);
    return &e->of_supervisor;
}

static inline const struct engine_supervised *engine_sup_const_(const struct engine *e)
{
    ROLE_CHECK(ROLE_SUPERVISOR, NULL);
    return &e->of_supervisor;
}

#ifdef __cppcheck__ /* cppcheck does not know _Generic */
struct engine_supervised *engine_sup(const struct engine *);
#else
#define engine_sup(e)                                                                              \
    (_Generic((e), struct engine * : engine_sup_, const struct engine * : engine_sup_const_)(e))
#endif

static inline struct engine_front *engine_front(struct engine *e)
{
    ROLE_CHECK(ROLE_FRONT_END, NULL);
    return &e->of_front_end;
}

/* Each takes its lock and returns the data that it guards. Any thread. */
struct engine_queue *engine_lock_queue(struct engine *);
void engine_unlock_queue(struct engine *);
struct engine_events *engine_lock_events(struct engine *);
void engine_unlock_events(struct engine *);
struct engine_shown *engine_lock_shown(struct engine *);
void engine_unlock_shown(struct engine *);

/* ---- used by all parts of the engine ---- */

uint64_t engine_now(const struct engine *);
double engine_seconds(const struct engine *, uint64_t ns); /* since the start */
void engine_wake(struct engine *);                         /* any thread */
/* Sets the message for the screen. Supervisor only. */
void engine_say(struct engine *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Is the CPU quota of this process's container what its threads wait for? Supervisor only. */
bool engine_quota_throttles(const struct engine *);
/* The same, for the end of a sentence about waiting for a CPU; "": no. */
const char *engine_quota_words(const struct engine *);
/* Finds a pool by name or number; NULL: none, or removed. */
struct pool *engine_find_pool(const struct engine *, const char *name);
/* Was this protected host's name given, by --confirm or on the screen? Any thread. */
bool engine_confirmed(const struct engine *, const char *host);

#endif
