/* Commands that change the load of one pool. */
#ifndef LOADTOP_ENGINE_CONTROL_CHANGE_H
#define LOADTOP_ENGINE_CONTROL_CHANGE_H

#include "engine/config/command.h"
#include "engine/config/option.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct err;
struct pool;

/* A command while it is executed. */
struct order {
    const struct command *command;
    enum origin by;
    enum option_origin origin; /* of what it adds */
    uint64_t ticket;           /* its number in the log */
    /* it is an undo; undoing it is not recorded, so the next undo reverts an older change */
    bool is_undo;
    unsigned taken; /* number of pools that have executed it so far */
};

/* The following functions return 0, or the code of a refusal, with the reason in err. A refusal has
 * then already been shown on the screen and added to the events. */

/* Executes the order on this pool. */
int execute_on_pool(struct engine *, struct pool *, struct order *, struct err *);
/* Executes one command of a sweep on the sweep's pool, after adding it to the log. */
int execute_step(struct engine *, struct pool *, const struct command *, struct err *);
/* Reports that a command is not executed, for the reason in err. pool may be NULL. Returns err's
 * code. */
int command_refuse(struct engine *, struct pool *, const struct order *, const struct err *);

/* Records the result of the order in the log; `code`: what its execution returned. */
void order_close(struct engine *, const struct order *, int code, const struct err *);
void change_ramps(struct engine *, uint64_t now_ns); /* executes due steps of ramps (`over T`) */
bool origin_is_hand(enum origin);                    /* did the user give it interactively? */
extern const char command_halted_words[];            /* the reason, for command_refuse */

#endif
