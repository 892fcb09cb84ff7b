/* The present problems, most severe first. */
#ifndef LOADTOP_UI_VIEWS_ALERTS_H
#define LOADTOP_UI_VIEWS_ALERTS_H

#include "engine/state/snapshot.h"

#include <stdbool.h>

struct cells;
struct layout;

struct alert {
    bool bad; /* false: a caution */
    char text[320];
};
#define ALERTS_MAX (2 * POOLS_MAX)
int alerts_collect(const struct snapshot *, struct alert *alert, int max);
void alerts_draw(struct cells *, const struct snapshot *, const struct layout *);

#endif
