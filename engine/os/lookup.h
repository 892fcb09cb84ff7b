/* Resolves names to addresses with a time limit. getaddrinfo has none, but a name server that does
 * not answer must delay neither the start nor a pool's thread. */
#ifndef LOADTOP_ENGINE_OS_LOOKUP_H
#define LOADTOP_ENGINE_OS_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

struct addrinfo;

struct name_answer {
    bool done;             /* false: not in time */
    int failed;            /* what getaddrinfo returned */
    struct addrinfo *list; /* free it with freeaddrinfo; NULL unless it is done and did not fail */
};

/* Looks up names[n], several at a time, for stream sockets of that port (digits; NULL: none). Waits
 * until all are answered, until deadline_ns (clock_ns), or until stop(ctx), which is called every
 * 100 ms (may be NULL), returns true. The names need not outlive the call. 0, or -1: out of memory
 * or no thread could be started, and no answer is done. */
int names_look_up(const char *const *names, unsigned n, const char *port, uint64_t deadline_ns,
                  bool (*stop)(const void *ctx), const void *ctx, struct name_answer *);

#endif
