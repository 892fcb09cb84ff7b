/* See usage.h. */
#include "engine/os/usage.h"

#include "engine/os/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t status_bytes(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void usage_allow_descriptors(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

void usage_measure(struct usage *u, uint64_t now_ns, double cpus)
{
    uint64_t process = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID),
             thread = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    double span = (double)(now_ns - u->at_ns);
    if (u->at_ns && span > 0) {
        u->process_share = (double)(process - u->process_ns) / span / cpus;
        u->thread_share = thread > u->thread_ns ? (double)(thread - u->thread_ns) / span : 0;
    }
    u->process_ns = process;
    u->thread_ns = thread;
    u->at_ns = now_ns;
    char text[4096];
    FILE *f = fopen("/proc/self/status", "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = '\0';
    u->rss = status_bytes(text, "VmRSS:");
    u->rss_peak = status_bytes(text, "VmHWM:");
    u->anon = status_bytes(text, "RssAnon:");
    if (!u->anon_first)
        u->anon_first = u->anon;
}

double process_cpu_share(uint64_t since_ns, uint64_t used_ns, double cpus)
{
    double wall = (double)(clock_ns() - since_ns);
    double cpu = (double)(clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - used_ns);
    return wall > 0 ? cpu / wall / cpus : NAN;
}
