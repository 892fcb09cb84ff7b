/* Checks of a scenario before anything runs. */
#ifndef LOADTOP_ENGINE_CONFIG_SCENARIO_CHECK_H
#define LOADTOP_ENGINE_CONFIG_SCENARIO_CHECK_H

struct backend;
struct err;
struct scenario;

/* Called when the scenario is complete, its limits too: the pools named by thresholds and timed
 * commands are there at that moment, what is timed and what is swept could be carried out on them as
 * they are by then, targets that are added later can be read, and no pool starts above a ceiling.
 * ERR_USAGE, ERR_REFUSED (a ceiling), or ERR_FAILED (a backend that is not built in). */
int scenario_check(const struct scenario *, const struct backend *const *backends, struct err *);

#endif
