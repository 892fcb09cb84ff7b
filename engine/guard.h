/* What stands between a pool and a target that is not on this machine: permission, a person's yes,
 * what the target can bear, and who says that it is us.
 *
 * A pool counts as local while every address that it met is this machine's. The first other one
 * makes it remote (guard_note_address, before the connection is made): from then on ceilings and
 * the rule for errors hold, and with limits.hold_remote nothing is loaded before a yes, which only
 * engine_consent brings; no command, timed or typed, stands in for it. */
#ifndef LOADTOP_ENGINE_GUARD_H
#define LOADTOP_ENGINE_GUARD_H

#include "engine/backend.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct pool;

void guard_init(struct pool *); /* what the limits say, before it starts */
/* On the pool's thread, before anything is sent: waits for protected names where somebody can type
 * them, and notes which addresses are not this machine's. 0, or ERR_REFUSED. Blocks (names). */
int guard_await(struct pool *, struct err *);
/* Is its target not on this machine, and has nobody said yes yet who is to be asked? Any thread. */
bool guard_awaits_yes(const struct pool *);
/* Before a connection to this address. 0, or ERR_UNREACHED while a yes is awaited. Any thread. */
int guard_note_address(struct pool *, const char *host, const struct sockaddr *, struct err *);
/* With these settings, would more come to lie on the target than it has free, what the other pools
 * on it will write included? ERR_REFUSED. */
int guard_fits(struct pool *, const struct options *, const double *weight, struct err *);
/* The supervisor's share of a tick: what other threads have noted becomes
 * events, a pause, an end. */
void guard_supervise(struct pool *, uint64_t now_ns);
/* Pauses a pool whose target is not on this machine when errors were above the limit for too long
 * (rules_errors). Once a second. */
void guard_errors_high(struct pool *, uint64_t now_ns);
/* May this much more be written? Takes `bytes` from what --max-bytes and the target's free room
 * leave. False: nothing was taken, and the pool ends. Any worker. */
bool guard_take_bytes(struct pool *, uint64_t bytes);
/* A line in the system's log when load on a target that is not on this machine has begun or ended
 * since the last call. The pool's thread; waits 200 ms at most. */
void guard_log(struct pool *);

/* The names of --confirm, a line each, for connections without a pool (clean). Before the first. */
void net_confirm(const char *names);

/* "loadtop:alice@build7:1a2b3c4d": letters, digits and "@:._-" only. */
void sender_name(char *buf, unsigned size, const char *run_id);

#endif
