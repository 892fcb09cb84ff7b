/* Inspects a target before anything is loaded: whether it answers, its version, and its round-trip
 * time.
 *
 * It runs on a separate thread with a separate engine that only inspects (limits.inspect_only):
 * nothing is created and no operation is started. It ends by itself after 10 s. */
#ifndef LOADTOP_UI_LIVE_PROBE_H
#define LOADTOP_UI_LIVE_PROBE_H

#include <stdbool.h>

struct backend;
struct probe;

struct probe_result {
    bool done, good;
    char text[400]; /* the result, or the error and where it occurred */
};

/* `url` as for `add`; copied. NULL when no thread can be started. */
struct probe *probe_start(const char *url, const struct backend *const *backends);
struct probe_result probe_poll(struct probe *);
/* Cancels it. `wait`: waits until its thread has ended, which may take seconds; otherwise it ends
 * in the background. Takes NULL. */
void probe_free(struct probe *, bool wait);

#endif
