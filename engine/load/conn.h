/* Connections and their groups. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_H
#define LOADTOP_ENGINE_LOAD_CONN_H

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct group;
struct worker;
struct alarm;

struct group *group_get(struct worker *, uint32_t id);
/* After a change of settings; anew: those that stand are opened anew once they carry nothing. */
void conns_tune(struct worker *, bool anew);
void conns_fill(struct group *);                 /* opens what is wanted and allowed now */
void conn_doom(struct conn *);                   /* closed in the next settle, if still to retire */
void conns_settle(struct worker *);              /* opens and closes those that were to */
bool conns_close_all(struct worker *);           /* begins; true when all are closed */
uint64_t conns_count_ops(const struct worker *); /* in flight by walking the connections */
void conns_free(struct worker *);
void timeouts_fire(struct alarm *);

#endif
