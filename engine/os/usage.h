/* What this process itself uses: CPU and memory. Sources: proc(5) /proc/self/status,
 * clock_gettime(2). */
#ifndef LOADTOP_ENGINE_OS_USAGE_H
#define LOADTOP_ENGINE_OS_USAGE_H

#include <stdint.h>
#include <time.h>

struct usage {
    uint64_t process_ns, thread_ns, at_ns;
    double process_share, thread_share;
    uint64_t rss, rss_peak, anon, anon_first; /* first: before any load */
};

/* Shares are since the last call: of the CPUs that the process may use for the process, of one CPU
 * for the calling thread. */
void usage_measure(struct usage *, uint64_t now_ns, double cpus);

/* Lets this process have as many descriptors as it may: the soft limit is only a default, which a
 * thousand connections exceed. */
void usage_allow_descriptors(void);
/* Any clock of clock_gettime, ns; 0: it cannot be read. */
uint64_t clock_read_ns(clockid_t);
/* This process's CPU time since the moment (clock_ns) at which it had used `used_ns`
 * (CLOCK_PROCESS_CPUTIME_ID), as a share of these CPUs; NaN: no time has passed. */
double process_cpu_share(uint64_t since_ns, uint64_t used_ns, double cpus);

#endif
