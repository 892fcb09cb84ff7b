/* Reference-counted memory that snapshots share with the engine and each other. */
#ifndef LOADTOP_ENGINE_STATE_SNAPSHOT_STORE_H
#define LOADTOP_ENGINE_STATE_SNAPSHOT_STORE_H

#include "engine/stats/histogram.h"
#include "engine/config/option.h"
#include "engine/stats/packed.h"
#include "engine/state/snapshot.h"

#include <stdatomic.h>

struct json_t;

#define SERIES_BLOCKS 4096 /* 12 days of seconds; after that no points are added */
#define TENTHS 600

/* The per-second series of a run, shared by the monitor and the snapshots; reference-counted. */
struct series_store {
    _Atomic unsigned refs;
    struct point *block[SERIES_BLOCKS];
    /* each second's service times (mergeable), parallel to it */
    struct packed *packed[SERIES_BLOCKS];
};
void series_store_release(struct series_store *);

/* A backend's statistics as JSON, shared by the pool and the snapshots; reference-counted. */
struct stats_json {
    _Atomic unsigned refs;
    struct json_t *stats, *leftovers;
};
void stats_json_release(struct stats_json *); /* takes NULL */

/* The two texts of an event. They never change, so any thread that has a reference may read them.
 * The engine holds one reference for each event, under events_lock, and takes one more for each
 * snapshot before others see it. The last holder frees the texts. */
struct event_texts;
/* Gives the event its texts, copied without secrets, with one reference. */
void event_texts_set(struct event *, const char *from, const char *to);
void event_texts_retain(struct event_texts *);
void event_texts_release(struct event_texts *); /* takes NULL */

/* A snapshot with its private storage. */
struct snapshot_storage {
    struct snapshot shown; /* must be first: a snapshot pointer is cast to this struct */
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
