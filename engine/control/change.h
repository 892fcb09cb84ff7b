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

/* A command that is being carried out. */
struct order {
    const struct command *command;
    enum origin by;
    enum option_origin origin; /* of what it adds */
    uint64_t ticket;           /* its number in the log */
    bool is_undo;              /* it takes a change back, which the next undo does not repeat */
    unsigned taken;            /* pools that have taken it so far */
};

/* What follows returns 0, or the code of the refusal with err saying why. By then a refusal
 * is on the screen and is an event. */

/* Carries it out on this pool. */
int execute_on_pool(struct engine *, struct pool *, struct order *, struct err *);
/* One command of a sweep: adds it to the log and carries it out on its pool. */
int execute_step(struct engine *, struct pool *, const struct command *, struct err *);
/* It is not carried out, for the reason in err: says so. pool may be NULL. Returns err's code. */
int command_refuse(struct engine *, struct pool *, const struct order *, const struct err *);

/* The log learns what became of it: `code` is what carrying it out returned. */
void order_close(struct engine *, const struct order *, int code, const struct err *);
void change_ramps(struct engine *, uint64_t now_ns); /* executes due steps of ramps (`over T`) */
bool origin_is_hand(enum origin);                    /* given interactively by the user */
extern const char command_halted_words[];            /* the reason, for command_refuse */

#endif
