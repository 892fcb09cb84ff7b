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
void client_ready(struct client *); /* the next run_pending() runs it */
void client_list_append(struct client_list *, struct client *);
struct client *client_list_pop(struct client_list *); /* NULL: empty */
/* how many requests its pattern allows to start now */
uint32_t client_starts(struct client *);
/* Frees the request's slot in its client. `sent`: the request was sent, so it counts for a batch or
 * a think time. */
void client_take_back(struct request *, bool sent);
void think_fire(struct alarm *);

/* ---- hot path: inline, as a call costs a nanosecond or two per request ---- */

/* Appends the newest request to the client's list. */
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
