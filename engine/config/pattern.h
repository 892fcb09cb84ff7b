/* How a client keeps requests in flight: the five patterns that Cassandra's driver documents, for
 * every backend. A pattern is a pure function, which makes it easy to test. */
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
/* memory bound of pattern unthrottled, for each worker: see the help */
#define UNTHROTTLED_BYTES (UINT64_C(64) << 20)
#define DEPTH_MAX 65536

/* The state of a client's requests. */
struct flight {
    uint32_t occupied; /* requests in flight, waiting for a connection, or thinking */
    /* requests started since and including the oldest unfinished one; 0: none */
    uint64_t window;
    bool draining; /* unthrottled: reached its bound and has not been empty since */
    bool full;     /* unthrottled: the memory bound is reached */
};

/* How many requests to start now. For unthrottled up to UINT32_MAX: as many as are accepted. */
uint32_t pattern_starts(enum pattern, uint32_t depth, const struct flight *);
/* The depth to use: `given`, or the pattern's default for 0. */
uint32_t pattern_depth(enum pattern, uint32_t given);
/* Does the depth make no difference to this pattern? */
bool pattern_has_no_depth(enum pattern);
const char *pattern_name(enum pattern);
int pattern_parse(const char *, enum pattern *); /* 0 or -1 */

#endif
