/* Requests on a blocking link (common/link.h): to query a cluster, create tables, prepare
 * statements for their parameters, receive events, and clean up; never for load.
 *
 * One request is outstanding at a time, on stream 0. Events come in between and go to their own
 * callback. */
#include "backends/cassandra/session.h"

#include "backends/cassandra/stmt.h"
#include "backends/common/tls_scheme.h"
#include "backends/cassandra/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE 1000
#define COLUMNS_MAX 64

static int lost(struct cass_session *s, const char *why)
{
    return err_set(s->err, ERR_UNREACHED, "%s: %s", s->place, why);
}

static int on_frame(void *ctx, const struct cql_frame *f)
{
    struct cass_session *s = ctx;
    struct cql_body b;
    struct cql_event e;

    if (f->version != 4 || (f->opcode == CQL_ERROR && !s->in.settled)) {
        char text[256];
        s->failed = err_set(s->err, ERR_FAILED, "%s: %s", s->shown,
                            cql_version_refusal(f, text, sizeof text));
        s->done = true;
        return 1;
    }
    if (cql_open_body(f, &b) < 0) {
        s->failed = lost(s, "an answer that is cut off");
        return 1;
    }
    if (f->opcode == CQL_EVENT) {
        if (cql_read_event(&b.in, &e) == 0 && s->event)
            s->event(s->event_ctx, &e);
        return 0;
    }
    /* a late answer, no longer expected */
    if (s->done)
        return 0;
    s->done = true;
    if (f->opcode == CQL_ERROR) {
        struct cql_error error;
        char text[256];
        if (cql_read_error(&b.in, &error) < 0) {
            s->failed = lost(s, "an error that cannot be read");
            return 1;
        }
        s->error_code = error.code;
        s->refused = true;
        cql_error_text(&error, text, sizeof text);
        secret_hide_values(text);
        s->failed = err_set(s->err, cql_error_passes(&error) ? ERR_UNREACHED : ERR_FAILED,
                            "%s: %s: %s", s->shown, cql_error_class(error.code), text);
        return 0;
    }
    s->failed = s->answer ? s->answer(s->ctx, f, &b, s->err) : 0;
    return 0;
}

/* Parses received bytes into frames. -1 and err when the connection is unusable. */
static int take(struct cass_session *s, const uint8_t *bytes, ssize_t n)
{
    if (n > 0 && cql_feed(&s->in, bytes, (size_t)n, on_frame, s) == CQL_BAD)
        return lost(s, s->in.why);
    return n < 0 ? s->err ? s->err->code : ERR_UNREACHED : 0;
}

/* Sends the request in `out` and waits for its answer, which `answer` (may be NULL) processes. */
static int ask(struct cass_session *s,
               int (*answer)(void *, const struct cql_frame *, struct cql_body *, struct err *),
               void *ctx, uint64_t deadline_ns, struct err *err)
{
    uint8_t buf[16384];
    s->answer = answer;
    s->ctx = ctx;
    s->err = err;
    s->done = s->changed = s->refused = false;
    s->failed = 0;
    s->error_code = 0;
    int code = link_send(&s->link, s->out.p, s->out.len, deadline_ns, err);
    s->out.len = s->out.sent = 0;
    while (code == 0 && !s->done && !s->failed)
        code = take(s, buf, link_receive(&s->link, buf, sizeof buf, deadline_ns, err));
    return code < 0 ? code : s->failed;
}

static int unexpected(const struct cql_frame *f, struct err *err)
{
    return err_set(err, ERR_FAILED, "%s where it is not expected", cql_opcode_name(f->opcode));
}

static int on_supported(void *ctx, const struct cql_frame *f, struct cql_body *b, struct err *err)
{
    struct cass_session *s = ctx;
    if (f->opcode != CQL_SUPPORTED)
        return unexpected(f, err);
    s->lz4 = cql_supports(b->in, "COMPRESSION", "lz4");
    /* From 4.0 on a server says which versions it speaks, such as "4/v4". */
    if (cql_supports(b->in, "PROTOCOL_VERSIONS", NULL) &&
        !cql_supports(b->in, "PROTOCOL_VERSIONS", "4/v4"))
        return err_set(err, ERR_FAILED, "%s: the server does not speak native protocol v4 any more",
                       s->shown);
    return 0;
}

static int on_started(void *ctx, const struct cql_frame *f, struct cql_body *b, struct err *err)
{
    bool *authenticate = ctx;
    (void)b;
    if (f->opcode != CQL_READY && f->opcode != CQL_AUTHENTICATE)
        return unexpected(f, err);
    *authenticate = f->opcode == CQL_AUTHENTICATE;
    return 0;
}

static int on_authenticated(void *ctx, const struct cql_frame *f, struct cql_body *b,
                            struct err *err)
{
    (void)ctx;
    (void)b;
    return f->opcode == CQL_AUTH_SUCCESS ? 0 : unexpected(f, err);
}

