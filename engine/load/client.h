/* What a client starts, and the budgets that it starts from. */
#ifndef LOADTOP_ENGINE_LOAD_CLIENT_H
#define LOADTOP_ENGINE_LOAD_CLIENT_H

#include <stdint.h>

struct client;
struct client_list;
struct op;
struct worker;

void client_init(struct client *, struct worker *, uint32_t id);
void client_ready(struct client *);               /* the next settle looks at it */
void clients_run(struct worker *, unsigned most); /* those that are ready; leaves the rest listed */
uint32_t capped(struct worker *, uint32_t n);     /* how many of n --max-rate allows now */
void capped_run(struct worker *); /* closed under --max-rate: who had to wait for it */
void client_list_append(struct client_list *, struct client *);
struct client *client_list_pop(struct client_list *); /* NULL: empty */
uint32_t client_starts(struct client *);              /* how many requests its pattern starts now */
/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
void client_start(struct client *, uint32_t n, struct op *(*make)(struct client *));
uint16_t mix_choose(struct worker *);
/* Claims n operations from the budget of -n, if there is one; how many were granted. */
uint32_t budget_claim(struct worker *, uint32_t n);
/* How much of it there is for operations to come, up to `most`, as it stands at the moment. */
uint64_t budget_left(const struct worker *, uint64_t most);
void budget_return(struct worker *, uint32_t n); /* claimed at this moment, and not needed */
void budget_unclaim(struct worker *, const struct op *);
/* A request of a type, not yet anyone's, for n operations that are claimed already. NULL: out of
 * memory. */
struct op *op_make(struct worker *, uint16_t type, uint32_t n);
/* NULL, and the request given back: it would write more than --max-bytes or the target's room
 * leave; then nothing more is started. */
struct op *op_bounded(struct worker *, struct op *);
/* Gives it to a client and lets the backend choose what it is about. */
void op_adopt(struct client *, struct op *);

#endif
