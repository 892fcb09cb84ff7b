/* The values that are bound to statements. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_STMT_H
#define LOADTOP_BACKENDS_CASSANDRA_STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cass_param;
struct cass_row;
struct cass_statement_info;
struct cql_writer;

/* Writes one [value]. */
void cass_put_value(struct cql_writer *, const struct cass_param *, unsigned place,
                    const struct cass_row *);
/* Writes the value of a key column to at (CASS_KEY_BYTES); returns its length. */
size_t cass_key_value(uint8_t *at, uint16_t type, uint64_t key);
/* Upper bound on the bytes of a row's values, for keys up to greatest_key. */
uint64_t cass_row_bytes(const struct cass_statement_info *, uint64_t greatest_key, uint32_t size);
/* The token of a row's partition. */
int64_t cass_row_token(const struct cass_statement_info *, uint64_t key);
/* Can a key column have this type? */
bool cass_key_type(uint16_t type);

#endif
