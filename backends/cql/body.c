/* The bodies of answers: errors with their details, results of each kind, events, the negotiation.
 *
 * All reading goes through one cursor that cannot leave the body: a read past the end yields zeros
 * and marks the cursor, and each public function checks the mark once, at its end. Loop counts are
 * first checked against the remaining bytes, so that no body can cause a long loop. */
#include "backends/cql/body.h"

#include "backends/cql/protocol.h"
#include "backends/cql/read.h"
#include "engine/base/secret.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Steps over n [string]s and returns the cursor before them. */
static struct cql_in skip_strings(struct cql_in *in, unsigned n)
{
    struct cql_in from = *in;
    for (unsigned i = 0; i < n && !in->bad; i++)
        cql_get_string(in);
    return from;
}

int cql_open_body(const struct cql_frame *f, struct cql_body *b)
{
    struct cql_in in = {.p = f->body, .end = f->body + f->length};

    memset(b, 0, sizeof *b);
    if (f->flags & CQL_TRACING)
        b->trace_id = cql_take(&in, 16);
    if (f->flags & CQL_WARNING) {
        b->warnings = cql_get_u16(&in);
        b->warning = skip_strings(&in, b->warnings);
    }
    if (f->flags & CQL_PAYLOAD) {
        unsigned n = cql_get_u16(&in);
        for (unsigned i = 0; i < n && !in.bad; i++) {
            struct cql_str v;
            cql_get_string(&in);
            cql_get_bytes(&in, &v);
        }
    }
    b->in = in;
    return in.bad ? -1 : 0;
}

/* ---- Errors ---- */

static const struct {
    uint32_t code;
    const char *name;
} error_classes[] = {{CQL_E_SERVER, "server_error"},
                     {CQL_E_PROTOCOL, "protocol"},
                     {CQL_E_CREDENTIALS, "auth"},
                     {CQL_E_UNAVAILABLE, "unavailable"},
                     {CQL_E_OVERLOADED, "overloaded"},
                     {CQL_E_BOOTSTRAPPING, "bootstrapping"},
                     {CQL_E_TRUNCATE, "truncate"},
                     {CQL_E_WRITE_TIMEOUT, "write_timeout"},
                     {CQL_E_READ_TIMEOUT, "read_timeout"},
                     {CQL_E_READ_FAILURE, "read_failure"},
                     {CQL_E_FUNCTION_FAILURE, "function_failure"},
                     {CQL_E_WRITE_FAILURE, "write_failure"},
                     {CQL_E_SYNTAX, "syntax"},
                     {CQL_E_UNAUTHORIZED, "unauthorized"},
                     {CQL_E_INVALID, "invalid"},
                     {CQL_E_CONFIG, "config"},
                     {CQL_E_EXISTS, "exists"},
                     {CQL_E_UNPREPARED, "unprepared"}};

const char *cql_error_class(uint32_t code)
{
    for (size_t i = 0; i < sizeof error_classes / sizeof *error_classes; i++)
        if (error_classes[i].code == code)
            return error_classes[i].name;
    return "server_error";
}

bool cql_error_passes(const struct cql_error *e)
{
    static const char no_lookup[] = "Unable to perform authentication";
    size_t len = sizeof no_lookup - 1;
    return e->code == CQL_E_OVERLOADED || e->code == CQL_E_BOOTSTRAPPING ||
           (e->code == CQL_E_CREDENTIALS && e->message.len >= len &&
            memcmp(e->message.s, no_lookup, len) == 0);
}

int cql_read_error(struct cql_in *in, struct cql_error *e)
{
    memset(e, 0, sizeof *e);
    e->code = (uint32_t)cql_get_i32(in);
    e->message = cql_get_string(in);
    switch (e->code) {
    case CQL_E_UNAVAILABLE:
        e->consistency = cql_get_u16(in);
        e->required = cql_get_i32(in);
        e->alive = cql_get_i32(in);
        break;
    case CQL_E_WRITE_TIMEOUT:
    case CQL_E_READ_TIMEOUT:
    case CQL_E_WRITE_FAILURE:
    case CQL_E_READ_FAILURE:
        e->consistency = cql_get_u16(in);
        e->received = cql_get_i32(in);
        e->block_for = cql_get_i32(in);
        if (e->code == CQL_E_WRITE_FAILURE || e->code == CQL_E_READ_FAILURE)
            e->failures = cql_get_i32(in);
        if (e->code == CQL_E_READ_TIMEOUT || e->code == CQL_E_READ_FAILURE)
            e->data_present = cql_get_u8(in) != 0;
        else
            e->write_type = cql_get_string(in);
        break;
    case CQL_E_FUNCTION_FAILURE:
        e->keyspace = cql_get_string(in);
        e->name = cql_get_string(in);
        skip_strings(in, cql_get_u16(in));
        break;
    case CQL_E_EXISTS:
        e->keyspace = cql_get_string(in);
        e->name = cql_get_string(in);
        break;
    case CQL_E_UNPREPARED:
        e->id = cql_get_short_bytes(in);
        break;
    default:
        break;
    }
    return in->bad ? -1 : 0;
}

