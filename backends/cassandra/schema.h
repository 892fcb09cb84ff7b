/* The table that is loaded: found or made, and the statements that fit its columns. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_SCHEMA_H
#define LOADTOP_BACKENDS_CASSANDRA_SCHEMA_H

#include "backends/cql/in.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cass_pool;
struct cass_session;
struct err;
struct pool;
struct target;

/* Statements and columns from the schema; creates it where asked. */
int cass_schema_open(struct cass_pool *, struct pool *, struct cass_session *, uint64_t deadline_ns,
                     struct err *);
int cass_names(const struct target *, char *keyspace, char *table, struct err *);
/* The table's comment by which a run knows what it made: "loadtop run 1a2b3c4d", and with the
 * keyspace when the run made that, too. Is this text exactly such a mark, of this run (NULL: of
 * any)? */
#define CASS_MARK "loadtop run "
#define CASS_MARK_KEYSPACE ", and its keyspace"
bool cass_is_mark(struct cql_str comment, const char *run, bool *keyspace);

#endif
