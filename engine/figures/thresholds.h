/* Evaluation of a run's thresholds. */
#ifndef LOADTOP_ENGINE_FIGURES_THRESHOLDS_H
#define LOADTOP_ENGINE_FIGURES_THRESHOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct histogram;
struct threshold;

void thresholds_check(struct engine *, uint64_t now_ns);

/* Measurements of a run or a part of it, to evaluate thresholds. */
struct measured {
    const struct histogram *service, *response;
    uint64_t bad, ended; /* errors and timeouts; all ended operations */
    double per_s;        /* NaN: nothing yet */
};
/* The measured value in the threshold's unit: us, a share, per second. NaN: not measured. */
double threshold_measure(const struct threshold *, const struct measured *);

#endif
