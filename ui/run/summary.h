/* The summary of a run and of the validity of its figures, as text.
 *
 * Printed on stdout when the program ends, with or without a screen. Plain text without colours, at
 * most 100 columns where possible, suitable for logs and mails. */
#ifndef LOADTOP_UI_RUN_SUMMARY_H
#define LOADTOP_UI_RUN_SUMMARY_H

#include "engine/base/text.h"

#include <stdbool.h>

struct pool_snapshot;
struct snapshot;

/* The whole run. */
void summary_text(struct text *, const struct snapshot *);
/* Adds a pool's load before the start: "redis: 4 threads x 50 clients = 200 clients". */
void summary_load(struct text *, const struct pool_snapshot *);
/* One line with the state of every pool, for progress. `wide`: more details. */
void summary_progress(struct text *, const struct snapshot *, bool wide);

#endif
