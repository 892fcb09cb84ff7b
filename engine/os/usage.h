/* What this process itself uses: CPU and memory. Sources: proc(5) /proc/self/status,
 * clock_gettime(2). */
#ifndef LOADTOP_ENGINE_OS_USAGE_H
#define LOADTOP_ENGINE_OS_USAGE_H

#include <stdint.h>

struct usage {
    uint64_t process_ns, thread_ns, at_ns;
    double process_share, thread_share;
    uint64_t rss, rss_peak, anon, anon_first; /* first: before any load */
};

/* Shares are since the last call, of all CPUs (process) and of one (the thread that calls). */
void usage_measure(struct usage *, uint64_t now_ns);

#endif
