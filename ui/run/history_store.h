/* The file behind history.h; for history.c and the verb. */
#ifndef LOADTOP_UI_RUN_HISTORY_STORE_H
#define LOADTOP_UI_RUN_HISTORY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json_t;
struct store;

struct store_row {
    long long id;
    const char *run_id, *started, *targets, *ended_by, *command; /* valid within the call */
    double elapsed_s, throughput_per_s, p99_us;                  /* NaN: unknown */
    bool valid;
};

/* Opens the store, creating it if `create`. NULL and err on failure; NULL without an error if there
 * is none and `create` is false. */
struct store *store_open(bool create, bool hurry, struct err *);
void store_close(struct store *); /* takes NULL */
int store_add(struct store *, const struct json_t *json, unsigned keep, struct err *);
/* Newest first. */
int store_each(struct store *, void (*each)(const struct store_row *, void *ctx), void *ctx,
               struct err *);
/* The run with that number, run id or beginning of a run id (at least six characters if all are
 * digits), or "last". NULL and ERR_USAGE. */
struct json_t *store_get(struct store *, const char *which, struct err *);
/* Removes all but the newest `keep`, and those that started before `before` (RFC 3339; NULL: none).
 * Returns how many, or a negative error. */
long store_prune(struct store *, uint64_t keep, const char *before, struct err *);

#endif
