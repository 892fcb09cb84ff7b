/* A connection under load: its handshake, its answers, and what it does when a node says no. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_CONN_H
#define LOADTOP_BACKENDS_CASSANDRA_CONN_H

#include <stdbool.h>
#include <stdint.h>

struct cass_conn;
struct conn;
struct err;

int cass_open(struct conn *, struct err *);
void cass_flush(struct conn *);
void cass_close(struct conn *);
/* Asks for a statement; its ops wait. False: no room now. */
bool cass_prepare(struct cass_conn *, unsigned statement);
/* The connection takes no operations for so long. */
void cass_rest(struct cass_conn *, uint64_t ns);

#endif
