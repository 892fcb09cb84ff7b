/* Formatting of quantities and stamps in reports. See figures.h. */
#include "ui/page/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/quantity.h"
#include "ui/json/saved_run.h"

#define BUFFERS 16

static char *next_buffer(void)
{
    static char buffer[BUFFERS][48];
    static unsigned at;
    return buffer[at++ % BUFFERS];
}

const char *fig_us(double us)
{
    return isfinite(us) ? format_duration(next_buffer(), 48, us * 1000) : "-";
}

const char *fig_number(double v)
{
    return isfinite(v) ? format_number(next_buffer(), 48, v) : "-";
}

const char *fig_count(double v)
{
    return v >= 0 && v < 1e18 ? format_count(next_buffer(), 48, (unsigned long long)v) : "-";
}

const char *fig_share(double v)
{
    char *s = next_buffer();
    if (!isfinite(v))
        return "-";
    snprintf(s, 48, "%.3g %%", 100 * v);
    return s;
}

const char *fig_bytes(double v)
{
    return isfinite(v) ? format_bytes(next_buffer(), 48, v) : "-";
}

const char *fig_seconds(double v)
{
    char *s = next_buffer();
    if (!isfinite(v))
        return "-";
    snprintf(s, 48, "%.1f s", v);
    return s;
}

const char *stamp_of(const struct saved_pool *pool)
{
    const char *const where[] = {pool->server, pool->note, pool->url};
    if (strcmp(pool->backend, "null") == 0)
        return "SIMULATED";
    for (unsigned i = 0; i < 3; i++)
        if (strcasestr(where[i], "mock") || strcasestr(where[i], "stand-in"))
            return "MOCK";
    return pool->local == FLAG_YES ? "LOOPBACK" : "";
}

const char *stamp_words(const char *stamp)
{
    if (strcmp(stamp, "SIMULATED") == 0)
        return "a simulated service: these figures are of no real system";
    if (strcmp(stamp, "MOCK") == 0)
        return "a mock stood in for the server: these figures are not the real system's";
    return "target and load generator shared one machine: there was no network, and they took CPU "
           "from each other";
}
