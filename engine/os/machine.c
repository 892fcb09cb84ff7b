/* See machine.h. */
#include "engine/os/machine.h"
#include "engine/os/usage.h"
#include "engine/os/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static size_t read_file(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, size - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = '\0';
    return n;
}

/* user nice system idle iowait irq softirq steal guest guest_nice: guest time is part of user, and
 * stolen time counts as used by others. */
int machine_parse_stat(const char *text, uint64_t *busy_ticks, uint64_t *all_ticks)
{
    uint64_t v[8], all = 0;
    const char *at = text + 3;
    if (strncmp(text, "cpu ", 4) != 0)
        return -1;
    for (unsigned i = 0; i < 8; i++) {
        char *end;
        v[i] = strtoull(at, &end, 10);
        if (end == at)
            return -1;
        at = end;
        all += v[i];
    }
    *all_ticks = all;
    *busy_ticks = all - v[3] - v[4];
    return 0;
}

int machine_parse_pressure(const char *text, uint64_t *stalled_us)
{
    const char *total = strstr(text, "total=");
    if (strncmp(text, "some ", 5) != 0 || !total || total[6] < '0' || total[6] > '9')
        return -1;
    *stalled_us = strtoull(total + 6, NULL, 10);
    return 0;
}

static double meminfo_kb(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : NAN;
}

static double difference_s(uint64_t now, uint64_t was)
{
    return ((double)now - (double)was) / 1e9;
}

static void sample_cpus(struct machine *m)
{
    char text[512];
    uint64_t busy = 0, all = 0, process = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    m->others = NAN;
    read_file("/proc/stat", text, sizeof text);
    if (machine_parse_stat(text, &busy, &all) < 0)
        return;
    double ticks = (double)(all - m->all_ticks);
    if (m->seen && ticks > 0 && m->all_ticks) {
        double used = (double)(busy - m->busy_ticks) / ticks;
        double cpu_s = ticks / (double)sysconf(_SC_CLK_TCK);
        double ours = difference_s(process, m->process_ns) / cpu_s;
        m->others = fmin(1, fmax(0, used - ours));
    }
    m->busy_ticks = busy;
    m->all_ticks = all;
    m->process_ns = process;
}

static void sample_memory(struct machine *m, double span_s)
{
    char text[2048];
    uint64_t stalled = 0;
    m->pressure = m->available = NAN;
    if (read_file("/proc/meminfo", text, sizeof text))
        m->available = meminfo_kb(text, "MemAvailable:") / meminfo_kb(text, "MemTotal:");
    if (!read_file("/proc/pressure/memory", text, sizeof text) ||
        machine_parse_pressure(text, &stalled) < 0)
        return;
    if (m->seen && span_s > 0)
        m->pressure = (double)(stalled - m->stalled_us) / 1e6 / span_s;
    m->stalled_us = stalled;
}

void machine_sample(struct machine *m)
{
    uint64_t mono = clock_read_ns(CLOCK_MONOTONIC), real = clock_read_ns(CLOCK_REALTIME),
             boot = clock_read_ns(CLOCK_BOOTTIME);
    double span = m->seen ? difference_s(mono, m->mono_ns) : 0;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    m->cpus = cpus > 0 ? (unsigned)cpus : 1;
    m->set_s = m->slept_s = NAN;
    if (m->seen) {
        m->slept_s = fmax(0, difference_s(boot, m->boot_ns) - span);
        m->set_s = difference_s(real, m->real_ns) - difference_s(boot, m->boot_ns);
    }
    sample_cpus(m);
    sample_memory(m, span);
    m->mono_ns = mono;
    m->real_ns = real;
    m->boot_ns = boot;
    m->seen = true;
}
