/* A scenario from a YAML file. */
#ifndef LOADTOP_ENGINE_CONFIG_SCENARIO_YAML_H
#define LOADTOP_ENGINE_CONFIG_SCENARIO_YAML_H

#include <stddef.h>

struct backend;
struct err;
struct options;
struct scenario;

/* A YAML file (its form is at the top of scenario_yaml.c). Without libyaml built in: ERR_FAILED
 * that says so. */
int scenario_load(struct scenario *, const char *file, const struct options *defaults,
                  const struct backend *const *backends, struct err *);
/* The same from text in memory; `file` is only used in messages. */
int scenario_load_text(struct scenario *, const char *text, size_t len, const char *file,
                       const struct options *defaults, const struct backend *const *backends,
                       struct err *);

#endif
