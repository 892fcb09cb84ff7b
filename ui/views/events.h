/* The events: every change, pause, mark and reconnect, with its effect. */
#ifndef LOADTOP_UI_VIEWS_EVENTS_H
#define LOADTOP_UI_VIEWS_EVENTS_H

struct screen;
struct snapshot;
struct view;

#define EVENT_ROWS_MAX 1000
/* The events in the order of their view: indices into s->event, at most 1,000. */
int events_rows(const struct snapshot *, const struct screen *, unsigned *index, int max);
extern const struct view view_events;

#endif
