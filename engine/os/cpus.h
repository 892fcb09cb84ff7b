/* The CPUs that this process may use: by its affinity (taskset, cpusets) and by the CPU quota of its
 * container, which is a share of the time of all CPUs.
 *
 * Sources: sched_getaffinity(2); cgroups(7); Documentation/admin-guide/cgroup-v2.rst, cpu.max and
 * cpu.stat; Documentation/scheduler/sched-bwc.rst for the first version's files. */
#ifndef LOADTOP_ENGINE_OS_CPUS_H
#define LOADTOP_ENGINE_OS_CPUS_H

#include <stddef.h>
#include <stdint.h>

struct cpus {
    double usable;     /* above 0; 0.5: half the time of one */
    unsigned affinity; /* those that its threads may run on, at least 1 */
    /* time for which its quota held back threads that were ready, ns since the container began; 0:
     * never, or not known */
    uint64_t throttled_ns;
};

/* Reads them again; both may change while the process runs. */
void cpus_read(struct cpus *);
/* The same for given files, separate for tests: cgroup is the text of /proc/self/cgroup, root the
 * folder where cgroups are mounted. */
void cpus_read_in(struct cpus *, unsigned affinity, const char *cgroup, const char *root);

#endif
