/* What a URL and its options say before anything is asked. Built always. */
#ifndef LOADTOP_BACKENDS_REDIS_TARGET_H
#define LOADTOP_BACKENDS_REDIS_TARGET_H

struct err;
struct options;
struct target;

/* What these options can touch that is not ours, and what to do about it; NULL: nothing. */
const char *redis_beyond(const struct options *);

/* The database that path ("/3") or option db names. ERR_USAGE when it is no number or they
 * disagree. */
int redis_target_db(const struct target *, const struct options *, unsigned *db, struct err *);

#endif
