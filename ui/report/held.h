/* Did a steady stretch hold every threshold of its pool? */
#ifndef LOADTOP_UI_REPORT_HELD_H
#define LOADTOP_UI_REPORT_HELD_H

#include <stddef.h>

struct saved_plateau;
struct saved_pool;
struct saved_run;

enum held { HELD_NO, HELD_UNKNOWN, HELD_YES };
enum held plateau_held(const struct saved_run *run, const struct saved_pool *pool,
                       const struct saved_plateau *plateau);
struct best {
    double per_s;                    /* the highest throughput of those that held; NaN: none */
    size_t at;                       /* its index in `plateaus` */
    unsigned valid, failed, unknown; /* stretches; of the valid ones those that did not hold */
};
struct best best_of(const struct saved_run *run, const struct saved_pool *pool);

#endif
