/* Is a pool connected as it is wanted: DOWN, or in part. */
#ifndef LOADTOP_ENGINE_POOLS_CONNECTED_H
#define LOADTOP_ENGINE_POOLS_CONNECTED_H

#include <stdint.h>

struct pool;

/* Sets the state of a pool under load (LOADING, PAUSED or DOWN) and its reason, by the connections
 * and parts that are up; adds events. Once a tick. Supervisor only. */
void connected_supervise(struct pool *, uint64_t now_ns);
/* The load ends or is stopped at now_ns, and its workers have not been told yet: judges what is
 * missing then, and restarts. Supervisor only. */
void connected_end(struct pool *, uint64_t now_ns);

#endif
