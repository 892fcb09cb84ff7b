/* Queries the state of the server and of the table. On the pool's thread. */
#ifndef LOADTOP_BACKENDS_CRATE_INSPECT_H
#define LOADTOP_BACKENDS_CRATE_INSPECT_H

struct crate_pool;
struct pool;
struct stats;

/* Fills stats from the server's and the table's state. */
void crate_inspect(struct pool *, struct crate_pool *, struct stats *);
/* Records the server's state before the load, for later comparison. */
void crate_inspect_first(struct pool *, struct crate_pool *);

#endif
