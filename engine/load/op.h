/* The memory, the counts and the end of a request. */
#ifndef LOADTOP_ENGINE_LOAD_OP_H
#define LOADTOP_ENGINE_LOAD_OP_H

#include <stddef.h>
#include <stdint.h>

struct op;
struct worker;
struct alarm;

struct op *op_take(struct worker *); /* NULL: out of memory */
void op_free(struct worker *, struct op *);
void ops_free(struct worker *); /* all of them, at the worker's end */
void op_offered(struct worker *, struct op *);
void op_unoffered(struct worker *, struct op *);
void op_count_in_flight(struct worker *, const struct op *, int sign);
/* Its connection is gone (class given), or it was refused for good (no class:
 * op_error was called). */
void op_lost(struct op *, const char *error_class, const char *msg, size_t len);
void op_give_back(struct op *); /* never sent: back to the client and the budget */
/* Time is up. On a connection it stays, abandoned, until its answer comes
 * or the connection goes. */
void op_expire(struct op *);
void client_release(struct op *); /* the client gets its place back: the request has ended */
void think_fire(struct alarm *);
void worker_account(struct worker *); /* brings the in-flight area up to now */

#endif
