/* Types of the protocol, and values as text. */
#ifndef LOADTOP_BACKENDS_CQL_TYPE_H
#define LOADTOP_BACKENDS_CQL_TYPE_H

#include "backends/cql/in.h"

#include <stddef.h>
#include <stdint.h>

/* Types: an [option]. `spec` are the bytes that follow the id: of a
 * collection, tuple or user type. */
enum cql_type_id {
    CQL_CUSTOM,
    CQL_ASCII,
    CQL_BIGINT,
    CQL_BLOB,
    CQL_BOOLEAN,
    CQL_COUNTER,
    CQL_DECIMAL,
    CQL_DOUBLE,
    CQL_FLOAT,
    CQL_INT,
    CQL_TIMESTAMP = 0x0B,
    CQL_UUID,
    CQL_VARCHAR,
    CQL_VARINT,
    CQL_TIMEUUID,
    CQL_INET,
    CQL_DATE,
    CQL_TIME,
    CQL_SMALLINT,
    CQL_TINYINT,
    CQL_DURATION, /* v5's; in v4 it comes as a custom type and is recognised by its name */
    CQL_LIST = 0x20,
    CQL_MAP,
    CQL_SET,
    CQL_UDT = 0x30,
    CQL_TUPLE
};
struct cql_type {
    uint16_t id;
    struct cql_in spec;
};
void cql_get_type(struct cql_in *, struct cql_type *); /* nested at most 32 deep, else bad */
const char *cql_type_name(unsigned id);                /* "timestamp" */
/* The value as text: strings as they are, blobs and what is unknown as 0x.., collections in CQL's
 * brackets. Cut at the buffer's end, always terminated. 0, or -1 when the bytes cannot be such a
 * value. */
int cql_value_text(const struct cql_type *, const struct cql_str *value, char *buf, size_t size);

#endif
