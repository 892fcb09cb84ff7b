/* What a pool wants of its workers. */
#ifndef LOADTOP_ENGINE_STATE_SETTINGS_H
#define LOADTOP_ENGINE_STATE_SETTINGS_H

#include "engine/config/pool_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct op_type;

/* What a pool wants of its workers at a moment; copied whole by a worker when `version` changed. */
struct settings {
    uint64_t version;
    struct load load; /* depth resolved: never 0 */
    const struct op_type *op_types;
    uint32_t workers; /* running ones, for the share of the rate */
    bool paused;      /* nothing is started */
    double cap_per_s; /* of one worker, when closed: --max-rate; 0: none */
    bool counted;     /* -n: operations are claimed from the pool's budget */
    bool bounded;     /* --max-bytes, or the target's room: bytes are taken, see guard.h */
    uint64_t timeout_ns;
    uint64_t anew;           /* rises when connections must be opened anew, see OPTION_REOPEN */
    uint64_t record_from_ns; /* end of the warm-up, on the loop's clock */
    uint64_t end_ns;         /* nothing is started from then on; NS_NEVER: no end */
};

#endif
