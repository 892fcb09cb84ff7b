/* Parses statements with placeholders, and encodes their requests.
 *
 * Parsing replaces each placeholder by `?` and records its generator; the result is stored as JSON,
 * so that encoding is one copy and a switch for each argument. Parsed at check() and pool_open;
 * encoded by fill() on a worker's thread, where nothing is allocated. */
#include "backends/crate_sql/stmt.h"

#include "backends/crate_sql/record.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/stats/generate.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind {
    ARG_KEY,
    ARG_OLDEST,
    ARG_NEW,
    ARG_SEQ,
    ARG_NOW,
    ARG_AGO,
    ARG_INT,
    ARG_REAL,
    ARG_TEXT,
    ARG_CHOICE,
    ARG_FIELD /* + enum crate_field */
};

static const char *const names[] = {"key",    "oldest",   "new",     "seq",     "now",
                                    "ago",    "int",      "real",    "text",    "choice",
                                    "region", "category", "event",   "user_id", "segment",
                                    "amount", "quantity", "session", NULL};

#define TEXT_MAX 32000 /* CrateDB indexes at most 32,766 bytes of a text */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

void crate_json_string(struct text *t, const char *s, size_t len)
{
    text_put(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            text_add(t, "\\%c", c);
        else if (c < 0x20)
            text_add(t, "\\u%04x", c);
        else
            text_put(t, s + i, 1);
    }
    text_put(t, "\"", 1);
}

/* ---- parsing ---- */

/* The length of the quoted string or comment at s, or 0. */
static size_t skip_quoted(const char *s, size_t len)
{
    size_t i = 1;
    if (s[0] == '\'' || s[0] == '"') {
        /* A doubled quote ends this string and begins the next one at once, with the same
         * result. */
        while (i < len && s[i] != s[0])
            i++;
        return i < len ? i + 1 : len;
    }
    if (len > 1 && s[0] == '-' && s[1] == '-') {
        while (i < len && s[i] != '\n')
            i++;
        return i;
    }
    if (len > 1 && s[0] == '/' && s[1] == '*') {
        for (i = 2; i < len; i++)
            if (s[i] == '/' && s[i - 1] == '*' && i > 2)
                return i + 1;
        return len;
    }
    return 0;
}

/* Parses "LOW-HIGH"; a leading minus belongs to LOW. */
static int parse_range(const char *s, double *low, double *high)
{
    char first[64];
    const char *dash = s[0] ? strchr(s + 1, '-') : NULL;
    if (!dash || (size_t)(dash - s) >= sizeof first)
        return -1;
    memcpy(first, s, (size_t)(dash - s));
    first[dash - s] = '\0';
    if (parse_real(first, low) || parse_real(dash + 1, high) || *low > *high)
        return -1;
    return fabs(*low) < 9e15 && fabs(*high) < 9e15 ? 0 : -1;
}

static int parse_words(struct crate_arg *a, const char *s)
{
    struct text t = {0};
    const char *end;
    do {
        end = s + strcspn(s, "|");
        crate_json_string(&t, s, (size_t)(end - s));
        text_put(&t, "", 1);
        a->n_words++;
        s = end + 1;
    } while (*end);
    a->words = t.s;
    return t.cut ? -1 : 0;
}

static int parse_detail(struct crate_arg *a, const char *detail)
{
    uint64_t n;
    switch (a->kind) {
    case ARG_INT:
    case ARG_REAL:
        return parse_range(detail, &a->low, &a->high);
    case ARG_TEXT:
        if (parse_count(detail, &n) || n > TEXT_MAX)
            return -1;
        a->low = (double)n;
        return 0;
    case ARG_AGO:
        if (parse_duration(detail, &n))
            return -1;
        a->low = (double)n / 1e6; /* ms */
        return 0;
    case ARG_CHOICE:
        return *detail ? parse_words(a, detail) : -1;
    default:
        return *detail ? -1 : 0;
    }
}

/* `{name}` or `{name:detail}` at s: its length, or 0 if it is something else. */
static size_t placeholder(const char *s, size_t len, char *name, size_t name_size, char *detail,
                          size_t detail_size)
{
    size_t i = 1, n = 0;
    while (i < len && (isalnum((unsigned char)s[i]) || s[i] == '_') && n < name_size - 1)
        name[n++] = s[i++];
    name[n] = detail[0] = '\0';
    if (n == 0 || i >= len || (s[i] != '}' && s[i] != ':'))
        return 0;
    if (s[i] == '}')
        return i + 1;
    for (n = 0, i++; i < len && s[i] != '}' && s[i] != '\n' && n < detail_size - 1; i++)
        detail[n++] = s[i];
    detail[n] = '\0';
    return i < len && s[i] == '}' ? i + 1 : 0;
}

