/* A connection under load: handshake, answers, and errors from a node. */
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
/* Prepares a statement, for which operations wait. False: no room now. */
bool cass_prepare(struct cass_conn *, unsigned statement);
/* The connection accepts no operations for `ns`. */
void cass_rest(struct cass_conn *, uint64_t ns);

#endif
