/* Which connection has room for a request: groups of connections, and what each carries. */
#ifndef LOADTOP_ENGINE_LOAD_CONN_ROOM_H
#define LOADTOP_ENGINE_LOAD_CONN_ROOM_H

#include <stdint.h>

struct client;
struct conn;
struct group;
struct op;
struct worker;

/* Made when first asked for; the next settle opens its connections. */

struct group *group_get(struct worker *, uint32_t id);
/* How many requests it takes now. */
uint32_t conn_has_room(const struct conn *);
/* A connection with room for `units` requests, the client's own one if it can be; NULL: none. */
struct conn *conn_pick(struct group *, struct client *, uint32_t units);
void conn_link(struct conn *, struct op *);     /* in flight on it now */
void conn_take_out(struct conn *, struct op *); /* no more, whatever comes of it */
void conn_unlink(struct op *); /* out of its connection, which may have room again */
void room_changed(struct conn *);
void room_gone(struct conn *);    /* it is lost */
void room_wanted(struct group *); /* who waits there is looked at in the next settle */
void conn_doom(struct conn *);    /* closed in the next settle, if still to retire */
void room_used(struct conn *);    /* it carries more than before */

#endif
