/* The request of an operation: which statement it executes, and the frame that says so. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_REQUEST_H
#define LOADTOP_BACKENDS_CASSANDRA_REQUEST_H

#include "backends/cql/in.h"

struct cass_conn;
struct cass_worker;
struct op;

/* Which statement an operation executes. */
unsigned cass_statement_of(const struct cass_worker *, const struct op *);
/* Writes the request of an operation. page: where a person's own statement goes on, or none. 0, or
 * -1 as cql_end says it. */
int cass_write_request(const struct cass_worker *, struct cass_conn *, const struct op *,
                       unsigned statement, unsigned stream, struct cql_str page);
/* Asks for the page of a person's own statement that `state` names; the operation goes on. -1: it
 * cannot be asked for. */
int cass_next_page(struct cass_conn *, struct op *, struct cql_str state);

#endif
