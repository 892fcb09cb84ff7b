/* What a snapshot holds on to: memory that it shares with the engine and with other snapshots,
 * freed by whoever lets go last. */
#ifndef LOADTOP_ENGINE_STATE_SNAPSHOT_STORE_H
#define LOADTOP_ENGINE_STATE_SNAPSHOT_STORE_H

#include "engine/stats/histogram.h"
#include "engine/config/option.h"
#include "engine/stats/packed.h"
#include "engine/state/snapshot.h"

#include <stdatomic.h>

struct json_t;

#define SERIES_BLOCKS                                                                              \
    4096 /* 12 days of seconds; the oldest points then stay, newer ones are refused */
#define TENTHS 600

/* The seconds of a run; shared by the monitor and the snapshots, freed by whoever lets go last. */
struct series_store {
    _Atomic unsigned refs;
    struct point *block[SERIES_BLOCKS];
    /* each second's service times (mergeable), parallel to it */
    struct packed *packed[SERIES_BLOCKS];
};
void series_store_release(struct series_store *);

/* What a backend said in JSON; shared by the pool and the snapshots, freed by
 * whoever lets go last. */
struct stats_json {
    _Atomic unsigned refs;
    struct json_t *stats, *left_behind;
};
void stats_json_release(struct stats_json *); /* takes NULL */

/* The two texts of an event, which never change, so any thread may read them that has a hold on them:
 * the engine has one for each event under events_lock, and takes one more for each snapshot before
 * others see it. Freed by whoever lets go last. */
struct event_texts;
/* Puts texts of its own into the event, with the first hold: copies without secrets. */
void event_texts_set(struct event *, const char *from, const char *to);
void event_texts_retain(struct event_texts *);
void event_texts_release(struct event_texts *); /* takes NULL */

/* What the snapshot's readers do not see. */
struct snapshot_storage {
    struct snapshot shown; /* first: a snapshot is one of these */
    _Atomic unsigned refs;
    struct pool_storage {
        struct options options;
        struct series_store *store;
        struct point tenth[TENTHS];
        const struct point *tenth_block[TENTHS / SERIES_BLOCK + 2];
        struct stats_json *stats;
        struct packed_pool *histograms;
    } * pool;
};

#endif
