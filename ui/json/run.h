/* A snapshot as the JSON that scripts rely on: `--json`, the `.json` beside a screenshot, saved
 * runs.
 *
 * Counts are integers, times are microseconds with up to three decimals unless the name says
 * otherwise, and what is absent is null, never 0. No secret gets in: targets come without their
 * passwords, secret options read "***". `by_op` and `batches` have a `latency` of the same two
 * parts as the pool's; a batch has no response time of its own, so that part is null. Beyond the
 * published fields: `url`, `state`, the warm-up's counts, and `span_s` of each second, because the
 * last one may be short. */
#ifndef LOADTOP_UI_JSON_RUN_H
#define LOADTOP_UI_JSON_RUN_H

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct snapshot;

/* The run as an object, owned by the caller. `command` repeats the run, without secrets, or is
 * NULL. `cpu_share`: this process's CPU over the whole run, of all cores, 0..1; NaN: the snapshot's
 * last second is taken. Never NULL: out of memory aborts. */
struct json_t *json_run(const struct snapshot *, const char *command, double cpu_share);

/* With the screens that were captured (an array of json_screen, or NULL) as `screens`. */
struct json_t *json_with_screens(const struct snapshot *, const char *command, double cpu_share,
                                 const struct json_t *screens);

/* The same while it runs, for a journal: only the seconds that ended after since_s (-INFINITY:
 * all), and neither histograms nor threads. */
struct json_t *json_run_since(const struct snapshot *, const char *command, double since_s);

/* What `repeats` says of one run of several: its counts, throughput and
 * percentiles, pool by pool. */
struct json_t *json_repeat(const struct snapshot *, unsigned run, int exit_code);

/* The object as indented text with a last newline: free() it. *len without the terminator. */
char *json_text(const struct json_t *, size_t *len);

#endif
