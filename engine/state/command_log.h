/* The log of commands: what was sent, when and by whom, its result, and the command that reverts
 * it.
 *
 * Each command has a ticket, its number in the order of sending. Texts are complete but without
 * secrets, as command_shown writes them. The last COMMANDS_KEPT commands are kept, and the last
 * UNDO_MAX changes that can be undone.
 *
 * Any thread may access the commands, under a lock that may also be taken while the engine's queue
 * is locked. The undos are for the supervisor only. */
#ifndef LOADTOP_ENGINE_STATE_COMMAND_LOG_H
#define LOADTOP_ENGINE_STATE_COMMAND_LOG_H

#include "engine/base/role.h"
#include "engine/config/command.h"
#include "engine/config/pool_spec.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct pool;

#define COMMANDS_KEPT 2048
#define UNDO_MAX 64

struct kept_command {
    uint64_t ticket;  /* 0: nothing is kept here yet */
    uint64_t sent_ns; /* of the engine's clock */
    enum origin by;
    enum command_result result;
    char *text; /* owned */
    char *why;  /* owned; why it was refused, or NULL */
};

/* A change of one pool, kept as the command that reverts it. */
struct undo {
    uint64_t ticket; /* ticket of the command that made the change */
    unsigned pool;
    char name[POOL_NAME_MAX];
    char text[]; /* the command, without the pool: "ops get:80,set:20" */
};

/* Under the lock. */
struct command_log_shared {
    struct kept_command kept[COMMANDS_KEPT]; /* ring buffer: the index is ticket % COMMANDS_KEPT */
    uint64_t sent;
};

/* The supervisor's. */
struct command_log_supervised {
    struct undo *undo[UNDO_MAX]; /* [undos], owned, the newest last */
    unsigned undos;
};

struct command_log {
    /* For the functions below only. */
    pthread_mutex_t lock;
    struct command_log_shared under_lock;
    struct command_log_supervised of_supervisor;
};

static inline struct command_log_supervised *command_log_sup(struct command_log *log)
{
    ROLE_CHECK(ROLE_SUPERVISOR, NULL);
    return &log->of_supervisor;
}

/* Takes the lock and returns the data that it guards. Any thread. */
struct command_log_shared *command_log_lock(struct command_log *);
void command_log_unlock(struct command_log *);

void command_log_init(struct command_log *);
void command_log_fini(struct command_log *); /* supervisor only, as the functions for undos below */
/* Adds a command, whose result is open for now, and returns its ticket. Any thread, as the next
 * two. */
uint64_t command_log_add(struct command_log *, const struct command *, enum origin,
                         uint64_t now_ns);
/* Records the result of a command. `why`: the reason if it was refused, else "". */
void command_log_close(struct command_log *, uint64_t ticket, enum command_result, const char *why);
/* See engine_ticket_result. */
enum command_result command_log_result(struct command_log *, uint64_t ticket, struct err *why);

/* Adds an undo: `text` reverts what the command with this ticket has changed in this pool. */
void command_log_keep_undo(struct command_log *, uint64_t ticket, const struct pool *,
                           const char *text);
/* Removes the newest undo from the log and returns it, for undo_free. NULL: there is none. */
struct undo *command_log_take_undo(struct command_log *);
void undo_free(struct undo *); /* takes NULL */
/* The newest undo as shown on the screen, "redis threads 4", or "". */
void command_log_show_undo(struct command_log *, char *buf, size_t size);

#endif
