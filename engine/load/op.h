/* Requests: their memory and their counts. */
#ifndef LOADTOP_ENGINE_LOAD_OP_H
#define LOADTOP_ENGINE_LOAD_OP_H

#include <stdint.h>

struct op;
struct worker;

struct op *op_take(struct worker *); /* NULL: out of memory */
/* A request of a type, not yet anyone's, for n operations that are claimed already. NULL: out of
 * memory. */
struct op *op_make(struct worker *, uint16_t type, uint32_t n);
void op_free(struct worker *, struct op *);
void ops_free(struct worker *); /* all of them, at the worker's end */
void op_offered(struct worker *, struct op *);
void op_unoffered(struct worker *, struct op *);
void op_count_in_flight(struct worker *, const struct op *, int sign);
void op_count_waiting(struct worker *, struct op *, int sign); /* for a connection */
void worker_account(struct worker *); /* brings the in-flight area up to now */

#endif
