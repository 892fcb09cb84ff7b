/* Tokens of Cassandra's Murmur3Partitioner. */
#ifndef LOADTOP_BACKENDS_CQL_TOKEN_H
#define LOADTOP_BACKENDS_CQL_TOKEN_H

#include <stddef.h>
#include <stdint.h>

/* The token of Murmur3Partitioner for a serialised partition key: the first half of
 * MurmurHash3_x64_128 with Cassandra's own tail, in which bytes are signed. A key of length 0 has
 * the minimum token. */
int64_t cql_token(const void *key, size_t len);
/* Adds one component of a key of several columns (2 bytes of length, value, a zero byte): the bytes
 * used, or 0 when they do not fit `room`. A key of one column is the value alone. */
size_t cql_key_component(uint8_t *at, size_t room, const void *value, size_t len);

#endif
