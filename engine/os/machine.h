/* What may disturb the load generator on this machine: jumps of the clocks, shortage of memory, CPU
 * use by other processes. Private to the engine; sampled once a second, never on virtual time.
 *
 * Sources:
 *   proc(5)                           /proc/stat and /proc/meminfo
 *   Documentation/accounting/psi.rst  /proc/pressure/memory
 *   clock_gettime(2) CLOCK_BOOTTIME runs while the machine sleeps, CLOCK_REALTIME jumps when it is
 *   set, CLOCK_MONOTONIC does neither */
#ifndef LOADTOP_ENGINE_OS_MACHINE_H
#define LOADTOP_ENGINE_OS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Limits of the checks based on these samples. */
#define MACHINE_CLOCK_MOST_S 0.01
#define MACHINE_PRESSURE_MOST 0.01
#define MACHINE_AVAILABLE_LEAST 0.05
#define MACHINE_OTHERS_MOST 0.20

struct machine {
    /* figures since the previous sample; NaN: not known */
    double others;    /* share of all CPUs used by other processes */
    double set_s;     /* how far the wall clock was set */
    double slept_s;   /* how long the machine slept */
    double pressure;  /* share of the time that some task waited for memory (PSI) */
    double available; /* MemAvailable / MemTotal now */
    unsigned cpus;    /* of the machine, at least 1 */
    /* values of the previous sample */
    bool seen;
    uint64_t mono_ns, real_ns, boot_ns, process_ns, busy_ticks, all_ticks, stalled_us;
};

/* Takes a sample. The first one only sets the start of the span. */
void machine_sample(struct machine *);
/* Parsers of the two files, separate for tests: 0, or -1 when the format is wrong. */
int machine_parse_stat(const char *text, uint64_t *busy_ticks, uint64_t *all_ticks);
int machine_parse_pressure(const char *text, uint64_t *stalled_us);

#endif
