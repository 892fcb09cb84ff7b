/* Thresholds: the conditions that a run must meet, parsed from expressions. */
#ifndef LOADTOP_ENGINE_CONFIG_THRESHOLD_H
#define LOADTOP_ENGINE_CONFIG_THRESHOLD_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>

struct err;

#define THRESHOLDS_MAX 32
enum threshold_metric {
    METRIC_PERCENTILE,
    METRIC_MEAN,
    METRIC_MAX,
    METRIC_ERRORS,
    METRIC_THROUGHPUT
};
struct threshold {
    char expr[128];
    char pool[POOL_NAME_MAX]; /* "": every pool */
    enum threshold_metric metric;
    double quantile; /* 0..1 of METRIC_PERCENTILE */
    /* service: of service time, else response time; above: the value must be above the bound */
    bool service, above;
    bool inclusive; /* <= or >= */
    double bound;   /* us; a share 0..1 (errors); or operations a second */
};
/* value: in the unit of the threshold's bound */
bool threshold_holds(const struct threshold *, double value);
int threshold_parse(struct threshold *, const char *expr, struct err *);
/* Does a threshold with a POOL mean this pool, by name or number? */
bool threshold_is_for(const struct threshold *, const char *name, unsigned number);

#endif
