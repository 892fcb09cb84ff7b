/* Counts scheduled starts that never become requests. */
#ifndef LOADTOP_ENGINE_LOAD_UNPLACED_H
#define LOADTOP_ENGINE_LOAD_UNPLACED_H

#include <stdbool.h>
#include <stdint.h>

struct request;
struct worker;

/* The time up to which the load runs: now, or the end if it has passed. */
uint64_t worker_moment(const struct worker *);
void starts_dropped(struct worker *, bool warm, uint64_t n);
void starts_not_started(struct worker *, bool warm, uint64_t n);
/* Counts a request of the schedule that is never sent, row by row: dropped, or not started. */
void arrival_unplaced(struct worker *, const struct request *);
/* Counts one start of the request, which was due at intended_ns. */
void start_unplaced(struct worker *, const struct request *, uint64_t intended_ns);

#endif
