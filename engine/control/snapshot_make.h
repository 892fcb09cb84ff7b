/* Makes snapshots: copies of the supervisor's state in one reference-counted block. */
#ifndef LOADTOP_ENGINE_CONTROL_SNAPSHOT_MAKE_H
#define LOADTOP_ENGINE_CONTROL_SNAPSHOT_MAKE_H

#include <stdint.h>

struct engine;
struct snapshot;

/* Returns a snapshot with one reference; NULL: out of memory. Supervisor only. */
struct snapshot *snapshot_make(struct engine *, uint64_t now_ns);

#endif
