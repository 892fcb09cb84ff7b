/* A connection for what was started, and who waits for one. */
#ifndef LOADTOP_ENGINE_LOAD_LEASE_H
#define LOADTOP_ENGINE_LOAD_LEASE_H

#include <stdint.h>

struct group;
struct request;
struct worker;

/* Leases a connection for a chain of requests (linked by next) and submits them, or makes it wait.
 */
void lease(struct worker *, struct request *chain);
void leases_dispatch(struct worker *); /* groups in which room appeared */
void leases_expire(struct group *,
                   uint64_t before_ns); /* what waits there since before_ns is too late */
/* Pause, end and a change of pattern: what waits is given back, but for what was sent before, and
 * what is due while the schedule is open, which waits on by itself. */
void waiting_discard(struct worker *);
void conns_flush(struct worker *); /* stamps and sends what was gathered */

#endif
