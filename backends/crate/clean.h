/* Lists and removes a run's leftovers in tables. Blocking. */
#ifndef LOADTOP_BACKENDS_CRATE_CLEAN_H
#define LOADTOP_BACKENDS_CRATE_CLEAN_H

#include <stdbool.h>

struct clean;
struct crate_site;
struct crate_table;
struct err;

int crate_clean(struct clean *, struct err *);
/* Drops the table if it is marked by this run on the server and contains no records of others.
 * *dropped: it was dropped by this call; false without an error: it did not exist. ERR_REFUSED: not
 * created by this run, or others use it. */
int crate_drop_own(struct crate_site *, const struct crate_table *, const char *run,
                   long timeout_ms, bool *dropped, struct err *);

#endif