static int add_arg(struct crate_stmt *st, const char *name, const char *detail, struct err *err)
{
    unsigned k = 0;
    while (names[k] && strcmp(names[k], name) != 0)
        k++;
    if (!names[k]) {
        const char *near = nearest_name(name, names);
        return err_set(err, ERR_USAGE, "stmt: unknown placeholder {%s}%s%s%s; there are %s", name,
                       near ? ", did you mean {" : "", near ? near : "", near ? "}" : "",
                       CRATE_STMT_HELP);
    }
    if (st->args == CRATE_ARGS_MAX)
        return err_set(err, ERR_USAGE, "stmt: more than %d placeholders", CRATE_ARGS_MAX);
    struct crate_arg *a = &st->arg[st->args++];
    a->kind = (uint8_t)k;
    if (parse_detail(a, detail))
        return err_set(err, ERR_USAGE, "stmt: {%s:%s} is wrong; allowed are %s", name, detail,
                       CRATE_STMT_HELP);
    return 0;
}

static size_t arg_max(const struct crate_arg *a)
{
    size_t longest = 0;
    const char *word = a->words;
    switch (a->kind) {
    case ARG_KEY:
    case ARG_OLDEST:
        return CRATE_KEY_JSON_MAX;
    case ARG_TEXT:
        return (size_t)a->low + 2;
    case ARG_CHOICE:
        for (unsigned i = 0; i < a->n_words; i++, word += strlen(word) + 1)
            if (strlen(word) > longest)
                longest = strlen(word);
        return longest;
    default:
        return 64;
    }
}

/* Skips comments, white space and brackets at s+i. */
static size_t skip_to_word(const char *s, size_t len, size_t i)
{
    while (i < len) {
        size_t skip = s[i] == '-' || s[i] == '/' ? skip_quoted(s + i, len - i) : 0;
        if (!skip && !isspace((unsigned char)s[i]) && s[i] != '(')
            break;
        i += skip ? skip : 1;
    }
    return i;
}

/* The length of the word at s+i if it is one of `words` (NULL-terminated), else 0. */
static size_t word_at(const char *s, size_t len, size_t i, const char *const *words)
{
    size_t n = 0;
    while (i + n < len && (isalnum((unsigned char)s[i + n]) || s[i + n] == '_'))
        n++;
    for (; *words; words++)
        if (n == strlen(*words) && i + n < len && strncasecmp(s + i, *words, n) == 0)
            return n;
    return 0;
}

/* Is the statement certainly read-only? EXPLAIN ANALYZE executes its statement, so that must be a
 * query too. CrateDB, unlike this parser, also ends a comment at a carriage return, so statements
 * with one are not accepted as read-only. */
static bool reads_only(const char *sql, size_t len)
{
    static const char *const queries[] = {"select", "with", "values", NULL};
    static const char *const explain[] = {"explain", NULL}, *const show[] = {"show", NULL};
    static const char *const how[] = {"analyze", "verbose", NULL};
    size_t i = skip_to_word(sql, len, 0);
    for (size_t k = 0; k < len; k++)
        if (sql[k] == '\r' && !(k + 1 < len && sql[k + 1] == '\n'))
            return false;
    size_t explains = word_at(sql, len, i, explain);
    if (explains) {
        i = skip_to_word(sql, len, i + explains);
        i = skip_to_word(sql, len, i + word_at(sql, len, i, how));
    }
    return word_at(sql, len, i, queries) || (!explains && word_at(sql, len, i, show));
}

int crate_stmt_parse(struct crate_stmt *st, const char *sql, size_t len, struct err *err)
{
    struct text plain = {0}, json = {0};
    int result = 0;
    *st = (struct crate_stmt){.reads = reads_only(sql, len)};
    for (size_t i = 0; i < len && result == 0;) {
        char name[32], detail[1024];
        size_t quoted = skip_quoted(sql + i, len - i);
        size_t n = sql[i] == '{'
                       ? placeholder(sql + i, len - i, name, sizeof name, detail, sizeof detail)
                       : 0;
        if (n) {
            result = add_arg(st, name, detail, err);
            text_put(&plain, "?", 1);
            i += n;
        } else if (sql[i] == '?') {
            result = err_set(err, ERR_USAGE, "stmt: write {generator} in place of ?; there are %s",
                             CRATE_STMT_HELP);
        } else {
            text_put(&plain, sql + i, quoted ? quoted : 1);
            i += quoted ? quoted : 1;
        }
    }
    text_put(&json, "{\"stmt\":", 8);
    crate_json_string(&json, text_str(&plain), plain.len);
    text_add(&json, ",\"args\":[");
    if (result == 0 && (plain.cut || json.cut))
        result = err_set(err, ERR_FAILED, "stmt: too long, or out of memory");
    text_free(&plain);
    st->head = json.s;
    st->head_len = json.len;
    st->max = json.len + 4;
    /* 64: how many bytes the encoders may overwrite */
    for (unsigned i = 0; i < st->args && result == 0; i++)
        st->max += arg_max(&st->arg[i]) + 64 + 1;
    return result;
}

