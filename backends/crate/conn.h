/* A connection: one easy handle on one TCP connection, what it sends, and what comes back. */
#ifndef LOADTOP_BACKENDS_CRATE_CONN_H
#define LOADTOP_BACKENDS_CRATE_CONN_H

#include <curl/curl.h>

struct conn;
struct crate_pool;
struct crate_worker;
struct err;

/* Lets libcurl do what is due, and ends what it finished. */
void crate_worker_run(struct crate_worker *, curl_socket_t, int events);
void crate_flush(struct conn *);

int crate_open(struct conn *, struct err *);
void crate_close(struct conn *);
/* The place of a node in the pool's table, added if it is new; -1: no room. Any thread. */
int crate_node_find(struct crate_pool *, const char *name);

#endif
