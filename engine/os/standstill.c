/* See standstill.h. Called by the supervisor at its ticks. */
#include "engine/os/standstill.h"

#include "engine/os/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

double standstill_between(struct standstill *s, uint64_t planned_ns, uint64_t boot_ns,
                          uint64_t running_ns, uint64_t ready_ns)
{
    struct standstill before = *s;
    *s = (struct standstill){.boot_ns = boot_ns, .ready_ns = ready_ns, .running_ns = running_ns};
    if (!before.boot_ns || !before.ready_ns || !ready_ns || ready_ns < before.ready_ns)
        return 0;
    double gap = ((double)boot_ns - (double)before.boot_ns) / 1e9;
    double ready = (double)(ready_ns - before.ready_ns) / 1e9;
    double ran = ((double)running_ns - (double)before.running_ns) / 1e9;
    double stood = gap - (double)planned_ns / 1e9 - ready;
    s->gap_s = gap;
    s->slept_s = gap - ran < STANDSTILL_LEAST_S ? 0 : gap - ran;
    return stood < STANDSTILL_LEAST_S ? 0 : stood;
}

/* Time that this thread was on a CPU or waited for one; 0: not known. */
static uint64_t ready_now_ns(void)
{
    char text[96];
    unsigned long long ran = 0, queued = 0;
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    return sscanf(text, "%llu %llu", &ran, &queued) == 2 ? ran + queued : 0;
}

double standstill_look(struct standstill *s, uint64_t planned_ns)
{
    uint64_t ready_ns = ready_now_ns();
    return standstill_between(s, planned_ns, clock_read_ns(CLOCK_BOOTTIME),
                              clock_read_ns(CLOCK_MONOTONIC), ready_ns);
}
