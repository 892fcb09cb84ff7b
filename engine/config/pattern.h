/* How a client keeps requests in flight: the five patterns that Cassandra's driver documents, for
 * every backend. A pattern is a pure function, so it is tested as one. */
#ifndef LOADTOP_ENGINE_CONFIG_PATTERN_H
#define LOADTOP_ENGINE_CONFIG_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

enum pattern {
    PATTERN_SYNC,       /* one in flight */
    PATTERN_BATCH,      /* send depth, wait for all, again */
    PATTERN_QUEUE,      /* depth in a queue; the next starts when the OLDEST is done */
    PATTERN_CHAIN,      /* depth in flight; the next starts when ANY is done */
    PATTERN_UNTHROTTLED /* as fast as accepted up to a memory bound, then drain, again */
};
#define PATTERN_CHOICES "sync|batch|queue|chain|unthrottled"
#define PATTERN_DEPTH_DEFAULT 16
#define UNTHROTTLED_BYTES (UINT64_C(64) << 20) /* its bound, of each worker: see the help */
#define DEPTH_MAX 65536

/* Where a client stands. Requests that wait for a connection or think count as occupied. */
struct flight {
    uint32_t occupied; /* requests in flight, waiting for a connection, or thinking */
    /* requests started since the oldest that is not done, that one included; 0: none */
    uint64_t window;
    bool draining; /* unthrottled met its bound and has not run empty since */
    bool full;     /* unthrottled: the memory bound is met */
};

/* How many requests to start now. For unthrottled at most UINT32_MAX, which means: as many as are
 * accepted. */
uint32_t pattern_starts(enum pattern, uint32_t depth, const struct flight *);
/* The depth to use when a person set none. */
uint32_t pattern_depth(enum pattern, uint32_t given);
/* Is it the same at every depth? */
bool pattern_has_no_depth(enum pattern);
const char *pattern_name(enum pattern);
int pattern_parse(const char *, enum pattern *); /* 0 or -1 */

#endif
