/* The nodes of a cluster: contact points, discovery, and the replicas of a token. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_RING_H
#define LOADTOP_BACKENDS_CASSANDRA_RING_H

#include <stdbool.h>
#include <stdint.h>

struct cass_host;
struct cass_pool;
struct cass_ring;
struct cass_session;
struct cass_token;
struct err;
struct pool;

/* Adds the URL's contact points to p->host; discovers the cluster's other nodes through s; builds
 * the ring. */
int cass_contacts(struct cass_pool *, const struct pool *, struct err *);
int cass_discover(struct cass_pool *, struct pool *, struct cass_session *, uint64_t deadline_ns,
                  struct err *);
/* Does the node have this address, and this port unless it is 0? */
bool cass_host_is(const struct cass_host *, const char *address, unsigned port);
void cass_ring_free(struct cass_pool *);
/* The replicas of a token, or NULL when there is no ring. */
const struct cass_token *cass_replicas(const struct cass_ring *, int64_t token);

#endif
