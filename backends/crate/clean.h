/* What a run left in tables, looked at and removed. Blocking. */
#ifndef LOADTOP_BACKENDS_CRATE_CLEAN_H
#define LOADTOP_BACKENDS_CRATE_CLEAN_H

#include <stdbool.h>

struct clean;
struct crate_site;
struct crate_table;
struct err;

int crate_clean(struct clean *, struct err *);
/* Drops the table if this run made it, as the server says now, and no record of others is in it.
 * *dropped: by this call; without and without an error it was not there. ERR_REFUSED: it is not
 * this run's, or not it alone. */
int crate_drop_own(struct crate_site *, const struct crate_table *, const char *run,
                   long timeout_ms, bool *dropped, struct err *);

#endif
