/* Each pool's target, with the server's own figures. */
#ifndef LOADTOP_UI_VIEWS_TARGETS_H
#define LOADTOP_UI_VIEWS_TARGETS_H

struct view;

extern const struct view view_targets;

#endif
