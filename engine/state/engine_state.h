/* What the engine is made of: what the supervisor owns, and what other threads may use of it. */
#ifndef LOADTOP_ENGINE_STATE_ENGINE_STATE_H
#define LOADTOP_ENGINE_STATE_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/os/loop.h"
#include "engine/os/machine.h"
#include "engine/os/usage.h"
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
#define UNDO_MAX 64

struct queued {
    struct command *command; /* owned; NULL: a consent */
    enum origin by;
    unsigned consent; /* a person's yes to the first load of this pool */
};

/* A protected host whose name somebody typed. */
struct confirmed {
    struct confirmed *next;
    char host[256];
};

struct engine {
    struct scenario scenario;
    const struct backend *const *backends;
    struct rules *rules;
    bool virtual_time;
    uint64_t virtual_now, *virtual_clock; /* virtual_clock: &virtual_now, or NULL */
    char run_id[12], sender[128];         /* see pool_sender */
    uint64_t start_ns;
    struct timespec started;

    pthread_t thread;
    bool threaded;
    int wake_fd, news_fd;

    pthread_mutex_t queue_mutex;
    struct queued queue[QUEUE_MAX]; /* ring */
    unsigned queue_first, queued;
    struct command screen[SCREEN_MAX]; /* for the front end; ring */
    unsigned screen_first, screens;

    pthread_mutex_t event_mutex;
    struct event event[EVENTS_MAX]; /* ring */
    uint64_t events;

    pthread_mutex_t snapshot_mutex;
    pthread_cond_t ended_cond;
    struct snapshot *snapshot;
    uint64_t serial;

    /* asked for by the front end */
    _Atomic(struct confirmed *) confirmed; /* the newest first; never shortened */
    _Atomic int end_asked;                 /* 0, 1 END_DRAIN, 2 END_NOW */
    enum end_reason ended_by;              /* under queue_mutex until the supervisor took it */

    /* supervisor only */
    struct pool **pool; /* [pools]; removed ones stay until the end, for the report */
    unsigned pools, pool_room, next_number;
    bool locked, ended, ending;
    uint64_t ended_ns, hurry_ns; /* hurry_ns: when an end at once was asked for; 0: it was not */
    _Atomic bool quit;
    unsigned at_next;
    struct undo {
        char text[96], shown[96];
    } undo[UNDO_MAX];
    unsigned undos;
    char message[256];
    uint64_t message_serial;
    struct threshold_state threshold[THRESHOLDS_MAX];
    struct sweep *sweep;
    struct sweep_kept *past[SWEEPS_PAST]; /* [pasts] */
    unsigned pasts;
    uint64_t tick_ns, last_second_ns;
    struct usage usage;
    struct machine machine;
    unsigned cores;
};
/* ---- what every part may use ---- */

uint64_t engine_now(const struct engine *);
double engine_seconds(const struct engine *, uint64_t ns); /* since the start */
void engine_wake(struct engine *);                         /* any thread */
/* A message for the screen. The supervisor's. */
void engine_say(struct engine *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* By name or number, of those that were not removed; NULL: there is none. */
struct pool *engine_find_pool(const struct engine *, const char *name);
/* Was this protected host's name given, by --confirm or on the screen? Any thread. */
bool engine_confirmed(const struct engine *, const char *host);

#endif
