/* Protection of remote targets: permission, the user's consent, and overload of the target.
 *
 * A pool counts as local while all its addresses are on this machine. The first other address makes
 * it remote (guard_note_address, before connecting): from then on the ceilings and the error rule
 * apply. With limits.hold_remote nothing is loaded before the user consents. Only engine_consent
 * gives this consent: no command does, whether typed or timed. */
#ifndef LOADTOP_ENGINE_POOLS_GUARD_H
#define LOADTOP_ENGINE_POOLS_GUARD_H

#include "engine/backend.h"

#include <stdbool.h>
#include <stdint.h>

struct pool;
/* Called by the supervisor each tick: turns what other threads have recorded into events, a pause
 * or the pool's end. */
void guard_supervise(struct pool *, uint64_t now_ns);
/* Pauses a remote pool when errors were above the limit for too long (rules_errors). Once a
 * second. */
void guard_errors_high(struct pool *, uint64_t now_ns);

#endif
