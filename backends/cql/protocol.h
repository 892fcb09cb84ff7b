/* CQL native protocol v4: a small client-side codec, with no socket and no policy of its own.
 *
 *   protocol.h  its numbers
 *   protocol.c  names of its numbers
 *   read.c      frames out of bytes, in whatever pieces they arrive
 *   in.c        the cursor with which bodies are read
 *   body.c      the bodies of all answers
 *   type.c      types, and values as text
 *   write.c     all requests
 *   stream.c    the table of stream ids
 *   token.c     Cassandra's tokens
 *
 * The caller provides the connection. Input is not trusted: each length is checked against the
 * bytes received, and memory grows with what has arrived, never with what a header claims.
 *
 * Everything read is borrowed: pointers lead into the frame and are valid inside the callback that
 * received it. Source: native_protocol_v4.spec of Apache Cassandra. One thread at a time per
 * structure. */
#ifndef LOADTOP_BACKENDS_CQL_PROTOCOL_H
#define LOADTOP_BACKENDS_CQL_PROTOCOL_H

#define CQL_HEADER 9
#define CQL_BODY_MAX (256u << 20)  /* the protocol's own limit, bytes */
#define CQL_PAGING_MAX (64u << 10) /* most bytes of a paging state; real ones are short */

enum cql_opcode {
    CQL_ERROR = 0x00,
    CQL_STARTUP = 0x01,
    CQL_READY = 0x02,
    CQL_AUTHENTICATE = 0x03,
    CQL_OPTIONS = 0x05,
    CQL_SUPPORTED = 0x06,
    CQL_QUERY = 0x07,
    CQL_RESULT = 0x08,
    CQL_PREPARE = 0x09,
    CQL_EXECUTE = 0x0A,
    CQL_REGISTER = 0x0B,
    CQL_EVENT = 0x0C,
    CQL_BATCH = 0x0D,
    CQL_AUTH_CHALLENGE = 0x0E,
    CQL_AUTH_RESPONSE = 0x0F,
    CQL_AUTH_SUCCESS = 0x10
};
/* a name such as "RESULT"; "unknown" for other numbers */
const char *cql_opcode_name(unsigned opcode);

enum cql_flag { CQL_COMPRESSED = 1, CQL_TRACING = 2, CQL_PAYLOAD = 4, CQL_WARNING = 8 };

enum cql_consistency {
    CQL_ANY,
    CQL_ONE,
    CQL_TWO,
    CQL_THREE,
    CQL_QUORUM,
    CQL_ALL,
    CQL_LOCAL_QUORUM,
    CQL_EACH_QUORUM,
    CQL_SERIAL,
    CQL_LOCAL_SERIAL,
    CQL_LOCAL_ONE
};
const char *cql_consistency_name(unsigned consistency); /* "QUORUM" */

#endif
