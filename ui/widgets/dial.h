/* The dials of the selected pool, and the commands that they send.
 *
 * Six that every pool has (threads, clients, connections, depth, rate, pattern), then each option
 * of its backend that can change while it runs. A dial reads the snapshot and writes a command's
 * text; it changes nothing itself. */
#ifndef LOADTOP_UI_WIDGETS_DIAL_H
#define LOADTOP_UI_WIDGETS_DIAL_H

#include "engine/config/dial.h"

#include <stdbool.h>
#include <stddef.h>

struct pool_snapshot;

/* index of the first option: the six dials come first, as in enum dial */
#define DIAL_OPTIONS (DIAL_PATTERN + 1)

/* How many dials the pool has; 0 without a pool. */
int dial_count(const struct pool_snapshot *);
const char *dial_name(const struct pool_snapshot *, int dial);
/* The present value of a dial: "4", "auto 10", "closed", "5k/s", "batch". */
char *dial_value(const struct pool_snapshot *, int dial, char *buf, size_t size);
/* The command for one step up or down: "2 threads +1"; "" when there is no step in that
 * direction. */
char *dial_step(const struct pool_snapshot *, int dial, bool up, char *buf, size_t size);
/* The command for a typed value: "2 rate 100k/s over 60s". */
char *dial_set(const struct pool_snapshot *, int dial, const char *typed, char *buf, size_t size);
/* One line with the accepted values. */
char *dial_hint(const struct pool_snapshot *, int dial, char *buf, size_t size);

#endif
