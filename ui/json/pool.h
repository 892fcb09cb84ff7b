/* A pool as JSON. */
#ifndef LOADTOP_UI_JSON_POOL_H
#define LOADTOP_UI_JSON_POOL_H

#include <stdbool.h>

struct json_t;
struct pool_snapshot;

/* `removed`: the pool was removed. since_s: as for json_run_since; NaN: all. */
struct json_t *json_pool(const struct pool_snapshot *, bool removed, double since_s);

#endif
