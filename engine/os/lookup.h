/* Names to addresses, within a bound: getaddrinfo has none, and a name server that does not answer
 * must hold neither the start nor a pool's thread. */
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

/* Looks names [n] up, several at once, for stream sockets of that port (digits; NULL: none). Waits
 * until all are answered, until deadline_ns (clock_ns) or until stop(ctx), asked every 100 ms (stop
 * may be NULL). The names need not outlive the call. 0; -1: no memory or no thread to look them up
 * with, and no answer is done. */
int names_look_up(const char *const *names, unsigned n, const char *port, uint64_t deadline_ns,
                  bool (*stop)(const void *ctx), const void *ctx, struct name_answer *);

#endif
