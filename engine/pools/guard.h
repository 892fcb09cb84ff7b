/* What stands between a pool and a target that is not on this machine: permission, a person's yes,
 * what the target can bear, and who says that it is us.
 *
 * A pool counts as local while every address that it met is this machine's. The first other one
 * makes it remote (guard_note_address, before the connection is made): from then on ceilings and
 * the rule for errors hold, and with limits.hold_remote nothing is loaded before a yes, which only
 * engine_consent brings; no command, timed or typed, stands in for it. */
#ifndef LOADTOP_ENGINE_POOLS_GUARD_H
#define LOADTOP_ENGINE_POOLS_GUARD_H

#include "engine/backend.h"

#include <stdbool.h>
#include <stdint.h>

struct pool;
/* The supervisor's share of a tick: what other threads have noted becomes
 * events, a pause, an end. */
void guard_supervise(struct pool *, uint64_t now_ns);
/* Pauses a pool whose target is not on this machine when errors were above the limit for too long
 * (rules_errors). Once a second. */
void guard_errors_high(struct pool *, uint64_t now_ns);

#endif
