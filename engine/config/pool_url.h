/* A pool as a URL. */
#ifndef LOADTOP_ENGINE_CONFIG_POOL_URL_H
#define LOADTOP_ENGINE_CONFIG_POOL_URL_H

#include <stddef.h>

struct pool_spec;

/* The URL (without password) that starts this pool again; for `command` in the JSON and for
 * sessions. */
char *pool_spec_url(const struct pool_spec *, char *buf, size_t size);

#endif
