/* A client: what it has in flight, when it has room for more, and its think time. */
#ifndef LOADTOP_ENGINE_LOAD_CLIENT_H
#define LOADTOP_ENGINE_LOAD_CLIENT_H

#include "engine/load/worker_state.h"

#include <stdbool.h>
#include <stdint.h>

struct alarm;
struct client;
struct client_list;
struct request;
struct worker;

void client_init(struct client *, struct worker *, uint32_t id);
void client_ready(struct client *); /* the next settle looks at it */
void client_list_append(struct client_list *, struct client *);
struct client *client_list_pop(struct client_list *); /* NULL: empty */
uint32_t client_starts(struct client *);              /* how many requests its pattern starts now */
/* It gets its place back. `sent`: the request went out, so a batch or a think time counts. */
void client_take_back(struct request *, bool sent);
void think_fire(struct alarm *);

/* ---- on the way of each request: inline, for each costs a nanosecond or two else ---- */

/* The newest of what it has started. */
static inline void client_add(struct client *c, struct request *r)
{
    r->client = c;
    r->seq = c->seq++;
    r->client_prev = c->newest;
    if (c->newest)
        c->newest->client_next = r;
    else
        c->oldest = r;
    c->newest = r;
    c->occupied++;
}

#endif
