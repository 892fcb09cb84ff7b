/* Executes commands; ceilings, lock, read-only and undo are enforced here for every sender. */
#ifndef LOADTOP_ENGINE_CONTROL_EXECUTE_H
#define LOADTOP_ENGINE_CONTROL_EXECUTE_H

struct engine;
struct err;
struct order;

/* Carries out a command on the engine, on its pool, or on every pool when it names none. 0, or the
 * code of the (first) refusal, with err saying why. */
int execute(struct engine *, struct order *, struct err *);
/* The user consented to the first load of this pool. */
void execute_consent(struct engine *, unsigned number);

#endif