char *cql_error_text(const struct cql_error *e, char *buf, size_t size)
{
    const char *level = cql_consistency_name(e->consistency);
    int len = (int)(e->message.len > 160 ? 160 : e->message.len);
    const char *m = e->message.len ? e->message.s : cql_error_class(e->code);
    if (!e->message.len)
        len = (int)strlen(m);

    switch (e->code) {
    case CQL_E_UNAVAILABLE:
        snprintf(buf, size, "%.*s: %d replicas required, %d alive at %s", len, m, e->required,
                 e->alive, level);
        break;
    case CQL_E_WRITE_TIMEOUT:
        snprintf(buf, size, "%.*s: write type %.*s, %d of %d replicas answered at %s", len, m,
                 (int)e->write_type.len, e->write_type.s, e->received, e->block_for, level);
        break;
    case CQL_E_READ_TIMEOUT:
        snprintf(buf, size, "%.*s: %d of %d replicas answered at %s, data %s", len, m, e->received,
                 e->block_for, level, e->data_present ? "present" : "not present");
        break;
    case CQL_E_WRITE_FAILURE:
        snprintf(buf, size, "%.*s: write type %.*s, %d of %d answered, %d failed at %s", len, m,
                 (int)e->write_type.len, e->write_type.s, e->received, e->block_for, e->failures,
                 level);
        break;
    case CQL_E_READ_FAILURE:
        snprintf(buf, size, "%.*s: %d of %d answered, %d failed at %s, data %s", len, m,
                 e->received, e->block_for, e->failures, level,
                 e->data_present ? "present" : "not present");
        break;
    case CQL_E_EXISTS:
    case CQL_E_FUNCTION_FAILURE:
        snprintf(buf, size, "%.*s: %.*s%s%.*s", len, m, (int)e->keyspace.len, e->keyspace.s,
                 e->name.len ? "." : "", (int)e->name.len, e->name.s);
        break;
    default:
        snprintf(buf, size, "%.*s", len, m);
    }
    return buf;
}

/* ---- Results ---- */

bool cql_next_column(struct cql_columns *c, struct cql_column *col)
{
    if (!c->has_specs || c->count == 0 || c->specs.bad)
        return false;
    memset(col, 0, sizeof *col);
    col->keyspace = c->global ? c->keyspace : cql_get_string(&c->specs);
    col->table = c->global ? c->table : cql_get_string(&c->specs);
    col->name = cql_get_string(&c->specs);
    cql_get_type(&c->specs, &col->type);
    c->count--;
    return !c->specs.bad;
}

enum metadata_flag { GLOBAL = 1, MORE_PAGES = 2, NO_METADATA = 4 };

/* Metadata of rows; with `key` also the places of the partition key, as PREPARED has them. */
static void read_columns(struct cql_in *in, struct cql_columns *c, uint32_t *keys,
                         struct cql_in *key)
{
    struct cql_column col;
    int32_t flags = cql_get_i32(in), count = cql_get_i32(in);

    memset(c, 0, sizeof *c);
    if (keys) {
        *keys = (uint32_t)cql_get_i32(in);
        *key = *in;
        if (*keys > UINT16_MAX)
            in->bad = true;
        else
            cql_take(in, *keys * 2);
    }
    /* A column is at least three bytes long if it is described. If it is not, only this limit
     * bounds the count. */
    if (count < 0 || count > UINT16_MAX)
        in->bad = true;
    c->count = in->bad ? 0 : (uint32_t)count;
    c->more = (flags & MORE_PAGES) != 0;
    if (c->more && !cql_get_bytes(in, &c->paging_state))
        c->more = false;
    if (c->paging_state.len > CQL_PAGING_MAX)
        in->bad = true;
    c->has_specs = !(flags & NO_METADATA);
    if (!c->has_specs)
        return;
    c->global = (flags & GLOBAL) != 0;
    if (c->global) {
        c->keyspace = cql_get_string(in);
        c->table = cql_get_string(in);
    }
    c->specs = *in;
    struct cql_columns walk = *c;
    while (cql_next_column(&walk, &col))
        continue;
    *in = walk.specs;
}

