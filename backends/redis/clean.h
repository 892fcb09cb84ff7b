/* Removes the leftovers of a run. */
#ifndef LOADTOP_BACKENDS_REDIS_CLEAN_H
#define LOADTOP_BACKENDS_REDIS_CLEAN_H

struct clean;
struct err;

int redis_clean(struct clean *, struct err *);

#endif
