/* A connection: one easy handle on one TCP connection. */
#ifndef LOADTOP_BACKENDS_CRATE_CONN_H
#define LOADTOP_BACKENDS_CRATE_CONN_H

#include <curl/curl.h>

struct conn;
struct crate_pool;
struct crate_worker;
struct err;

/* Runs libcurl's pending work and ends finished requests. */
void crate_worker_run(struct crate_worker *, curl_socket_t, int events);
void crate_flush(struct conn *);

int crate_open(struct conn *, struct err *);
void crate_close(struct conn *);
/* The index of a node in the pool's table, added if new; -1: the table is full. Any thread. */
int crate_node_find(struct crate_pool *, const char *name);

#endif
