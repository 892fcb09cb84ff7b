/* See csv_units.h. Called by usl_csv.c and csv_columns.c. */
#include "engine/stats/csv_units.h"

#include <string.h>
#include <strings.h>

/* A word of a name: borrowed. */
struct word {
    const char *s;
    size_t len;
    bool per;   /* it follows a '/' or "per": what a rate is of */
    bool first; /* of the name, or of the brackets */
};

static bool in_list(struct word w, const char *list)
{
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, "|");
        if (n == w.len && strncasecmp(at, w.s, n) == 0)
            return true;
        at += n + (at[n] == '|');
    }
    return false;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Letters, digits, % and what is not ASCII; "avgMs" and "kTPS" are two words. */
static size_t word_length(const char *s, size_t most)
{
    size_t n = 0;
    while (n < most && !strchr(" \t_-.,:;/*()[]'\"", s[n] ? s[n] : ' ') &&
           !(n && is_lower(s[n - 1]) && is_upper(s[n])))
        n++;
    return n;
}

/* The next word, but for "per". False: there is none. */
static bool next_word(size_t *at, struct csv_field f, struct word *w)
{
    bool per = false, first = *at == 0;
    while (*at < f.len) {
        char c = f.s[*at];
        bool opens = c == '(' || c == '[';
        size_t len = word_length(f.s + *at, f.len - *at);
        *w = (struct word){f.s + *at, len, per, first};
        *at += len ? len : 1;
        if (len && !in_list(*w, "per"))
            return true;
        per = len || c == '/' || (per && !opens);
        first = !len && (first || opens);
    }
    return false;
}

static size_t digits_from(struct word w, size_t at)
{
    size_t n = 0;
    while (at + n < w.len && w.s[at + n] >= '0' && w.s[at + n] <= '9')
        n++;
    return n;
}

/* Units of time. A second may also stand behind the name of a rate ("ops_s"), so it is a time only
 * where a unit begins. */
static bool is_time_unit(struct word w)
{
    if (w.per)
        return false;
    return in_list(w, "ms|us|ns|\u00b5s|\u03bcs|msec|usec|nsec|msecs|usecs|nsecs|millis|micros|"
                      "nanos|milliseconds|microseconds|nanoseconds") ||
           (w.first && in_list(w, "s|sec|secs|second|seconds"));
}

static bool is_percentile(struct word w)
{
    size_t digits = digits_from(w, 0);
    if (digits && digits + 1 == w.len && w.s[digits] == '%') /* 99% */
        return true;
    return w.len > 1 && (*w.s == 'p' || *w.s == 'P') && digits_from(w, 1) == w.len - 1; /* p99 */
}

/* Words that say by themselves what a column holds, and it is neither N nor throughput. */
static bool is_other_word(struct word w)
{
    static const char others[] =
        "time|timestamp|date|day|hour|elapsed|seconds|duration|latency|latencies|lat|rt|rtt|delay|"
        "response|wait|error|errors|failure|failures|failed|timeout|timeouts|percentile|median|"
        "stddev|bytes|memory|mem|rss|cost|costs|efficiency|utilization|utilisation|run|id|index|"
        "iteration|trial|repeat|seed|label|type|status";
    static const char one[] = "op|operation|req|request|query|call|item|iteration|transaction|"
                              "message|msg|row|record"; /* what is per one of them is a cost */
    return is_time_unit(w) || is_percentile(w) || in_list(w, w.per ? one : others);
}

bool csv_is_other(struct csv_field name)
{
    size_t at = 0;
    struct word w;
    while (next_word(&at, name, &w))
        if (is_other_word(w))
            return true;
    return false;
}

bool csv_has_time_unit(struct csv_field name)
{
    size_t at = 0;
    struct word w;
    while (next_word(&at, name, &w))
        if (is_time_unit(w))
            return true;
    return false;
}

/* What operations are counted by, after a letter of a thousand or a million: "kops", "Mreq". */
static bool is_counted(struct word w)
{
    return in_list(w, "op|ops|iops|req|reqs|request|requests|rps|qps|tps|pps|query|queries|trans|"
                      "transactions|msg|msgs|messages|rows|records|events|hits|calls");
}

/* x1000, (000), 1000s: of what? */
static bool is_round(struct word w)
{
    size_t head = *w.s == 'x' || *w.s == 'X' ? 1 : 0;
    size_t digits = digits_from(w, head), end = head + digits;
    return digits >= 3 && memcmp(w.s + end - 3, "000", 3) == 0 &&
           (end == w.len || (end + 1 == w.len && w.s[end] == 's'));
}

/* What a word multiplies by; 1: nothing; 0: not certain. */
static double word_factor(struct word w)
{
    struct word stem = {.s = w.s + 1, .len = w.len - 1};
    if (w.per)
        return in_list(w, "min|mins|minute|minutes")               ? 1.0 / 60
               : in_list(w, "h|hr|hour|hours")                     ? 1.0 / 3600
               : in_list(w, "ms|msec|millisecond")                 ? 1e3
               : in_list(w, "us|usec|\u00b5s|\u03bcs|microsecond") ? 1e6
               : in_list(w, "m|d|day|days|week|ns|nsec")           ? 0
                                                                   : 1;
    if (in_list(w, "k|kilo|thousand|thousands"))
        return 1e3;
    if (in_list(w, "million|millions|mio|mega") || (w.len == 1 && *w.s == 'M'))
        return 1e6;
    if (in_list(w, "rpm|tpm|qpm|opm|tpmc"))
        return 1.0 / 60;
    if (is_round(w) ||
        in_list(w, "m|g|gops|billion|billions|hundred|hundreds|kb|mb|gb|kib|mib|gib|kbit|"
                   "mbit|gbit|kbps|mbps|gbps"))
        return 0;
    if (is_counted(stem))
        return *w.s == 'k' || *w.s == 'K' ? 1e3 : *w.s == 'm' || *w.s == 'M' ? 1e6 : 1; /* iops */
    return 1;
}

double csv_unit_factor(struct csv_field name)
{
    size_t at = 0;
    struct word w;
    double factor = 1, time = 1;
    bool bytes = false;
    while (next_word(&at, name, &w)) {
        double f = word_factor(w);
        double *of = w.per || (f < 1 && f > 0) ? &time : &factor;
        if (f == 0 || (f != 1 && *of != 1)) /* "k req/s (thousands)": once or twice? */
            return 0;
        *of *= f;
        bytes = bytes || in_list(w, "b|byte|bytes|bit|bits");
    }
    return bytes && factor != 1 ? 0 : factor * time; /* kB: 1000 or 1024? */
}
