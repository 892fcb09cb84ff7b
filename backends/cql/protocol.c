/* Names of the numbers of CQL native protocol v4. */
#include "backends/cql/protocol.h"

static const char *const opcode_names[] = {
    "ERROR",     "STARTUP", "READY",          "AUTHENTICATE",  "unknown",     "OPTIONS",
    "SUPPORTED", "QUERY",   "RESULT",         "PREPARE",       "EXECUTE",     "REGISTER",
    "EVENT",     "BATCH",   "AUTH_CHALLENGE", "AUTH_RESPONSE", "AUTH_SUCCESS"};

const char *cql_opcode_name(unsigned opcode)
{
    return opcode < sizeof opcode_names / sizeof *opcode_names ? opcode_names[opcode] : "unknown";
}

static const char *const consistencies[] = {"ANY",    "ONE",          "TWO",          "THREE",
                                            "QUORUM", "ALL",          "LOCAL_QUORUM", "EACH_QUORUM",
                                            "SERIAL", "LOCAL_SERIAL", "LOCAL_ONE"};

const char *cql_consistency_name(unsigned c)
{
    return c < sizeof consistencies / sizeof *consistencies ? consistencies[c] : "unknown";
}
