/* --repeat: the same run several times, with the spread of its figures.
 *
 * Mean, standard deviation, minimum and maximum of throughput and of the 99th percentile (response
 * time) of each pool. */
#ifndef LOADTOP_UI_RUN_REPEAT_H
#define LOADTOP_UI_RUN_REPEAT_H

#include "engine/config/scenario.h"
#include "engine/stats/spread.h"

struct json_t;
struct snapshot;
struct text;

struct repeats {
    unsigned runs, wanted;
    struct repeat_pool {
        char name[POOL_NAME_MAX];
        struct spread throughput, p99; /* per second; ns */
    } pool[POOLS_RUN_MAX];
    unsigned pools;
    struct json_t *list; /* owned: the array `repeats` of the JSON */
};

void repeats_init(struct repeats *, unsigned wanted);
void repeats_fini(struct repeats *);
/* Adds a run that ended with this exit code. */
void repeats_add(struct repeats *, const struct snapshot *, int exit_code);
/* Adds `repeats` and `spread` to the last run's JSON. */
void repeats_json(const struct repeats *, struct json_t *run);
void repeats_text(const struct repeats *, struct text *);

#endif
