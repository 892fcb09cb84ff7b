/* Commands that change the load of one pool. */
#ifndef LOADTOP_ENGINE_CONTROL_CHANGE_H
#define LOADTOP_ENGINE_CONTROL_CHANGE_H

#include "engine/config/command.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct pool;

/* Carries it out on this pool. What it is refused for is told on the screen and is an event. */
void execute_on_pool(struct engine *, struct pool *, const struct command *, enum origin);
void change_ramps(struct engine *, uint64_t now_ns); /* `over T`: the step that is due */
/* It is not carried out: says why. pool may be NULL. */
void command_refuse(struct engine *, struct pool *, const struct command *, enum origin,
                    const char *why);
bool origin_is_hand(enum origin); /* a person's, now */
/* May this command not start anything in this pool, because a person paused all and has not resumed
 * it? */
bool command_is_halted(struct pool *, const struct command *, enum origin);
extern const char command_halted_words[]; /* why it is refused */

#endif
