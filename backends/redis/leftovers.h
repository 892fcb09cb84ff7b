/* Leftovers of a run: the keys that it may have created. */
#ifndef LOADTOP_BACKENDS_REDIS_LEFTOVERS_H
#define LOADTOP_BACKENDS_REDIS_LEFTOVERS_H

#include <stddef.h>
#include <stdint.h>

struct pool;
struct redis_totals;
struct stats;

void redis_leftovers(struct pool *, struct stats *, const struct redis_totals *);
/* The name of a key by number; prefix includes the family. */
char *redis_key_name(char *buf, size_t size, const char *prefix, uint64_t key);

#endif
