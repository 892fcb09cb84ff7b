/* The mark of a run on the server: a hash that records which keys a run may have created. The
 * functions for its name and values are pure and always built. */
#ifndef LOADTOP_BACKENDS_REDIS_MARK_H
#define LOADTOP_BACKENDS_REDIS_MARK_H

#include "backends/redis/proto.h"
#include "backends/redis/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;
struct text;

/* The hash's name never equals a key of a mix, because those end in digits. */
#define REDIS_MARK_SUFFIX "loadtop:runs"
#define REDIS_MARK_NAME (REDIS_PREFIX_MAX + sizeof REDIS_MARK_SUFFIX)
/* The name of the hash with the marks of a prefix. */
char *redis_mark_name(char buf[REDIS_MARK_NAME], const char *prefix);
/* Writes "string=1000 list=10 at=2026-01-02T03:04:05Z by=loadtop:alice@build7:1a2b3c4d". */
void redis_mark_value(struct text *, const uint64_t bound[FAMILIES], const char *at,
                      const char *by);
/* The inverse, for a server's reply. False: not a mark. */
bool redis_mark_read(const char *value, size_t len, uint64_t bound[FAMILIES]);
/* The run id from a field ("1a2b3c4d.1.2": run, pool, version). False: not written by loadtop. */
bool redis_mark_field(const char *field, size_t len, char run[9]);
/* called in pool_open, possibly again: the pool's number stays the same */
void redis_mark_begin(struct redis_mark *);
/* Extends w->claim to cover this key and the keys that the mix can create. Returns the command's
 * length; 0: out of memory. */
size_t redis_mark_claim(struct redis_worker *, enum redis_family, uint64_t key);
void redis_mark_answered(struct redis_worker *, const struct resp_error *refusal); /* or NULL */
struct redis_mark redis_mark_now(struct redis_pool *);                             /* a copy */
/* Call it when all workers have ended: reduces the claim to the keys actually created. */
void redis_mark_settle(struct pool *, const uint64_t high[FAMILIES], uint64_t deadline_ns);

#endif
