/* What a run leaves behind: the keys that it can have made. */
#ifndef LOADTOP_BACKENDS_REDIS_LEFT_H
#define LOADTOP_BACKENDS_REDIS_LEFT_H

#include <stddef.h>
#include <stdint.h>

struct pool;
struct redis_totals;
struct stats;

void redis_left_behind(struct pool *, struct stats *, const struct redis_totals *);
/* The name of prefix's key of this number; prefix with its family. */
char *redis_key_name(char *buf, size_t size, const char *prefix, uint64_t key);

#endif
