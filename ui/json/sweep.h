/* Plateaus and sweeps as JSON.
 *
 * A sweep: { spec, ended_by, resumable, vars: [{ name, values, relative }],
 *            columns: [{ key, name, unit }] (the backend's own), cells: [...] }
 *
 * A cell has all members of its plateau, and:
 *   at              the values that were set, by name
 *   state           "steady", "unsteady", "waiting", or "same": not measured, because its pattern
 *                   has no depth
 *   plateau         its index in the pool's `plateaus`, null when it made none
 *   relative        by variable: throughput against the first value of that line; for threads and
 *                   clients per value, which is the efficiency
 *   relative_valid  both are steady and valid */
#ifndef LOADTOP_UI_JSON_SWEEP_H
#define LOADTOP_UI_JSON_SWEEP_H

struct json_t;
struct plateau;
struct pool_snapshot;
struct snapshot;

/* The sweeps of that pool, oldest first. */
struct json_t *json_sweeps(const struct snapshot *, const struct pool_snapshot *);
/* A period at one load: an element of the pool's `plateaus`. */
struct json_t *json_plateau(const struct pool_snapshot *, const struct plateau *);

#endif
