/* What else happens on this machine while it generates load: its clocks, its memory, and who else
 * uses its CPUs. Private to the engine; looked at once a second, never on virtual time.
 *
 * Sources:
 *   proc(5)                           /proc/stat and /proc/meminfo
 *   Documentation/accounting/psi.rst  /proc/pressure/memory
 *   clock_gettime(2)                  CLOCK_BOOTTIME runs while the machine sleeps, CLOCK_REALTIME
 *                                     jumps when somebody sets it, CLOCK_MONOTONIC does neither */
#ifndef LOADTOP_ENGINE_OS_MACHINE_H
#define LOADTOP_ENGINE_OS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Limits of the lights that come from here. */
#define MACHINE_CLOCK_MOST_S 0.01
#define MACHINE_PRESSURE_MOST 0.01
#define MACHINE_AVAILABLE_LEAST 0.05
#define MACHINE_OTHERS_MOST 0.20

struct machine {
    /* over the last look's span; NaN: not known */
    double others;    /* share of all CPUs that was used, but not by this process */
    double set_s;     /* how far the wall clock was set */
    double slept_s;   /* how long the machine slept */
    double pressure;  /* share of the time that some task waited for memory (PSI) */
    double available; /* MemAvailable / MemTotal now */
    /* as last seen */
    bool seen;
    uint64_t mono_ns, real_ns, boot_ns, process_ns, busy_ticks, all_ticks, stalled_us;
};

/* Looks; the first look only begins the span. */
void machine_look(struct machine *);
/* Parsers of the two files, apart for tests: 0, or -1 when the text is not what it should be. */
int machine_parse_stat(const char *text, uint64_t *busy_ticks, uint64_t *all_ticks);
int machine_parse_pressure(const char *text, uint64_t *stalled_us);

#endif
