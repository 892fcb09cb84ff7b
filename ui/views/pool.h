/* All details of one pool. */
#ifndef LOADTOP_UI_VIEWS_POOL_H
#define LOADTOP_UI_VIEWS_POOL_H

struct view;

extern const struct view view_pool;

#endif
