/* The table of views, in the order of their keys and tabs. */
#ifndef LOADTOP_UI_VIEWS_VIEWS_H
#define LOADTOP_UI_VIEWS_VIEWS_H

#include "ui/panels/view.h"

/* Ends with NULL. The first is where the dashboard starts and where Esc leads back to. */
extern const struct view *const views[];

#endif
