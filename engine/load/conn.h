/* Connections: opened, lost, opened again, closed. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_H
#define LOADTOP_ENGINE_LOAD_CONN_H

#include <stdbool.h>
#include <stdint.h>

struct worker;

/* After a change of settings; anew: those that stand are opened anew once they carry nothing. */
void conns_tune(struct worker *, bool anew);
void conns_settle(struct worker *);              /* opens and closes those that were to */
bool conns_close_all(struct worker *);           /* begins; true when all are closed */
uint64_t conns_count_ops(const struct worker *); /* in flight by walking the connections */
void conns_free(struct worker *);

#endif
