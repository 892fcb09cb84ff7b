/* Leases: requests get a connection, or wait for one. */
#ifndef LOADTOP_ENGINE_LOAD_LEASE_H
#define LOADTOP_ENGINE_LOAD_LEASE_H

#include <stdint.h>

struct group;
struct request;
struct worker;

/* Leases a connection for a chain of requests (linked by next) and submits them, or makes it wait.
 */
void lease(struct worker *, struct request *chain);
/* serves the waiting requests of groups that have room again */
void leases_dispatch(struct worker *);
/* expires requests that have waited since before_ns */
void leases_expire(struct group *, uint64_t before_ns);
/* Gives waiting requests back to their clients, at a pause, the end or a change of pattern. Keeps
 * those that were sent before, and scheduled ones while the schedule is open. */
void waiting_discard(struct worker *);
void conns_flush(struct worker *); /* stamps and sends the submitted requests */

#endif