/* Answered before the version is agreed on, and without credentials: OPTIONS of v4. */
static const char question[] = "\4\0\0\0\5\0\0\0\0";
const struct tls_scheme cass_scheme = {.plain = "cassandra",
                                       .tls = "cassandras",
                                       .question = question,
                                       .question_len = sizeof question - 1};

void cass_startup(const char *pair[CASS_STARTUP_MAX], const char *sender, bool lz4)
{
    const char *all[CASS_STARTUP_MAX] = {"CQL_VERSION",
                                         "3.0.0",
                                         "DRIVER_NAME",
                                         "loadtop",
                                         "DRIVER_VERSION",
                                         LOADTOP_VERSION,
                                         "APPLICATION_NAME",
                                         "loadtop",
                                         "APPLICATION_VERSION",
                                         LOADTOP_VERSION,
                                         "CLIENT_ID",
                                         sender,
                                         lz4 ? "COMPRESSION" : NULL,
                                         "lz4",
                                         NULL};
    memcpy(pair, all, sizeof all);
}

static int negotiate(struct cass_session *s, const struct cass_pool *p, uint64_t deadline_ns,
                     struct err *err)
{
    const struct target *t = p->target;
    const char *pairs[CASS_STARTUP_MAX];
    bool authenticate = false;

    cass_startup(pairs, p->sender, false);
    cql_write_options(&s->out, 0);
    int code = ask(s, on_supported, s, deadline_ns, err);
    if (code < 0)
        return code;
    cql_write_startup(&s->out, 0, pairs);
    code = ask(s, on_started, &authenticate, deadline_ns, err);
    if (code < 0 || !authenticate)
        return code;
    if (!t->user[0])
        return err_set(err, ERR_FAILED,
                       "%s: auth: the server wants a user and a password (user:password@host)",
                       s->shown);
    cql_write_auth_plain(&s->out, 0, t->user, t->password);
    code = ask(s, on_authenticated, NULL, deadline_ns, err);
    explicit_bzero(s->out.p, s->out.room);
    return code;
}

/* What is needed to try one address of the host. */
struct opening {
    struct cass_session *session;
    const struct cass_pool *p;
    struct link_setup setup;
};

static int open_at(void *ctx, const struct address *a, uint64_t deadline_ns, struct err *err)
{
    const struct opening *o = ctx;
    struct cass_session *s = o->session;
    s->err = err;
    int code = link_open(&s->link, &o->setup, a, deadline_ns, err);
    if (code == 0)
        code = negotiate(s, o->p, deadline_ns, err);
    if (code < 0)
        cass_session_close(s);
    return code;
}

int cass_session_open(struct cass_session *s, const struct cass_pool *p, const struct pool *pool,
                      struct cass_host *h, uint64_t deadline_ns, struct err *err)
{
    struct opening o = {.session = s,
                        .p = p,
                        .setup = {.pool = pool,
                                  .host = h->at.host,
                                  .tls = p->tls,
                                  .scheme = &cass_scheme,
                                  .shown = s->place}};
    memset(s, 0, sizeof *s);
    s->link = (struct link)LINK_NONE;
    copy_str(s->host, sizeof s->host, h->shown);
    snprintf(s->place, sizeof s->place, "%s: %s", p->target->shown, s->host);
    s->shown = s->place; /* addresses_try takes the prefix off */
    int code = addresses_try(&h->at, pool, s->place, deadline_ns, open_at, &o, err);
    s->shown = p->target->shown;
    return code;
}

void cass_session_close(struct cass_session *s)
{
    link_close(&s->link);
    cql_reader_free(&s->in);
    cql_writer_free(&s->out);
    free((void *)(uintptr_t)s->next_page.s);
    s->next_page = (struct cql_str){0};
}

struct rows {
    struct cass_session *session;
    cass_row_fn row;
    void *ctx;
};

static int keep_page(struct cass_session *s, struct cql_str state, struct err *err)
{
    char *copy = malloc(state.len + 1);
    if (!copy)
        return err_set(err, ERR_FAILED, "%s: out of memory", s->shown);
    memcpy(copy, state.s, state.len);
    free((void *)(uintptr_t)s->next_page.s);
    s->next_page.s = copy;
    s->next_page.len = state.len;
    return 0;
}

static int on_rows(void *ctx, const struct cql_frame *f, struct cql_body *b, struct err *err)
{
    struct rows *r = ctx;
    struct cql_result result;
    struct cql_str value[COLUMNS_MAX] = {0}; /* a row may have fewer than were asked for */

    r->session->next_page.len = 0;
    if (f->opcode != CQL_RESULT)
        return unexpected(f, err);
    if (cql_read_result(&b->in, &result) < 0)
        return err_set(err, ERR_FAILED, "%s: an answer that cannot be read", r->session->shown);
    r->session->changed = result.kind == CQL_SCHEMA_CHANGE;
    if (result.kind != CQL_ROWS)
        return 0;
    for (int32_t i = 0; i < result.rows; i++) {
        for (uint32_t c = 0; c < result.columns.count; c++) {
            struct cql_str v;
            bool set = cql_get_bytes(&result.content, &v);
            if (c < COLUMNS_MAX)
                value[c] = set ? v : (struct cql_str){NULL, 0};
        }
        if (r->row)
            r->row(r->ctx, value,
                   result.columns.count < COLUMNS_MAX ? result.columns.count : COLUMNS_MAX);
    }
    return result.columns.more ? keep_page(r->session, result.columns.paging_state, err) : 0;
}

