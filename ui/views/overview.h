/* All pools in a table, and plots of the selected one. */
#ifndef LOADTOP_UI_VIEWS_OVERVIEW_H
#define LOADTOP_UI_VIEWS_OVERVIEW_H

#include "engine/state/snapshot.h"

struct screen;
struct view;

/* The order of the pools on the screen: indices into s->pool. */
void overview_order(const struct snapshot *, const struct screen *, unsigned order[POOLS_MAX]);
extern const struct view view_overview;

#endif
