/* What a pool requires of its workers. */
#ifndef LOADTOP_ENGINE_STATE_SETTINGS_H
#define LOADTOP_ENGINE_STATE_SETTINGS_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct op_type;

/* The settings of a pool's workers; a worker copies them all when `version` has changed. */
struct settings {
    uint64_t version;
    struct load load; /* depth resolved: never 0 */
    const struct op_type *op_types;
    uint32_t workers; /* number of running workers, to divide the rate */
    bool paused;      /* nothing is started */
    double cap_per_s; /* one worker's share of --max-rate in a closed loop; 0: no ceiling */
    bool counted;     /* -n: operations are claimed from the pool's budget */
    bool bounded;     /* --max-bytes or the target's free room applies: see pool_take_bytes */
    uint64_t timeout_ns;
    /* incremented when connections must be reopened, see OPTION_REOPEN */
    uint64_t reopen_epoch;
    uint64_t record_from_ns; /* end of the warm-up, on the loop's clock */
    uint64_t end_ns;         /* nothing is started from then on; NS_NEVER: open-ended */
};

#endif
