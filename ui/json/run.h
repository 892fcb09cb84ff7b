/* A snapshot as the JSON that scripts rely on: `--json`, the `.json` beside a screenshot, saved
 * runs.
 *
 * Counts are integers, times are microseconds with up to three decimals unless the name says
 * otherwise, and absent values are null, never 0. It contains no secrets: targets have no
 * passwords, secret options read "***". `by_op` and `batches` have a `latency` with the same two
 * parts as the pool's; a batch has no response time, so that part is null. Beyond the published
 * fields: `url`, `state`, the warm-up's counts, and `span_s` of each second, because the last one
 * may be short. */
#ifndef LOADTOP_UI_JSON_RUN_H
#define LOADTOP_UI_JSON_RUN_H

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct snapshot;

/* The run as an object, owned by the caller. `command` repeats the run, without secrets, or is
 * NULL. `cpu_share`: this process's CPU over the whole run, of all cores, 0..1; NaN: the last
 * second's value is used. Never NULL: out of memory aborts. */
struct json_t *json_run(const struct snapshot *, const char *command, double cpu_share);

/* Adds `screens` to a run: an array of json_screen for each captured screen, or NULL. */
struct json_t *json_with_screens(const struct snapshot *, const char *command, double cpu_share,
                                 const struct json_t *screens);

/* Like json_run, but while the run continues, for the journal: only seconds that ended after
 * since_s (-INFINITY: all), without histograms and threads. */
struct json_t *json_run_since(const struct snapshot *, const char *command, double since_s);

/* An element of `repeats`: one run's counts, throughput and percentiles for each pool. */
struct json_t *json_repeat(const struct snapshot *, unsigned run, int exit_code);

/* The object as indented text with a last newline: free() it. *len without the terminator. */
char *json_text(const struct json_t *, size_t *len);

#endif
