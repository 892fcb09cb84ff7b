/* The user's statements, from the option or from a file, split at semicolons.
 *
 * A semicolon inside quotes, a comment, or a BEGIN BATCH ... APPLY BATCH does not end a statement;
 * comments are left out. Pure except for reading the file; called by the pool's thread when it
 * opens. */
#include "backends/cassandra/user_stmts.h"

#include "backends/cassandra/types.h"
#include "engine/base/text.h"
#include "engine/os/plain_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define FILE_MAX ((size_t)256 << 10)

/* How many bytes of s are a comment: 0 if none begins here. */
static size_t comment(const char *s)
{
    const char *end = NULL;
    if ((s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '/'))
        end = strchr(s, '\n');
    else if (s[0] == '/' && s[1] == '*')
        end = strstr(s + 2, "*/");
    else
        return 0;
    return end ? (size_t)(end - s) + (*end == '*' ? 2 : 0) : strlen(s);
}

/* How many bytes of s are a quoted string: 0 if no quote begins here. A doubled quote is treated as
 * the end of one string and the start of another, with the same result. */
static size_t quoted(const char *s)
{
    if (*s != '\'' && *s != '"')
        return 0;
    const char *end = strchr(s + 1, *s);
    return end ? (size_t)(end - s) + 1 : strlen(s);
}

static bool begins(const char *s, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(s, word, n) == 0 && strchr(" \t\r\n", s[n]);
}

const char *cass_next_statement(const char *s, struct text *one)
{
    size_t piece = 0; /* where the text after the last semicolon begins */
    text_clear(one);
    for (;;) {
        size_t n;
        if ((n = comment(s)) > 0) {
            s += n;
            continue;
        }
        if (*s == '\0' || *s == ';') {
            bool open = *s && begins(text_str(one), "begin") &&
                        !(piece && begins(text_str(one) + piece, "apply"));
            s += *s == ';';
            if (open) {
                text_add(one, "; ");
                piece = one->len;
                continue;
            }
            if (one->len || *s == '\0')
                break;
            continue; /* nothing between two semicolons */
        }
        n = quoted(s);
        n = n ? n : 1;
        if (n > 1 || !strchr(" \t\r\n", *s))
            text_add(one, "%.*s", (int)n, s);
        else if (one->len > piece && text_str(one)[one->len - 1] != ' ')
            text_add(one, " ");
        s += n;
    }
    return one->len ? s : NULL;
}

static int take(struct cass_pool *p, const struct pool *pool, const struct text *one,
                struct err *err)
{
    if (p->user_stmts == CASS_USER_STMTS_MAX)
        return err_set(err, ERR_USAGE, "%s: stmt: more than %d statements", p->target->shown,
                       CASS_USER_STMTS_MAX);
    bool reads = begins(text_str(one), "select");
    if (!reads && !pool_allow_destructive(pool))
        return err_set(err, ERR_REFUSED,
                       "%s: stmt= may write (%.40s); --allow-destructive says that it is meant",
                       p->target->shown, text_str(one));
    struct cass_statement_info *st = &p->statement[ST_STMT + p->user_stmts];
    *st = (struct cass_statement_info){
        .text = strdup(text_str(one)), .len = one->len, .reads = reads};
    if (!st->text)
        return err_set(err, ERR_FAILED, "%s: out of memory", p->target->shown);
    p->user_stmts++;
    return 0;
}

int cass_user_statements(struct cass_pool *p, const struct pool *pool, struct err *err)
{
    const char *cql = option_str(pool_options(pool), CASS_STMT);
    const char *path = option_str(pool_options(pool), CASS_STMT_FILE);
    struct text file = {0}, one = {0};
    int code = 0;

    p->user_stmts = 0;
    if (cql[0] && path[0])
        return err_set(err, ERR_USAGE, "stmt and stmt-file: give one of them");
    if (path[0]) {
        char what[160];
        snprintf(what, sizeof what, "stmt-file=%.140s", path);
        code = plain_file_read(path, false, FILE_MAX, what, &file, err);
        cql = text_str(&file);
    }
    while (code == 0 && (cql = cass_next_statement(cql, &one)))
        code = take(p, pool, &one, err);
    text_free(&file);
    text_free(&one);
    return code;
}
