/* Where each pool's load goes, and what the server there says of itself. */
#ifndef LOADTOP_UI_VIEWS_TARGETS_H
#define LOADTOP_UI_VIEWS_TARGETS_H

struct view;

extern const struct view view_targets;

#endif
