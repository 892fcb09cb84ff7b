/* Executes commands; ceilings, lock, read-only and undo are enforced here for every sender. */
#ifndef LOADTOP_ENGINE_CONTROL_EXECUTE_H
#define LOADTOP_ENGINE_CONTROL_EXECUTE_H

struct engine;
struct err;
struct order;

/* Executes a command: on the engine, on the pool that it names, or on every pool if it names none.
 * 0, or the code of the (first) refusal, with the reason in err. */
int execute(struct engine *, struct order *, struct err *);
/* The user consented to the first load of this pool. */
void execute_consent(struct engine *, unsigned number);

#endif
