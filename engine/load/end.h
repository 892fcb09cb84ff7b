/* How a request ends, and what is counted then; backend.h has the ends that backends tell. */
#ifndef LOADTOP_ENGINE_LOAD_END_H
#define LOADTOP_ENGINE_LOAD_END_H

#include <stddef.h>

struct request;

/* Its connection is gone (class given), or it was refused for good (no class:
 * op_error was called). */
void op_lost(struct request *, const char *error_class, const char *msg, size_t len);
void op_give_back(struct request *); /* never sent: back to the client and the budget */
/* Time is up. On a connection it stays, abandoned, until its answer comes
 * or the connection goes. */
void op_expire(struct request *);

#endif
