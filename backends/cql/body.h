/* The bodies of answers: errors with their details, results of each kind, events, negotiation. */
#ifndef LOADTOP_BACKENDS_CQL_BODY_H
#define LOADTOP_BACKENDS_CQL_BODY_H

#include "backends/cql/in.h"
#include "backends/cql/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cql_frame;

/* A body with the parts that flags put before it. */
struct cql_body {
    struct cql_in in;        /* the body itself */
    const uint8_t *trace_id; /* 16 bytes or NULL */
    unsigned warnings;
    struct cql_in warning; /* that many [string] */
};
int cql_open_body(const struct cql_frame *, struct cql_body *); /* 0, or -1: malformed */

/* ERROR. Fields that its class lacks are 0 or empty. */
enum cql_error_code {
    CQL_E_SERVER = 0x0000,
    CQL_E_PROTOCOL = 0x000A,
    CQL_E_CREDENTIALS = 0x0100,
    CQL_E_UNAVAILABLE = 0x1000,
    CQL_E_OVERLOADED = 0x1001,
    CQL_E_BOOTSTRAPPING = 0x1002,
    CQL_E_TRUNCATE = 0x1003,
    CQL_E_WRITE_TIMEOUT = 0x1100,
    CQL_E_READ_TIMEOUT = 0x1200,
    CQL_E_READ_FAILURE = 0x1300,
    CQL_E_FUNCTION_FAILURE = 0x1400,
    CQL_E_WRITE_FAILURE = 0x1500,
    CQL_E_SYNTAX = 0x2000,
    CQL_E_UNAUTHORIZED = 0x2100,
    CQL_E_INVALID = 0x2200,
    CQL_E_CONFIG = 0x2300,
    CQL_E_EXISTS = 0x2400,
    CQL_E_UNPREPARED = 0x2500
};
struct cql_error {
    uint32_t code;
    struct cql_str message;
    uint16_t consistency;
    int32_t required, alive;     /* unavailable */
    int32_t received, block_for; /* timeouts, failures */
    int32_t failures;            /* failures: nodes that failed */
    bool data_present;           /* read timeout, read failure */
    struct cql_str write_type;   /* write timeout, write failure: "SIMPLE", "BATCH", ... */
    /* "already exists": keyspace and table ("": it was a keyspace); function failure: keyspace and
     * function */
    struct cql_str keyspace, name;
    struct cql_str id; /* unprepared */
};
int cql_read_error(struct cql_in *, struct cql_error *); /* 0 or -1 */
/* a stable name such as "write_timeout"; "server_error" if the code is unknown */
const char *cql_error_class(uint32_t code);
/* Does it report a state that passes by itself, in which nothing was carried out: overloaded,
 * bootstrapping, or without enough replicas to look a user up? */
bool cql_error_passes(const struct cql_error *);
/* One line with the details of its class; returns buf, always terminated. */
char *cql_error_text(const struct cql_error *, char *buf, size_t size);

/* RESULT. */
enum cql_kind { CQL_VOID = 1, CQL_ROWS, CQL_SET_KEYSPACE, CQL_PREPARED, CQL_SCHEMA_CHANGE };
struct cql_column {
    struct cql_str keyspace, table, name;
    struct cql_type type;
};
struct cql_columns {
    uint32_t count;
    bool has_specs; /* false: metadata was left out */
    bool global;
    struct cql_str keyspace, table; /* if global */
    bool more;                      /* there is another page, which paging_state requests */
    struct cql_str paging_state;
    struct cql_in specs;
};
/* The next column into *c: true; false past the last. Rewind by copying the structure before. */
bool cql_next_column(struct cql_columns *, struct cql_column *);

struct cql_schema_change {
    struct cql_str change, target, keyspace, name; /* "CREATED", "TABLE", ks, table */
    unsigned args;
    struct cql_in arg; /* argument types of a function or aggregate: `args` [string]s */
};
struct cql_result {
    int32_t kind;
    struct cql_columns columns; /* ROWS: the columns of the rows; PREPARED: those of its result */
    int32_t rows;
    struct cql_in content; /* rows x columns [bytes], all present */
    struct cql_str keyspace;
    struct cql_str id; /* prepared */
    struct cql_columns bind;
    uint32_t keys;     /* PREPARED: how many bound values make up the partition key */
    struct cql_in key; /* PREPARED: `keys` [short]s, the indices of those values in `bind` */
    struct cql_schema_change schema;
};
int cql_read_result(struct cql_in *, struct cql_result *); /* 0 or -1 */

/* EVENT. */
struct cql_event {
    struct cql_str type;   /* "TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE" */
    struct cql_str change; /* "NEW_NODE", "UP", ... (topology, status) */
    char address[64];
    uint16_t port;
    struct cql_schema_change schema;
};
int cql_read_event(struct cql_in *, struct cql_event *); /* 0 or -1 */
/* SUPPORTED: does it list `value` under `name`? NULL value: is there such a name? */
bool cql_supports(struct cql_in body, const char *name, const char *value);
/* Describes a first answer of another version, or a protocol ERROR: which versions the server
 * supports. */
char *cql_version_refusal(const struct cql_frame *, char *buf, size_t size);

#endif
