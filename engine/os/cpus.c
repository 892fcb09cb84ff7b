/* See cpus.h. A quota may be set at any level above the process's group: the least counts. Inside a
 * container the groups above it are not to be seen, and its own is the root. Called by the
 * supervisor once a second. */
#include "engine/os/cpus.h"

#include "engine/base/text.h"

#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_MOST 1024
#define CPUS_MOST 8192
#define LEVELS_MOST 32

static bool read_small(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* A file of a group; false: there is none. */
static bool read_of(const char *group, const char *name, char *text, size_t size)
{
    char path[PATH_MOST + 64];
    snprintf(path, sizeof path, "%s/%s", group, name);
    return read_small(path, text, size);
}

/* "50000 100000" of cpu.max; "max 100000" is no quota. */
static double quota_of(const char *group)
{
    char text[96], period[96], *end;
    double most;
    if (read_of(group, "cpu.max", text, sizeof text)) {
        most = strtod(text, &end);
        if (end != text)
            copy_str(period, sizeof period, end);
        else
            return INFINITY;
    } else if (read_of(group, "cpu.cfs_quota_us", text, sizeof text) &&
               read_of(group, "cpu.cfs_period_us", period, sizeof period)) {
        most = strtod(text, NULL); /* -1: no quota */
    } else {
        return INFINITY;
    }
    double span = strtod(period, NULL);
    return most > 0 && span > 0 ? most / span : INFINITY;
}

static uint64_t throttled_of(const char *group)
{
    char text[1024];
    const char *at;
    if (!read_of(group, "cpu.stat", text, sizeof text))
        return 0;
    if ((at = strstr(text, "throttled_usec ")))
        return strtoull(at + strlen("throttled_usec "), NULL, 10) * 1000;
    at = strstr(text, "throttled_time ");
    return at ? strtoull(at + strlen("throttled_time "), NULL, 10) : 0;
}

/* Looks at a group and those above it, down to `root`, which is the beginning of its path. */
static void look_at(struct cpus *c, const char *root, const char *path)
{
    char group[PATH_MOST];
    snprintf(group, sizeof group, "%s%s", root, path);
    for (unsigned i = 0; i < LEVELS_MOST; i++) {
        c->usable = fmin(c->usable, quota_of(group));
        uint64_t throttled = throttled_of(group);
        if (throttled > c->throttled_ns)
            c->throttled_ns = throttled;
        char *slash = strrchr(group, '/');
        if (!slash || strlen(group) <= strlen(root))
            return;
        *slash = '\0';
    }
}

/* Is `cpu` one of the controllers "cpu,cpuacct"? */
static bool has_cpu(const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        if (len == 3 && memcmp(at, "cpu", 3) == 0)
            return true;
        at += len + (at[len] == ',');
    }
    return false;
}

/* A line of /proc/self/cgroup: "0::/a/b", or "4:cpu,cpuacct:/a/b" of the first version. */
static void read_line(struct cpus *c, const char *line, const char *root)
{
    char list[256], path[PATH_MOST], mount[PATH_MOST];
    const char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    if (!second)
        return;
    copy_part(list, sizeof list, first + 1, (size_t)(second - first - 1));
    copy_str(path, sizeof path, second + 1);
    if (strcmp(path, "/") == 0)
        path[0] = '\0';
    if (!*list) {
        look_at(c, root, path);
    } else if (has_cpu(list)) {
        snprintf(mount, sizeof mount, "%s/%s", root, list);
        look_at(c, mount, path);
        snprintf(mount, sizeof mount, "%s/cpu", root);
        look_at(c, mount, path);
    }
}

void cpus_read_in(struct cpus *c, unsigned affinity, const char *cgroup, const char *root)
{
    *c = (struct cpus){.usable = affinity ? affinity : 1, .affinity = affinity ? affinity : 1};
    for (const char *at = cgroup; *at;) {
        char line[PATH_MOST];
        size_t len = strcspn(at, "\n");
        copy_part(line, sizeof line, at, len);
        read_line(c, line, root);
        at += len + (at[len] == '\n');
    }
}

static unsigned affinity_now(void)
{
    unsigned n = 0;
    cpu_set_t *set = CPU_ALLOC(CPUS_MOST);
    size_t size = CPU_ALLOC_SIZE(CPUS_MOST);
    if (set && sched_getaffinity(getpid(), size, set) == 0)
        n = (unsigned)CPU_COUNT_S(size, set);
    CPU_FREE(set);
    long all = n ? (long)n : sysconf(_SC_NPROCESSORS_ONLN);
    return all > 0 ? (unsigned)all : 1;
}

void cpus_read(struct cpus *c)
{
    char text[4096];
    read_small("/proc/self/cgroup", text, sizeof text);
    cpus_read_in(c, affinity_now(), text, "/sys/fs/cgroup");
}
