/* What a sweep is told: the text behind `sweep` and its pool, read. This is the one reader:
 * --sweep, `:`, --at, scenarios and the form on the screen all come here through command_parse.
 *
 *   VAR=LIST [VAR=LIST] [hold=T] [order=random] [fresh] [whole]
 *   capacity [from=R] [to=R] [hold=T]
 *   resume
 *
 * LIST: values, ranges or both, with commas: `1,2,4,8`; `1..8` (steps of one); `1..64*2`
 * (doubling); `10..100+10`; or `auto` alone (1, 2, 4, ... up to the ceiling). VAR: a dial (dial.h),
 * or an option of the backend that can change while it runs. T is at least a second: nothing
 * shorter can be judged.
 */
#ifndef LOADTOP_ENGINE_CONFIG_SWEEP_SPEC_H
#define LOADTOP_ENGINE_CONFIG_SWEEP_SPEC_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

#define SWEEP_TEXT_MAX 256
#define SWEEP_VALUES_MAX 64
#define SWEEP_VALUE_MAX 32
#define SWEEP_AXES_MAX 2
struct sweep_axis {
    char name[48];
    unsigned values;
    char value[SWEEP_VALUES_MAX][SWEEP_VALUE_MAX];
};

struct sweep_spec {
    char pool[POOL_NAME_MAX];  /* whose load it moves; the reader leaves it as it is */
    char text[SWEEP_TEXT_MAX]; /* as given */
    struct sweep_axis axis[SWEEP_AXES_MAX];
    unsigned axes;
    unsigned steps; /* combinations of the values; 0: a capacity search */
    bool automatic; /* the one axis grows by itself */
    bool random, fresh, whole, is_capacity, is_resume;
    uint64_t hold_ns; /* 0: not given */
    double from, to;  /* of a capacity search; 0: not given */
};

/* Reads the text into a spec that is zero but for the pool. All that can be judged without knowing
 * the pool is judged: the words, and each value of a dial. ERR_USAGE says what is wrong; *at (may
 * be NULL) is then where the wrong word starts in the text. */
int sweep_spec_read(struct sweep_spec *, const char *text, struct err *, unsigned *at);
/* Can the pool's load be moved so: has it these variables, and do they take all these values while
 * it runs? ERR_USAGE names the nearest variable, or why the value is refused. */
int sweep_spec_check(const struct sweep_spec *, const struct pool_spec *, struct err *);
bool sweep_axis_add(struct sweep_axis *, double value); /* false: it is full */

#endif
