/* Did a steady stretch hold every threshold of its pool? */
#ifndef LOADTOP_UI_REPORT_HELD_H
#define LOADTOP_UI_REPORT_HELD_H

#include <stddef.h>

struct json_t;

enum held { HELD_NO, HELD_UNKNOWN, HELD_YES };
enum held plateau_held(const struct json_t *run, const struct json_t *pool,
                       const struct json_t *plateau);
struct best {
    double per_s;                    /* the highest throughput of those that held; NaN: none */
    size_t at;                       /* its index in `plateaus` */
    unsigned valid, failed, unknown; /* stretches; of the valid ones those that did not hold */
};
struct best best_of(const struct json_t *run, const struct json_t *pool);

#endif
