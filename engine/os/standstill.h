/* How long this process stood still: stopped by a signal or a debugger, frozen with its container, or
 * the machine slept.
 *
 * A thread that looks at regular times sees a gap that it neither used a CPU nor waited for one in.
 * A busy machine alone makes no such gap: what a thread waits for a CPU is known. The thread may have
 * been blocked alone, though (by a lock, or a page that is read): the caller asks the other threads
 * whether they stood still as well. While the machine sleeps, one clock stands and the other does
 * not, which needs no witness.
 *
 * Sources: clock_gettime(2), CLOCK_BOOTTIME runs while the machine sleeps; proc(5), schedstat, and
 * Documentation/scheduler/sched-stats.rst: ns on a CPU, ns ready and waiting for one. */
#ifndef LOADTOP_ENGINE_OS_STANDSTILL_H
#define LOADTOP_ENGINE_OS_STANDSTILL_H

#include <stdint.h>

/* Shorter gaps may have other causes, such as a page that is read from a slow disk. */
#define STANDSTILL_LEAST_S 0.5

/* Zeroed before the first call. */
struct standstill {
    uint64_t boot_ns, ready_ns; /* of the look before; 0: there was none, or it is not known */
    uint64_t running_ns;        /* the clock that stands while the machine sleeps */
    double slept_s;             /* the part of the last outcome in which the machine slept */
    double gap_s;               /* between the last two looks */
};

/* How long the process stood still since the thread's last look, which was meant to be planned_ns
 * ago at most; 0: not at all, for less than STANDSTILL_LEAST_S, or not known. Always the same
 * thread. */
double standstill_look(struct standstill *, uint64_t planned_ns);
/* The same for given values, separate for tests: both clocks and the time on a CPU or ready for
 * one. */
double standstill_between(struct standstill *, uint64_t planned_ns, uint64_t boot_ns,
                          uint64_t running_ns, uint64_t ready_ns);

#endif
