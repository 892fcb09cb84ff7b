/* Checks of a URL and its options that need no server. Always built. */
#ifndef LOADTOP_BACKENDS_REDIS_TARGET_H
#define LOADTOP_BACKENDS_REDIS_TARGET_H

struct err;
struct options;
struct target;
struct tls_scheme;

/* Why these options could change keys that loadtop did not create, and what to do; NULL: they
 * cannot. */
const char *redis_destructive(const struct options *);

/* The database from the path ("/3") or option db. ERR_USAGE when it is not a number or they
 * disagree. */
int redis_target_db(const struct target *, const struct options *, unsigned *db, struct err *);

/* redis and rediss; NULL for a socket's path, over which there is no TLS. */
const struct tls_scheme *redis_scheme(const struct target *);

#endif
