/* How a request ends, and the counts that change; the functions that backends call are in
 * backend.h. */
#ifndef LOADTOP_ENGINE_LOAD_END_H
#define LOADTOP_ENGINE_LOAD_END_H

#include <stddef.h>

struct request;

/* Ends a request whose connection was lost (error_class given), or that was refused permanently
 * (NULL: op_error was called). */
void op_lost(struct request *, const char *error_class, const char *msg, size_t len);
void op_give_back(struct request *); /* never sent: back to the client and the budget */
/* The request timed out. If it was sent it stays on its connection as abandoned until its answer
 * arrives or the connection is closed. */
void op_expire(struct request *);

#endif
