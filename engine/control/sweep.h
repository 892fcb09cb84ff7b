/* Sweeps: the engine varies one or two variables and holds each value until there is a plateau; and
 * the search for the highest rate at which the thresholds hold. Private to the engine; every step
 * is a command.
 *
 * Sweep specifications are described in sweep_spec.h.
 *
 * A sweep ends when all of its steps are over, when the curve has turned, when a threshold fails,
 * when its pool ends, is paused or is changed by the user, and when its target was down for 10 s
 * (after a shorter outage the step starts over). Its points are kept.
 *
 * The curve has turned when two consecutive steps, including their intervals, were below 95 % of
 * the highest so far. This applies to a single variable that puts more in flight (threads, clients,
 * connections, depth) in rising order, after at least five points, which a fit needs. Grids,
 * options, random order and sweeps with `whole` are measured to the end.
 *
 * A sweep that ended early or left unsteady steps is resumed by repeating the same command or by
 * `resume`: finished steps are not measured again, and a sweep whose curve had turned continues to
 * its end. If other settings of the pool have changed meanwhile, the old points are not comparable
 * and the sweep starts over. `fresh` always starts over. */
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
/* Runs one tick of the sweep. */
void sweep_tick(struct engine *, uint64_t now_ns);
/* Ends the sweep; the variables keep their present values. `why` is for the event. */
void sweep_stop(struct engine *, const char *why);
/* the same, if it is on this pool */
void sweep_stop_on(struct engine *, const struct pool *, const char *why);
/* the pool of the sweep that is running; NULL: none */
struct pool *sweep_pool(const struct engine *);
/* Ends the running sweep, because this command of the user changed its pool. */
void sweep_disturbed(struct engine *, struct pool *, const struct command *);
/* Copies the present sweep and earlier ones into the snapshot, which gets its own copy of the
 * cells. */
void sweep_fill(const struct engine *, struct snapshot *, uint64_t now_ns);
void sweep_free(struct sweep *); /* takes NULL */

#endif
