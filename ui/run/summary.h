/* The summary: what a run was and how far its figures can be trusted, as text for a person.
 *
 * Printed on stdout when the program ends, with or without a screen. Plain text without colours, at
 * most 100 columns where the contents allow, so that it survives a log and a mail. */
#ifndef LOADTOP_UI_RUN_SUMMARY_H
#define LOADTOP_UI_RUN_SUMMARY_H

#include "engine/base/text.h"

#include <stdbool.h>

struct pool_snapshot;
struct snapshot;

/* The whole run. */
void summary_text(struct text *, const struct snapshot *);
/* "redis: 4 threads x 50 clients = 200 clients", for the start. */
void summary_load(struct text *, const struct pool_snapshot *);
/* One line on where every pool stands: for progress. `wide` names more. */
void summary_progress(struct text *, const struct snapshot *, bool wide);

#endif
