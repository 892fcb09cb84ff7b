/* The loaded table: found or created, with statements for its columns. */
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

/* Reads the columns from the schema, creating the table if requested, and makes the statements. */
int cass_schema_open(struct cass_pool *, struct pool *, struct cass_session *, uint64_t deadline_ns,
                     struct err *);
int cass_names(const struct target *, char *keyspace, char *table, struct err *);
/* Is the comment exactly a mark of this run (NULL: of any run)? The mark is "loadtop run 1a2b3c4d",
 * with a suffix if the run also created the keyspace. */
#define CASS_MARK "loadtop run "
#define CASS_MARK_KEYSPACE ", and its keyspace"
bool cass_is_mark(struct cql_str comment, const char *run, bool *keyspace);

#endif
