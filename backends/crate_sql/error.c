/* Tables of CrateDB's error codes and of the HTTP statuses that come without one, each
 * with the advice that the errors view shows. Pure functions; called by the backend
 * when a request failed. */
#include "backends/crate_sql/error.h"

#include "engine/base/text.h"

#include <stdio.h>
#include <string.h>

struct code {
    int code;
    const char *name, *advice;
};

static const struct code codes[] = {
    {4000, "SQLParse", "the statement or a value is wrong: see the message"},
    {4001, "InvalidAnalyzer", NULL},
    {4002, "InvalidRelationName", "use another table name"},
    {4003, "FieldValidation", "a value does not fit its column: is the table another one's?"},
    {4004, "NotSupported", "this CrateDB cannot do it"},
    {4005, "AlterAlias", NULL},
    {4006, "AmbiguousAlias", NULL},
    {4007, "OperationBlocked", "the table is closed or its blocks.write is set"},
    {4008, "InvalidColumnName", "a key must not contain a dot or brackets"},
    {4009, "MissingValue", NULL},
    {4010, "NotAuthorized", "check the user and the password"},
    {4011, "MissingPrivilege", "grant the user DDL, DML and DQL on the schema"},
    {4031, "ReadOnlyNode", "this node only reads: use another"},
    {4037, "ReadOnlyBlock", "the table is read-only; is a disk full (watermark)?"},
    {4041, "RelationUnknown", "the table is gone, or use create=yes"},
    {4042, "AnalyzerUnknown", NULL},
    {4043, "ColumnUnknown", "the table has other columns: use another, or fewer objects"},
    {4044, "TypeUnknown", NULL},
    {4045, "SchemaUnknown", "the schema is missing, or the user has no rights on it"},
    {4046, "PartitionUnknown", NULL},
    {4047, "RepositoryUnknown", NULL},
    {4048, "SnapshotUnknown", NULL},
    {4049, "FunctionUnknown", NULL},
    {40410, "UserUnknown", NULL},
    {4091, "DuplicateKey", "the key exists already; conflict=nothing skips such rows"},
    {4092, "VersionConflict", "two writers on one row: fewer threads, or other keys"},
    {4093, "RelationExists", NULL},
    {4094, "AliasMixed", NULL},
    {4095, "RepositoryExists", NULL},
    {4096, "SnapshotExists", NULL},
    {4097, "PartitionExists", NULL},
    {4098, "FunctionExists", NULL},
    {4099, "UserExists", NULL},
    {5000, "ServerError", "see the server's log"},
    {5001, "TaskFailed", "see the server's log"},
    {5002, "ShardUnavailable", "shards are starting or lost: see sys.shards"},
    {5003, "QueryFailedOnShard", "see the server's log"},
    {5004, "SnapshotFailed", NULL},
    {5030, "QueryKilled", "somebody killed it, or a limit of memory or time did"},
    {5031, "NodeUnavailable", "the cluster is not complete: is a node missing?"},
    {5032, "ClusterBlocked", "the cluster has no master, or is recovering"},
};

static const struct {
    const char *exception;
    int code;
} exceptions[] = {
    {"DuplicateKeyException", 4091},
    {"VersionConflict", 4092},
    {"SQLParseException", 4000},
    {"ColumnValidationException", 4003},
    {"InvalidColumnNameException", 4008},
    {"OperationOnInaccessibleRelationException", 4007},
    {"RelationUnknown", 4041},
    {"TableUnknownException", 4041},
    {"ColumnUnknownException", 4043},
    {"SchemaUnknownException", 4045},
    {"UnavailableShardsException", 5002},
    {"JobKilledException", 5030},
};

static const struct {
    long status;
    const char *name, *advice;
} statuses[] = {
    {400, "Bad Request", NULL},
    {401, "Unauthorized", "check the user, the password or the token"},
    {403, "Forbidden", "is this CrateDB's HTTP port, and may the user do this?"},
    {404, "Not Found", "is this CrateDB's HTTP port (4200)?"},
    {408, "Request Timeout", NULL},
    {413, "Payload Too Large", "fewer rows in a request (the limit is 100 MB)"},
    {429, "Too Many Requests", "the server sheds load: fewer threads, or think time"},
    {500, "Internal Server Error", "see the server's log"},
    {502, "Bad Gateway", "the proxy in front lost its server"},
    {503, "Service Unavailable", "the server is overloaded or not ready: fewer threads"},
    {504, "Gateway Timeout", "the proxy in front gave up"},
};

static const struct code *find(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return &codes[i];
    return NULL;
}

char *crate_code_class(char *buf, size_t size, int code)
{
    const struct code *c = find(code);
    if (c)
        snprintf(buf, size, "%d %s", code, c->name);
    else if (code)
        snprintf(buf, size, "%d", code);
    else
        copy_str(buf, size, "row failed");
    return buf;
}

const char *crate_code_advice(int code)
{
    const struct code *c = find(code);
    return c ? c->advice : NULL;
}

char *crate_status_class(char *buf, size_t size, long status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status) {
            snprintf(buf, size, "%ld %s", status, statuses[i].name);
            return buf;
        }
    snprintf(buf, size, "HTTP %ld", status);
    return buf;
}

bool crate_status_passes(long status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

bool crate_status_hides(long status)
{
    return status == 403 || status == 404;
}

const char *crate_status_advice(long status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return statuses[i].advice;
    return NULL;
}

int crate_code_of_message(const char *msg, size_t len)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        size_t n = strlen(exceptions[i].exception);
        if (len >= n && memcmp(msg, exceptions[i].exception, n) == 0)
            return exceptions[i].code;
    }
    return 0;
}

size_t crate_message(char *buf, size_t size, const char *msg, size_t len, const char *advice)
{
    size_t tail = advice ? strlen(advice) + 5 : 0; /* " -> " and the end */
    if (tail >= size / 2)
        advice = NULL;
    size_t room = advice ? size - tail : size - 1;
    if (len > room) {
        len = room;
        /* not within a character */
        while (len > 0 && ((unsigned char)msg[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(buf, msg, len);
    buf[len] = '\0';
    if (!advice)
        return len;
    return text_append(buf, size, len, "%s%s", len ? " -> " : "", advice);
}
