/* A scenario: the pools, timed commands, thresholds and limits of a run, from URLs, flags or a YAML
 * file.
 *
 * It is complete before the engine starts; afterwards only commands change the run. */
#ifndef LOADTOP_ENGINE_CONFIG_SCENARIO_H
#define LOADTOP_ENGINE_CONFIG_SCENARIO_H

#include "engine/config/limits.h"
#include "engine/config/pool_spec.h"
#include "engine/config/threshold.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct err;

#define AT_MAX 256
/* Pools that exist at the same time, without removed ones. All tables by pool of the engine and of
 * the screen have this size. */
#define POOLS_MAX 64
/* All pools of one run: removed ones are kept for the report and their numbers are not reused. */
#define POOLS_RUN_MAX 255
struct at {
    uint64_t at_ns;            /* after the start */
    enum option_origin origin; /* origin of the values in the command */
    char *text;                /* a command; owned */
};
struct scenario {
    struct pool_spec *pool[POOLS_MAX]; /* owned */
    unsigned pools;
    struct at at[AT_MAX];
    unsigned ats;
    struct threshold threshold[THRESHOLDS_MAX];
    unsigned thresholds;
    struct limits limits;
    double goal_per_s; /* 0: none */
    char sweep[256];   /* "": none */
};
void scenario_init(struct scenario *);
void scenario_fini(struct scenario *);
/* Adds a pool for url; gives it its name (redis, redis-2, ...). ERR_USAGE when full or a name is
 * taken. */
int scenario_add(struct scenario *, const char *url, enum option_origin,
                 const struct options *defaults, const struct backend *const *backends,
                 struct err *);
/* Adds a timed command such as "30s mark half time" to s->at. The command is parsed now, so that a
 * wrong one is refused before the run. */
int scenario_at(struct scenario *, const char *text, enum option_origin, struct err *);
/* Puts n timed commands into the order in which they are carried out: those of the same moment as
 * they were given. */
void ats_sort(struct at *, unsigned n);
#endif
