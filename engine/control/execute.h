/* Where commands are carried out: ceilings, lock, read-only and undo hold here, for whoever sent
 * them. */
#ifndef LOADTOP_ENGINE_CONTROL_EXECUTE_H
#define LOADTOP_ENGINE_CONTROL_EXECUTE_H

struct engine;
struct err;
struct order;

/* Carries out a command on the engine, on its pool, or on every pool when it names none. 0, or the
 * code of the (first) refusal, with err saying why. */
int execute(struct engine *, struct order *, struct err *);
/* A person's yes to the first load of this pool. */
void execute_consent(struct engine *, unsigned number);

#endif
