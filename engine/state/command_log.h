/* The log of commands: what was sent, when and by whom, what became of it, and what takes it back.
 *
 * Each command has a ticket, its number in the order of sending. Texts are whole and without
 * secrets, as command_shown writes them. Of commands the last COMMANDS_KEPT are kept, of changes
 * that can be undone the last UNDO_MAX.
 *
 * The commands are anybody's, under a lock that may be waited for while the engine's queue is
 * locked. The undos are the supervisor's. */
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

/* A change of one pool, as the command that takes it back. */
struct undo {
    uint64_t ticket; /* of the command that made the change */
    unsigned pool;
    char name[POOL_NAME_MAX];
    char text[]; /* without the pool: "ops get:80,set:20" */
};

/* Under the lock. */
struct command_log_shared {
    struct kept_command kept[COMMANDS_KEPT]; /* ring: a ticket's place is its remainder */
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

/* Waits for the lock, and gives what is under it. Any thread. */
struct command_log_shared *command_log_lock(struct command_log *);
void command_log_unlock(struct command_log *);

void command_log_init(struct command_log *);
void command_log_fini(struct command_log *); /* the supervisor's, as what is below of undos */
/* Keeps a command, which waits from now on. Its ticket. Any thread, as the next two. */
uint64_t command_log_add(struct command_log *, const struct command *, enum origin,
                         uint64_t now_ns);
/* It is decided what became of it. `why` it was refused; "" if it was not. */
void command_log_close(struct command_log *, uint64_t ticket, enum command_result, const char *why);
/* See engine_ticket_result. */
enum command_result command_log_result(struct command_log *, uint64_t ticket, struct err *why);

/* `text` takes back what the command has changed in this pool. */
void command_log_keep_undo(struct command_log *, uint64_t ticket, const struct pool *,
                           const char *text);
/* The newest undo, which is no longer in the log, for undo_free; NULL: there is none. */
struct undo *command_log_take_undo(struct command_log *);
void undo_free(struct undo *); /* takes NULL */
/* The newest undo as shown on the screen, "redis threads 4", or "". */
void command_log_show_undo(struct command_log *, char *buf, size_t size);

#endif
