/* The engine: pools of workers, one supervisor, one queue of commands, snapshots out.
 *
 * The front end, headless or not, does four things: makes an engine from a scenario, sends
 * commands, reads snapshots, and ends it. None of these blocks on a worker or on a target. */
#ifndef LOADTOP_ENGINE_ENGINE_H
#define LOADTOP_ENGINE_ENGINE_H

#include "engine/config/command.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct engine;
struct err;
struct snapshot;

enum end_how {
    END_DRAIN, /* stop starting, drain up to 5 s */
    END_NOW    /* no draining: what is unanswered stays in flight (a signal) */
};

/* An engine for the scenario (copied). `backends` is NULL-terminated and outlives it. With
 * `virtual_time` no thread is started: engine_step drives everything (null backend only).
 * NULL and err on failure. */
struct engine *engine_new(const struct scenario *, const struct backend *const *backends,
                          bool virtual_time, struct err *);
/* Starts the supervisor and the load. */
int engine_start(struct engine *, struct err *);
/* Virtual time only: runs until virtual time `until_ns` since the start, or the run's end. */
void engine_step(struct engine *, uint64_t until_ns);

/* Queues a command; returns at once, 0, or ERR_FAILED when the queue (1,024) is full. What became
 * of it is an event, and when refused the snapshot's message. A pool left out means all pools. */
int engine_send(struct engine *, const struct command *, enum origin, struct err *);
/* Parses and queues. */
int engine_send_text(struct engine *, const char *text, enum origin, struct err *);

/* Commands that only a front end can carry out (screenshot, report, baseline, theme, quit), sent by
 * --at, a sweep or another part of the program. True and *c if there is one. */
bool engine_take_screen(struct engine *, struct command *c);

/* The newest snapshot, with a reference: give it back with snapshot_release. Never NULL after
 * engine_start. */
const struct snapshot *engine_snapshot(struct engine *);
const struct snapshot *snapshot_retain(const struct snapshot *);
void snapshot_release(const struct snapshot *); /* takes NULL */
/* The person typed the name of a protected host (limits.ask_names): pools that wait for it go on.
 * Any thread. */
void engine_confirm(struct engine *, const char *host);
/* The person said yes to the first load of this pool (limits.hold_remote). Queued like a command,
 * and nothing else stands in for it: `resume` does not. */
int engine_consent(struct engine *, unsigned pool, struct err *);
/* A descriptor (eventfd) that becomes readable with each new snapshot; for poll() only. */
int engine_fd(const struct engine *);

/* Begins the end; the snapshot says `ended` when every worker has ended or was given up. The first
 * reason given stays. Async-signal-unsafe; idempotent; END_NOW overrides END_DRAIN. */
void engine_end(struct engine *, enum end_how, enum end_reason);
/* Waits up to timeout_ns for `ended`. True if it did. */
bool engine_wait(struct engine *, uint64_t timeout_ns);
/* Ends what is left (bounded: 6 s) and frees. Snapshots that are still held stay valid. What a
 * thread that hangs in a backend may look at is not freed. Takes NULL. */
void engine_free(struct engine *);
/* The process is about to end and may wait for nothing: lets go of the engine, whose threads go on
 * until then. Nothing is freed. Takes NULL. */
void engine_leave(struct engine *);
/* Did engine_free or engine_leave leave threads behind? Then a process ends with _exit(): exit
 * handlers would take libraries away under them. Any thread. */
bool engine_threads_left(void);

#endif
