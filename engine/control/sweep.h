/* Sweeps: one or two variables moved by the program, each value held until a plateau stands; and
 * the search for the highest rate that holds the thresholds. Private to the engine; every step is a
 * command of its own.
 *
 * What a sweep is told is in sweep_spec.h.
 *
 * A sweep ends when all of its steps are over, when the curve has turned, when a threshold fails,
 * when its pool ends, is paused or is changed by hand, and when its target was down for 10 s (a
 * shorter outage begins the step anew). Its points stay.
 *
 * The curve has turned when two steps in a row were below 95 % of the highest so far, each with its
 * interval. That is asked of one variable that puts more in flight (threads, clients, connections,
 * depth) in rising order; a law needs five points, so fewer never end it. Grids, options and random
 * order are measured to the end, and so is a sweep with `whole`.
 *
 * One that ended early, or that left steps which were never steady, is resumed by the same command
 * again or by `resume`: steps whose points stand are not measured again; one whose curve had turned
 * goes on to its end. When anything else of the pool was changed in between, the old points do not
 * belong to the new ones, and it begins anew. `fresh` begins anew in any case. */
#ifndef LOADTOP_ENGINE_CONTROL_SWEEP_H
#define LOADTOP_ENGINE_CONTROL_SWEEP_H

#include "engine/config/command.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct pool;
struct err;
struct snapshot;
struct sweep;

/* Starts the sweep that c describes; a running one ends first. 0 or
 * ERR_USAGE: what is wrong in it. */
int sweep_start(struct engine *, const struct command *c, enum origin, struct err *);
/* One tick of it. */
void sweep_tick(struct engine *, uint64_t now_ns);
/* Ends it; what was swept stays where it is. `why` for the event. */
void sweep_stop_on(struct engine *, const struct pool *,
                   const char *why); /* if it is on this pool */
void sweep_stop(struct engine *, const char *why);
/* A load command by a person for a pool ends the sweep on that pool. */
void sweep_disturbed(struct engine *, const struct command *);
/* The present sweep and those before it, into the snapshot; its cells are the snapshot's own. */
void sweep_fill(const struct engine *, struct snapshot *, uint64_t now_ns);
void sweep_free(struct sweep *); /* takes NULL */

#endif