void crate_stmt_fini(struct crate_stmt *st)
{
    for (unsigned i = 0; i < st->args; i++)
        free(st->arg[i].words);
    free(st->head);
    *st = (struct crate_stmt){0};
}

static bool blank(const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t skip = s[i] == '-' || s[i] == '/' ? skip_quoted(s + i, len - i) : 0;
        if (!skip && !isspace((unsigned char)s[i]))
            return false;
        i += skip ? skip : 1;
    }
    return true;
}

int crate_stmts_parse(struct crate_stmt *stmt, unsigned *n, const char *sql, struct err *err)
{
    *n = 0;
    for (const char *end; *sql; sql = *end ? end + 1 : end) {
        size_t left = strlen(sql), i = 0;
        while (i < left && sql[i] != ';') {
            size_t skip = skip_quoted(sql + i, left - i);
            i += skip ? skip : 1;
        }
        end = sql + i;
        if (blank(sql, i))
            continue;
        if (*n == CRATE_STMTS_MAX)
            return err_set(err, ERR_USAGE, "stmt: more than %d statements", CRATE_STMTS_MAX);
        int result = crate_stmt_parse(&stmt[(*n)++], sql, i, err);
        if (result < 0)
            return result;
    }
    return *n ? 0 : err_set(err, ERR_USAGE, "stmt: no statement in it");
}

bool crate_stmt_needs(const struct crate_stmt *st, bool *fresh, bool *key, bool *oldest)
{
    *fresh = *key = *oldest = false;
    for (unsigned i = 0; i < st->args; i++) {
        *fresh |= st->arg[i].kind == ARG_NEW || st->arg[i].kind == ARG_SEQ;
        *key |= st->arg[i].kind == ARG_KEY;
        *oldest |= st->arg[i].kind == ARG_OLDEST;
    }
    return *fresh || *key || *oldest;
}

/* ---- encoding ---- */

static char *put(char *at, const char *s, size_t len)
{
    memcpy(at, s, len);
    return at + len;
}

static char *put_random_text(char *at, size_t len, uint64_t random)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789";
    *at++ = '"';
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            random = mix64(random + GOLDEN);
        *at++ = letters[random >> (i % 8 * 8) & 63];
    }
    *at++ = '"';
    return at;
}

static char *put_word(char *at, const struct crate_arg *a, uint64_t random)
{
    const char *w = a->words;
    for (uint64_t i = rng_below(random, a->n_words); i > 0; i--)
        w += strlen(w) + 1;
    return put(at, w, strlen(w));
}

static char *put_arg(char *at, const struct crate_arg *a, struct crate_draw *d)
{
    uint64_t random = d->random = mix64(d->random + GOLDEN);
    switch (a->kind) {
    case ARG_KEY:
        return put(at, d->key, d->key_len);
    case ARG_OLDEST:
        return put(at, d->oldest, d->oldest_len);
    case ARG_NEW:
        *at = '"';
        crate_key_put(d->records, at + 1, d->new_seq);
        at[1 + CRATE_KEY_LEN] = '"';
        return at + CRATE_KEY_LEN + 2;
    case ARG_SEQ:
        return crate_decimal_put(at, (int64_t)d->new_seq);
    case ARG_NOW:
        return crate_decimal_put(at, d->now_ms);
    case ARG_AGO:
        return crate_decimal_put(at, d->now_ms - (int64_t)a->low);
    case ARG_INT:
        return crate_decimal_put(
            at, (int64_t)a->low + (int64_t)rng_below(random, (uint64_t)(a->high - a->low) + 1));
    case ARG_REAL:
        return at + text_append(at, 64, 0, "%.6f", a->low + (a->high - a->low) * rng_unit(random));
    case ARG_TEXT:
        return put_random_text(at, (size_t)a->low, random);
    case ARG_CHOICE:
        return put_word(at, a, random);
    default:
        return crate_field_put((enum crate_field)(a->kind - ARG_FIELD), at, random);
    }
}

char *crate_stmt_put(const struct crate_stmt *st, char *at, struct crate_draw *d)
{
    at = put(at, st->head, st->head_len);
    for (unsigned i = 0; i < st->args; i++) {
        if (i)
            *at++ = ',';
        at = put_arg(at, &st->arg[i], d);
    }
    return put(at, "]}", 2);
}
