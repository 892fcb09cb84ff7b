/* See csv_columns.h. Names are compared in one form, so that each stands in its table once:
 * "Requests per second", "requests_per_sec" and "Requests/s [mean]" are "requests/s". Called by
 * usl_csv.c, and by the help. */
#include "engine/stats/csv_columns.h"

#include <string.h>

#include "engine/base/text.h"
#include "engine/stats/csv_units.h"

#define NAME_MAX 64

/* The preferred first. Our own file has several that could be N; the right one is the number in
 * flight. */
static const char *const names_of[] = {
    [CSV_N] = "n|in flight|threads|clients|users|vus|workers|concurrency|load|n users|connections|"
              "processors|cpus|cores|vcpus|nodes|servers|hosts|instances|replicas|virtual users|"
              "vusers|active users|concurrent users|concurrent clients|concurrent requests|"
              "concurrency level|user|thread|client|connection|processor|cpu|core|node|server|"
              "threadcount|allthreads|processes|jobs|numjobs|iodepth|queue depth|parallelism|"
              "sessions|streams|p",
    [CSV_THROUGHPUT] = "throughput|throughput/s|x|ops/s|operations/s|requests/s|req/s|reqs/s|rps|"
                       "qps|queries/s|tps|transactions/s|trans/s|messages/s|msgs/s|msg/s|"
                       "records/s|rows/s|events/s|hits/s|calls/s|commands/s|jobs/s|iops|xput|"
                       "mean throughput|average throughput|avg throughput|mean tps|rate|ops",
    [CSV_POOL] = "pool",
    [CSV_VALID] = "valid",
};

/* Cuts `tail` off the name's end, if it is there and is not all of it. */
static bool cut_tail(char *name, const char *tail)
{
    size_t n = strlen(name), len = strlen(tail);
    if (n <= len || strcmp(name + n - len, tail) != 0)
        return false;
    name[n - len] = '\0';
    return true;
}

static void cut_head(char *name, const char *head)
{
    size_t len = strlen(head);
    if (strncmp(name, head, len) == 0 && name[len])
        memmove(name, name + len, strlen(name + len) + 1);
}

/* Without units in brackets at its end: "N [users]", "req/s [mean] (all)". */
static struct csv_field without_unit(struct csv_field f)
{
    while (f.len && (f.s[f.len - 1] == ')' || f.s[f.len - 1] == ']')) {
        char open = f.s[f.len - 1] == ')' ? '(' : '[';
        size_t at = f.len;
        while (at > 0 && f.s[at - 1] != open)
            at--;
        if (at <= 1) /* there is none, or no name before it */
            break;
        f.len = at - 1;
        while (f.len && f.s[f.len - 1] == ' ')
            f.len--;
    }
    return f;
}

/* Lower case; one blank for any of blank _ - and point; a rate as "/s"; no "number of", no "count".
 * "": it is too long for any name. */
static void normal_name(struct csv_field f, char name[NAME_MAX])
{
    static const char *const rate[] = {" per second", " per sec", " per s", "/second", "/sec"};
    size_t n = 0;
    f = without_unit(f);
    for (size_t i = 0; i < f.len && f.len < NAME_MAX; i++) {
        char c = f.s[i] >= 'A' && f.s[i] <= 'Z' ? (char)(f.s[i] - 'A' + 'a') : f.s[i];
        if (!strchr(" _-.\t", c))
            name[n++] = c;
        else if (n && name[n - 1] != ' ')
            name[n++] = ' ';
    }
    while (n && name[n - 1] == ' ')
        n--;
    name[n] = '\0';
    for (unsigned i = 0; i < sizeof rate / sizeof *rate; i++)
        if (cut_tail(name, rate[i])) {
            memcpy(name + strlen(name), "/s", 3); /* shorter than what was cut off */
            break;
        }
    cut_head(name, "number of ");
    cut_head(name, "num ");
    cut_tail(name, " count");
}

/* The field with this name in normal form; -1: none. */
static int find_name(const struct csv_field *head, unsigned columns, const char *wanted, size_t len)
{
    for (unsigned i = 0; i < columns; i++) {
        char name[NAME_MAX];
        normal_name(head[i], name);
        if (strlen(name) == len && memcmp(name, wanted, len) == 0 && !csv_has_time_unit(head[i]))
            return (int)i;
    }
    return -1;
}

int csv_find_column(const struct csv_field *head, unsigned columns, enum csv_column column)
{
    int found = -1;
    for (const char *name = names_of[column]; *name && found < 0;) {
        size_t len = strcspn(name, "|");
        found = find_name(head, columns, name, len);
        name += len + (name[len] == '|');
    }
    return found;
}

void csv_add_names(struct text *t, enum csv_column column, unsigned most)
{
    const char *name = names_of[column];
    for (unsigned i = 0; *name && i < most; i++) {
        size_t len = strcspn(name, "|");
        text_add(t, "%s%.*s", i ? ", " : "", (int)len, name);
        name += len + (name[len] == '|');
    }
}