int cass_session_query(struct cass_session *s, const char *cql, cass_row_fn row, void *ctx,
                       uint64_t deadline_ns, struct err *err)
{
    struct rows rows = {.session = s, .row = row, .ctx = ctx};
    s->next_page.len = 0;
    do {
        struct cql_params q = {
            .consistency = CQL_ONE, .page_size = PAGE, .paging_state = s->next_page};
        if (cql_write_query(&s->out, 0, cql, strlen(cql), &q) < 0)
            return err_set(err, ERR_FAILED, "%s: out of memory", s->shown);
        int code = ask(s, on_rows, &rows, deadline_ns, err);
        if (code < 0)
            return code;
    } while (s->next_page.len);
    return 0;
}

struct cluster_name {
    char *buf;
    size_t size;
    bool there, whole;
};

static void on_cluster(void *ctx, const struct cql_str *v, unsigned values)
{
    struct cluster_name *n = ctx;
    if (!values)
        return;
    n->there = true;
    n->whole = v[0].len < n->size && (!v[0].len || !memchr(v[0].s, '\0', v[0].len));
    if (n->whole)
        snprintf(n->buf, n->size, "%.*s", (int)v[0].len, v[0].len ? v[0].s : "");
}

int cass_session_cluster(struct cass_session *s, char *buf, size_t size, uint64_t deadline_ns,
                         struct err *err)
{
    struct cluster_name name = {.buf = buf, .size = size};
    buf[0] = '\0';
    int code = cass_session_query(s, "SELECT cluster_name FROM system.local", on_cluster, &name,
                                  deadline_ns, err);
    if (code == ERR_FAILED && s->refused)
        return 0;
    if (code == 0 && name.there && !name.whole)
        code = err_set(err, ERR_REFUSED,
                       "%s: its cluster's name is longer than %zu bytes or no text: whether "
                       "targets.conf denies it cannot be said",
                       s->shown, size - 1);
    return code;
}

static int on_prepared(void *ctx, const struct cql_frame *f, struct cql_body *b, struct err *err)
{
    struct cass_statement_info *st = ctx;
    struct cql_result r;
    struct cql_column col;

    if (f->opcode != CQL_RESULT || cql_read_result(&b->in, &r) < 0 || r.kind != CQL_PREPARED)
        return unexpected(f, err);
    if (r.bind.count > CASS_PARAMS_MAX)
        return err_set(err, ERR_FAILED,
                       "a statement with %u parameters, at most %d are possible: %s", r.bind.count,
                       CASS_PARAMS_MAX, st->text);
    st->params = 0;
    while (cql_next_column(&r.bind, &col))
        st->param[st->params++].type = col.type.id;
    st->keys = 0;
    for (uint32_t i = 0; i < r.keys; i++) {
        uint16_t place = cql_get_u16(&r.key);
        if (place >= st->params || st->keys == CASS_KEYS_MAX ||
            !cass_key_type(st->param[place].type)) {
            st->keys = 0; /* not routed by its key: any node will do */
            break;
        }
        st->key[st->keys++] = (uint8_t)place;
        st->param[place].key = true;
    }
    return 0;
}

int cass_session_prepare(struct cass_session *s, struct cass_statement_info *st,
                         uint64_t deadline_ns, struct err *err)
{
    if (cql_write_prepare(&s->out, 0, st->text, st->len) < 0)
        return err_set(err, ERR_FAILED, "%s: out of memory", s->shown);
    return ask(s, on_prepared, st, deadline_ns, err);
}

int cass_session_register(struct cass_session *s, void (*event)(void *, const struct cql_event *),
                          void *ctx, uint64_t deadline_ns, struct err *err)
{
    static const char *const events[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE", NULL};
    s->event = event;
    s->event_ctx = ctx;
    cql_write_register(&s->out, 0, events);
    return ask(s, NULL, NULL, deadline_ns, err);
}

int cass_session_poll(struct cass_session *s)
{
    uint8_t buf[16384];
    ssize_t n;
    s->err = NULL;
    s->done = true;
    s->failed = 0;
    for (unsigned i = 0; i < 64 && (n = link_poll(&s->link, buf, sizeof buf, NULL)) != 0; i++)
        if (take(s, buf, n) < 0 || s->failed)
            return -1;
    return 0;
}
