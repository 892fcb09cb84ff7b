/* Information from the kernel: boot id, anonymous memory. */
#include "backends/kafka_base/process.h"

#include "engine/stats/generate.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel creates a new boot id at each boot; timestamps of CLOCK_MONOTONIC are not comparable
 * between boots. */
uint32_t kafka_boot(void)
{
    static _Atomic uint32_t known;
    uint32_t boot = atomic_load(&known);
    if (boot)
        return boot;
    char text[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f && !fgets(text, sizeof text, f))
        text[0] = '\0';
    if (f)
        fclose(f);
    uint64_t h = UINT64_C(1469598103934665603);
    for (const char *c = text; *c; c++)
        h = (h ^ (unsigned char)*c) * UINT64_C(1099511628211);
    boot = (uint32_t)mix64(h) | 1;
    atomic_store(&known, boot);
    return boot;
}

double kafka_anon_bytes(void)
{
    char line[128];
    double kib = NAN;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtod(line + 8, NULL);
    if (f)
        fclose(f);
    return kib * 1024;
}
