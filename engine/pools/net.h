/* Sockets of the backends that bring their own; see backend.h for what they call. */
#ifndef LOADTOP_ENGINE_POOLS_NET_H
#define LOADTOP_ENGINE_POOLS_NET_H

/* The names of --confirm, a line each, for connections without a pool (clean). Before the first. */
void net_confirm(const char *names);

#endif
