/* Connecting sockets, for backends that use sockets without a library; net_connect is in
 * backend.h. */
#ifndef LOADTOP_ENGINE_POOLS_NET_H
#define LOADTOP_ENGINE_POOLS_NET_H

/* Sets the newline-separated names of --confirm for connections without a pool (clean). Call it
 * before the first. */
void net_confirm(const char *names);

#endif
