/* What a sweep is told: the text behind `sweep`, read.
 *
 *   [POOL] VAR=LIST [VAR=LIST] [hold=T] [order=random] [fresh] [whole]
 *   [POOL] capacity [from=R] [to=R] [hold=T]
 *   [POOL] resume
 *
 * LIST: `1,2,4,8`; `1..8` (steps of one); `1..64*2` (doubling); `10..100+10`; `auto` (1, 2, 4, ...
 * up to the ceiling). VAR: threads, clients, connections, depth, rate, pattern, or an option that
 * can change while it runs.
 */
#ifndef LOADTOP_ENGINE_CONFIG_SWEEP_SPEC_H
#define LOADTOP_ENGINE_CONFIG_SWEEP_SPEC_H

#include "engine/config/command.h"
#include "engine/config/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

#define SWEEP_VALUES_MAX 64
#define SWEEP_VALUE_MAX 32
#define SWEEP_AXES_MAX 2
struct sweep_axis {
    char name[48];
    unsigned values;
    char value[SWEEP_VALUES_MAX][SWEEP_VALUE_MAX];
};

struct sweep_spec {
    char pool[POOL_NAME_MAX]; /* whose load it moves; "" where the text is all there is */
    char text[256];           /* as given */
    struct sweep_axis axis[SWEEP_AXES_MAX];
    unsigned axes;
    unsigned steps; /* combinations of the values; 0: a capacity search */
    bool automatic; /* the one axis grows by itself */
    bool random, fresh, whole, is_capacity;
    uint64_t hold_ns; /* 0: not given */
    double from, to;  /* of a capacity search; 0: not given */
};

/* Reads the text into what is zero but for the pool. 0 or ERR_USAGE: what is wrong in it. */
int sweep_spec_read(struct sweep_spec *, const char *text, struct err *);
/* The command that sets one value of an axis. 0 or ERR_USAGE. */
int sweep_spec_step(const struct sweep_spec *, const struct sweep_axis *, const char *value,
                    struct command *, struct err *);
bool sweep_axis_add(struct sweep_axis *, double value); /* false: it is full */
/* Is the text well formed? For the command line, before anything runs. */
int sweep_check(const char *text, struct err *);

#endif
