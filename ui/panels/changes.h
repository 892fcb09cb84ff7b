/* Panels of changes with their effects, the goal, and leftovers. */
#ifndef LOADTOP_UI_PANELS_CHANGES_H
#define LOADTOP_UI_PANELS_CHANGES_H

#include <stdbool.h>

struct cells;
struct event;
struct layout;
struct screen;
struct snapshot;

void changes_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void goal_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void left_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
bool event_is_change(const struct event *);
bool event_is_halt(const struct event *);    /* a pause, a stop, and their ends */
const char *event_who(const struct event *); /* "you", "sweep", "server" */

#endif
