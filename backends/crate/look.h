/* What the server says of itself and of the table. On the pool's thread. */
#ifndef LOADTOP_BACKENDS_CRATE_LOOK_H
#define LOADTOP_BACKENDS_CRATE_LOOK_H

struct crate_pool;
struct pool;
struct stats;

/* What the server says of itself and of the table. */
void crate_look(struct pool *, struct crate_pool *, struct stats *);
/* How the server is before the load: what suffers later is told against it. */
void crate_first_look(struct pool *, struct crate_pool *);

#endif
