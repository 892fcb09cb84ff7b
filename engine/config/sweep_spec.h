/* A sweep's specification: the text after `sweep` and its pool. This is the only parser: --sweep,
 * `:`, --at, scenarios and the form on the screen all use it through command_parse.
 *
 *   VAR=LIST [VAR=LIST] [hold=T] [order=random] [fresh] [whole]
 *   capacity [from=R] [to=R] [hold=T]
 *   resume
 *
 * LIST: values, ranges or both, with commas: `1,2,4,8`; `1..8` (steps of one); `1..64*2`
 * (doubling); `10..100+10`; or `auto` alone (1, 2, 4, ... up to the ceiling, and to
 * SWEEP_AUTO_MAX). VAR: a dial (dial.h), or an option of the backend that can change while it runs.
 * T is at least a second: shorter steps cannot be evaluated. */
#ifndef LOADTOP_ENGINE_CONFIG_SWEEP_SPEC_H
#define LOADTOP_ENGINE_CONFIG_SWEEP_SPEC_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct limits;

#define SWEEP_TEXT_MAX 256
#define SWEEP_VALUES_MAX 64
#define SWEEP_AUTO_MAX                                                                             \
    4096 /* auto doubles up to this at the most, whatever the range of the dial */
#define SWEEP_VALUE_MAX 32
#define SWEEP_AXES_MAX 2
struct sweep_axis {
    char name[48];
    unsigned values;
    char value[SWEEP_VALUES_MAX][SWEEP_VALUE_MAX];
};

struct sweep_spec {
    char pool[POOL_NAME_MAX];  /* the pool whose load is varied; not set by the parser */
    char text[SWEEP_TEXT_MAX]; /* as given */
    struct sweep_axis axis[SWEEP_AXES_MAX];
    unsigned axes;
    unsigned steps; /* combinations of the values; 0: a capacity search */
    bool automatic; /* the only axis extends itself */
    bool random, fresh, whole, is_capacity, is_resume;
    uint64_t hold_ns; /* 0: not given */
    double from, to;  /* range of a capacity search; 0: not given */
};

/* Parses the text into a spec that is zero except for the pool. Checks everything that does not
 * depend on the pool: the words, and each value of a dial. ERR_USAGE says what is wrong; *at (may
 * be NULL) is then the offset of the wrong word. */
int sweep_spec_read(struct sweep_spec *, const char *text, struct err *, unsigned *at);
/* Checks that the pool has these variables, that they accept all values while it runs, and that no
 * step is above a ceiling (for the connections of all pools together that is known only when it is
 * due). local: the target is on this machine. ERR_USAGE names the nearest variable, or why a value
 * is refused; ERR_REFUSED: a ceiling. */
int sweep_spec_check(const struct sweep_spec *, const struct pool_spec *, const struct limits *,
                     bool local, struct err *);
bool sweep_axis_add(struct sweep_axis *, double value); /* false: it is full */

#endif
