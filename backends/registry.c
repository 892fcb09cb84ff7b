/* The table of backends, in the order in which help and `loadtop backends` list them. To add one:
 * its declaration in registry.h and its line here. */
#include "backends/registry.h"

#include <stddef.h>

const struct backend *const backends[] = {
    &backend_null, &backend_redis, &backend_crate, &backend_kafka, &backend_cassandra, NULL,
};
