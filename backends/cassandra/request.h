/* The request of an operation: its statement and its frame. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_REQUEST_H
#define LOADTOP_BACKENDS_CASSANDRA_REQUEST_H

#include "backends/cql/in.h"

struct cass_conn;
struct cass_worker;
struct op;

/* The index of an operation's statement. */
unsigned cass_statement_of(const struct cass_worker *, const struct op *);
/* Writes the request of an operation. page: the paging state of a user's statement, or none.
 * Returns like cql_end: 0 or -1. */
int cass_write_request(const struct cass_worker *, struct cass_conn *, const struct op *,
                       unsigned statement, unsigned stream, struct cql_str page);
/* Requests the next page of a user's statement; the operation continues. -1: not possible. */
int cass_next_page(struct cass_conn *, struct op *, struct cql_str state);

#endif