static void read_rows(struct cql_in *in, struct cql_result *r)
{
    read_columns(in, &r->columns, NULL, NULL);
    r->rows = cql_get_i32(in);
    r->content = *in;
    uint64_t values = (uint64_t)(uint32_t)r->rows * r->columns.count,
             left = (uint64_t)(in->end - in->p);
    if (r->rows < 0 || values * 4 > left || (r->columns.count == 0 && r->rows > 0))
        in->bad = true;
    for (uint64_t i = 0; i < values && !in->bad; i++) {
        struct cql_str v;
        cql_get_bytes(in, &v);
    }
}

static void read_schema_change(struct cql_in *in, struct cql_schema_change *s)
{
    s->change = cql_get_string(in);
    s->target = cql_get_string(in);
    s->keyspace = cql_get_string(in);
    if (s->target.len == 8 && memcmp(s->target.s, "KEYSPACE", 8) == 0)
        return;
    s->name = cql_get_string(in);
    if ((s->target.len == 8 && memcmp(s->target.s, "FUNCTION", 8) == 0) ||
        (s->target.len == 9 && memcmp(s->target.s, "AGGREGATE", 9) == 0)) {
        s->args = cql_get_u16(in);
        s->arg = skip_strings(in, s->args);
    }
}

int cql_read_result(struct cql_in *in, struct cql_result *r)
{
    memset(r, 0, sizeof *r);
    r->kind = cql_get_i32(in);
    switch (r->kind) {
    case CQL_VOID:
        break;
    case CQL_ROWS:
        read_rows(in, r);
        break;
    case CQL_SET_KEYSPACE:
        r->keyspace = cql_get_string(in);
        break;
    case CQL_PREPARED:
        r->id = cql_get_short_bytes(in);
        read_columns(in, &r->bind, &r->keys, &r->key);
        read_columns(in, &r->columns, NULL, NULL);
        break;
    case CQL_SCHEMA_CHANGE:
        read_schema_change(in, &r->schema);
        break;
    default:
        in->bad = true;
    }
    return in->bad ? -1 : 0;
}

int cql_read_event(struct cql_in *in, struct cql_event *e)
{
    memset(e, 0, sizeof *e);
    e->type = cql_get_string(in);
    if (e->type.len == 13 && memcmp(e->type.s, "SCHEMA_CHANGE", 13) == 0) {
        read_schema_change(in, &e->schema);
    } else {
        e->change = cql_get_string(in);
        e->port = cql_get_inet(in, e->address, sizeof e->address);
    }
    return in->bad ? -1 : 0;
}

static bool is(struct cql_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.s, text, s.len) == 0;
}

bool cql_supports(struct cql_in in, const char *name, const char *value)
{
    unsigned names = cql_get_u16(&in);
    for (unsigned i = 0; i < names && !in.bad; i++) {
        bool named = is(cql_get_string(&in), name);
        unsigned values = cql_get_u16(&in);
        if (named && !value)
            return !in.bad;
        for (unsigned j = 0; j < values && !in.bad; j++)
            if (is(cql_get_string(&in), value ? value : "") && named)
                return !in.bad;
    }
    return false;
}

char *cql_version_refusal(const struct cql_frame *f, char *buf, size_t size)
{
    struct cql_in in = {.p = f->body, .end = f->body + f->length};
    struct cql_error e;
    char said[161];

    if (f->opcode == CQL_ERROR && cql_read_error(&in, &e) == 0)
        snprintf(buf, size,
                 "the server refuses native protocol v4, which Cassandra 2.2 and later speak: %s",
                 secret_said(said, sizeof said, e.message.s, e.message.len));
    else
        snprintf(buf, size,
                 "the server answers in native protocol v%u; v4 is needed, which "
                 "Cassandra 2.2 and later speak",
                 f->version);
    return buf;
}
