/* The engine: pools of workers, one supervisor, one queue of commands, snapshots out.
 *
 * The front end, headless or not, creates an engine from a scenario, sends commands, reads
 * snapshots, and ends it. None of these blocks on a worker or on a target. */
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
    END_NOW    /* no draining: unanswered requests stay in flight (used after a signal) */
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

/* Queues a command. Returns at once: the command's ticket, a number above 0 that increases with
 * each command, or ERR_FAILED when the queue (1,024) is full. A change is recorded as an event; a
 * refusal is recorded as an event and is also the snapshot's message. A command that names no pool
 * applies to all. */
int64_t engine_send(struct engine *, const struct command *, enum origin, struct err *);
/* Parses a command and queues it. ERR_USAGE: it is not valid. */
int64_t engine_send_text(struct engine *, const char *text, enum origin, struct err *);
/* The result of the command with that ticket. why (may be NULL): the first reason if pools refused
 * it, else "". The last 2,048 commands are kept, including those of --at and of sweeps. Any
 * thread. */
enum command_result engine_ticket_result(struct engine *, int64_t ticket, struct err *why);

/* Takes a command that only a front end can execute (screenshot, report, baseline, theme, quit),
 * sent by --at, a sweep or another part of the program. True and *c if there is one. */
bool engine_take_screen(struct engine *, struct command *c);

/* The newest snapshot, with a reference that must be released with snapshot_release. Never NULL
 * after engine_start. */
const struct snapshot *engine_snapshot(struct engine *);
const struct snapshot *snapshot_retain(const struct snapshot *);
void snapshot_release(const struct snapshot *); /* takes NULL */
/* The user typed the name of a protected host (limits.ask_names): pools that wait for it continue.
 * Any thread. */
void engine_confirm(struct engine *, const char *host);
/* The user consented to the first load of this pool (limits.hold_remote). Queued like a command;
 * `resume` does not replace it. */
int engine_consent(struct engine *, unsigned pool, struct err *);
/* A descriptor (eventfd) that becomes readable with each new snapshot; for poll() only. */
int engine_fd(const struct engine *);

/* Starts ending the run; the snapshot has `ended` once every worker has ended or was given up. The
 * first reason is kept. Async-signal-unsafe; idempotent; END_NOW overrides END_DRAIN. */
void engine_end(struct engine *, enum end_how, enum end_reason);
/* Waits up to timeout_ns for the run to end. True if it has ended. */
bool engine_wait(struct engine *, uint64_t timeout_ns);
/* Ends the remaining threads (within 6 s) and frees the engine. Snapshots with references stay
 * valid. Memory that a thread hanging in a backend may access is not freed. Takes NULL. */
void engine_free(struct engine *);
/* For a process that exits without waiting: abandons the engine, whose threads run on until exit.
 * Frees nothing. Takes NULL. */
void engine_leave(struct engine *);
/* Did engine_free or engine_leave leave running threads? Then the process must end with _exit(),
 * because exit handlers would unload libraries that they use. Any thread. */
bool engine_threads_left(void);

#endif
