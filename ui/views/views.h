/* The table of views, in the order of their keys and tabs. */
#ifndef LOADTOP_UI_VIEWS_VIEWS_H
#define LOADTOP_UI_VIEWS_VIEWS_H

#include "ui/panels/view.h"

/* Ends with NULL. The dashboard starts with the first one, and Esc returns to it. */
extern const struct view *const views[];

#endif
