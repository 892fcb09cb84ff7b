/* The run with a screen: see dashboard.h. The screen itself is ui/app.c. */
#include "ui/dashboard.h"

#include "ui/outcome.h"

int dashboard_run(const struct cli *c, const struct scenario *s,
                  const struct backend *const *backends, const char *command)
{
    (void)c;
    (void)s;
    (void)backends;
    (void)command;
    complain("the dashboard is not built into this version; --headless runs without a screen");
    return EXIT_FAILED;
}
