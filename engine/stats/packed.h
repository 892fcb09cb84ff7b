/* Histograms as they are kept and passed on: packed by histogram_pack, so that a run can be saved
 * with every latency that it saw and its files be made later.
 *
 * The seconds of a pool are packed as they end and live in the series' store. The whole run's are
 * packed once, for the snapshot of a run that has ended: packing them ten times a second would be
 * wasted. */
#ifndef LOADTOP_ENGINE_STATS_PACKED_H
#define LOADTOP_ENGINE_STATS_PACKED_H

#include "engine/config/scenario.h"

#include <stdint.h>

struct histogram;

struct packed { /* len 0: nothing was recorded */
    uint8_t *bytes;
    uint32_t len;
};

/* The packed histograms of a pool's whole run: of all operations, and of those of each type (by
 * index into backend->ops). */
struct packed_pool {
    struct packed service, response, op_service[OPS_MAX], op_response[OPS_MAX];
};

/* Packs a histogram. The caller owns the bytes. len is 0 when out of memory, or when the histogram
 * is empty or unused. */
struct packed packed_of(const struct histogram *);
void packed_pool_free(struct packed_pool *); /* takes NULL */

#endif
