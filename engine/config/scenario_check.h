/* Checks of a scenario before anything runs. */
#ifndef LOADTOP_ENGINE_CONFIG_SCENARIO_CHECK_H
#define LOADTOP_ENGINE_CONFIG_SCENARIO_CHECK_H

struct err;
struct scenario;

/* Called when the scenario is complete: the pools named by thresholds and timed commands exist
 * (unless pools are added later), and no pool starts above a ceiling. ERR_USAGE or ERR_REFUSED. */
int scenario_check(const struct scenario *, struct err *);

#endif
