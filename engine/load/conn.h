/* Connections: opened, lost, opened again, closed. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_H
#define LOADTOP_ENGINE_LOAD_CONN_H

#include <stdbool.h>
#include <stdint.h>

struct worker;

/* Applies a change of settings. `reopen`: connections that are up are reopened once they are
 * idle. */
void conns_tune(struct worker *, bool reopen);
void conns_run_pending(struct worker *); /* performs the pending opens and closes */
bool conns_close_all(struct worker *);   /* starts closing all; true when all are closed */
/* operations in flight, counted by visiting all connections */
uint64_t conns_count_ops(const struct worker *);
void conns_free(struct worker *);

#endif
