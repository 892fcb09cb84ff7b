/* The addresses that names in targets.conf have at the start. */
#ifndef LOADTOP_ENGINE_POOLS_PROTECT_NAMES_H
#define LOADTOP_ENGINE_POOLS_PROTECT_NAMES_H

struct addrinfo;

#define NAMES_WAIT_MS 2000

/* Looks names [n] up, several at once, and waits up to NAMES_WAIT_MS for all of them together.
 * list[i] is then what getaddrinfo found, to be freed with freeaddrinfo, or NULL: no address, or
 * not in time. `names` need not outlive the call. No thread at all: all NULL. */
void names_look_up(const char *const *names, unsigned n, struct addrinfo **list);

#endif
