/* Makes the snapshots: copies of what the supervisor knows, in one reference-counted piece. */
#ifndef LOADTOP_ENGINE_CONTROL_SNAPSHOT_MAKE_H
#define LOADTOP_ENGINE_CONTROL_SNAPSHOT_MAKE_H

#include <stdint.h>

struct engine;
struct snapshot;

/* With one reference; NULL: out of memory. The supervisor's. */
struct snapshot *snapshot_make(struct engine *, uint64_t now_ns);

#endif
