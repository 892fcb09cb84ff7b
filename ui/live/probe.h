/* A look at a target before anything is loaded: does it answer, what is it, how far away is it?
 *
 * It runs on a thread of its own, on an engine of its own that only looks (limits.look): nothing is
 * made there and no operation is started. It ends by itself after 10 s. */
#ifndef LOADTOP_UI_LIVE_PROBE_H
#define LOADTOP_UI_LIVE_PROBE_H

#include <stdbool.h>

struct backend;
struct probe;

struct probe_result {
    bool done, good;
    char text[400]; /* what was found, or what fails and where */
};

/* `url` as `add` takes it; copied. NULL when no thread can be had. */
struct probe *probe_start(const char *url, const struct backend *const *backends);
struct probe_result probe_look(struct probe *);
/* Breaks it off. `wait`: until its thread has ended, which may take seconds; else it is left to end
 * by itself. Takes NULL. */
void probe_free(struct probe *, bool wait);

#endif
