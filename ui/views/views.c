/* The table of views; see views.h. A new view is a file in this folder and a line here. */
#include "ui/views/views.h"

#include <stddef.h>

#include "ui/views/errors.h"
#include "ui/views/events.h"
#include "ui/views/overview.h"
#include "ui/views/points.h"
#include "ui/views/pool.h"
#include "ui/views/targets.h"

const struct view *const views[] = {
    &view_overview, &view_pool, &view_scaling, &view_errors, &view_events, &view_targets, NULL,
};

_Static_assert(sizeof views / sizeof *views - 1 <= VIEWS_MAX, "VIEWS_MAX is too small");
