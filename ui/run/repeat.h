/* --repeat: the same run several times, and how far its figures are apart.
 *
 * One run's throughput says little when the next one differs by 7 %: here are mean,
 * standard deviation, least and most of throughput and of the 99th percentile
 * (response time) of each pool. */
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
    struct json_t *list; /* owned: what `repeats` holds */
};

void repeats_init(struct repeats *, unsigned wanted);
void repeats_fini(struct repeats *);
/* Adds a run that ended with this exit code. */
void repeats_add(struct repeats *, const struct snapshot *, int exit_code);
/* `repeats` and `spread` into the last run's JSON. */
void repeats_json(const struct repeats *, struct json_t *run);
void repeats_text(const struct repeats *, struct text *);

#endif
