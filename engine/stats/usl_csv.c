/* Reads the points of a scaling curve from other tools' files: usl_read_csv of usl.h.
 *
 * The first non-empty line decides: its separator (semicolon, tab, comma, else blanks) and whether
 * it is a header, which it is when neither its first nor its last field is a number. Without a
 * header there are two columns, N and throughput, unless the comment before them is one; a header
 * names them, because a guess between `time,n,throughput` and `n,throughput,time` would give a
 * curve of something else. Our own CSV of plateaus is read this
 * way, lines whose column `valid` says no are left out, and two pools in it are refused. Every
 * other line must be whole: one that is not is refused with its number rather than skipped.
 *
 * The lines are gone through twice: first to see which mark is the decimal one, because a number
 * alone may not say it (1,234), then to read them. Called by `loadtop fit`. */
#include "engine/stats/usl_csv.h"

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/stats/csv_columns.h"
#include "engine/stats/csv_number.h"
#include "engine/stats/csv_units.h"
#include "engine/stats/usl.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 64
#define LINES_MAX 10000000

#define NAMES_SHOWN 4 /* of the known names of a column, in a refusal */

struct csv {
    char separator;      /* ' ' means any run of blanks */
    char told_separator; /* by a line `sep=;`; 0: by none */
    bool begun;
    struct csv_field comment;         /* the last one before the first values */
    size_t comment_line, header_line; /* 0: there is none */
    struct usl_column head_n, head_x;
    /* indices of the columns with these contents; -1: there is none */
    int n, x, valid, pool, columns;
    size_t line;
    struct csv_field first_pool;
    enum decimal_mark mark; /* as far as the lines so far show it */
    /* the first number that showed it, and the first that could be read with either mark; its line
     * is 0 while there is none */
    struct seen {
        struct csv_field field;
        const char *what;
        size_t line;
    } shown, either;
    struct usl_point *point;
    size_t points, room;
    struct err *err;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct csv_field trimmed(const char *s, size_t len)
{
    while (len && blank(*s)) {
        s++;
        len--;
    }
    while (len && blank(s[len - 1]))
        len--;
    if (len >= 2 && (*s == '"' || *s == '\'') && s[len - 1] == *s) {
        s++;
        len -= 2;
    }
    return (struct csv_field){s, len};
}

/* The end of a quoted field that begins at s; s itself when it is not quoted. */
static const char *past_quotes(const struct csv *c, const char *s, const char *end)
{
    const char *at = s;
    while (at < end && blank(*at) && *at != c->separator && c->separator != ' ')
        at++;
    if (at == end || *at != '"')
        return s;
    for (at++; at < end; at++)
        if (*at == '"' && (at + 1 == end || at[1] != '"'))
            return at + 1;
        else if (*at == '"')
            at++;
    return end;
}

static unsigned split(const struct csv *c, struct csv_field line,
                      struct csv_field field[COLUMNS_MAX])
{
    const char *at = line.s, *end = line.s + line.len;
    unsigned n = 0;
    while (at <= end && n < COLUMNS_MAX) {
        const char *stop = past_quotes(c, at, end);
        while (stop < end && (c->separator == ' ' ? !blank(*stop) : *stop != c->separator))
            stop++;
        field[n++] = trimmed(at, (size_t)(stop - at));
        at = stop + 1;
        while (c->separator == ' ' && at < end && blank(*at))
            at++;
    }
    return n;
}

static bool is_number(struct csv_field f)
{
    double v;
    return csv_number(f.s, f.len, MARK_POINT, &v) || csv_number(f.s, f.len, MARK_COMMA, &v);
}

static char separator_of(struct csv_field line)
{
    static const char known[] = {';', '\t', ','};
    for (unsigned i = 0; i < sizeof known; i++)
        if (memchr(line.s, known[i], line.len))
            return known[i];
    return ' ';
}

static int refuse_columns(struct csv *c, unsigned columns)
{
    if (columns < 2)
        return err_set(c->err, ERR_USAGE, "line %zu: one column: each line is N, throughput",
                       c->line);
    return err_set(c->err, ERR_USAGE,
                   "line %zu: %u columns: which are N and throughput? Name them in a header, such "
                   "as n,throughput",
                   c->line, columns);
}

/* Adds 'name', 'name' of a header's columns. */
static void add_heads(struct text *t, const struct csv_field *head, unsigned columns)
{
    for (unsigned i = 0; i < columns && i < NAMES_SHOWN; i++)
        text_add(t, "%s'%.*s'", i ? ", " : "", head[i].len > 16 ? 16 : (int)head[i].len, head[i].s);
    if (columns > NAMES_SHOWN)
        text_add(t, " ...");
}

static int refuse_header(struct csv *c, const struct csv_field *head, unsigned columns,
                         enum csv_column missing)
{
    struct text heads = {.limit = 90}, known = {.limit = 60};
    add_heads(&heads, head, columns);
    csv_add_names(&known, missing, NAMES_SHOWN);
    err_set(c->err, ERR_USAGE,
            "line %zu: no column of %s among %s: name it %s ... (loadtop help fit has all names)",
            c->line, missing == CSV_N ? "N" : "throughput", text_str(&heads), text_str(&known));
    text_free(&heads);
    text_free(&known);
    return ERR_USAGE;
}

/* Keeps the name of a column for the reader. */
static void keep_name(struct usl_column *c, struct csv_field f, enum csv_column column)
{
    copy_part(c->name, sizeof c->name, f.s, f.len);
    c->known = csv_find_column(&f, 1, column) == 0;
}

static void find_columns(struct csv *c, const struct csv_field *f, unsigned columns)
{
    c->n = csv_find_column(f, columns, CSV_N);
    c->x = csv_find_column(f, columns, CSV_THROUGHPUT);
    c->valid = csv_find_column(f, columns, CSV_VALID);
    c->pool = csv_find_column(f, columns, CSV_POOL);
}

/* Could a column of this name be N, or throughput, because the other one is known? */
static bool may_be(struct csv_field f, enum csv_column known)
{
    return csv_find_column(&f, 1, known) < 0 && !csv_is_other(f);
}

static int refuse_unit(struct csv *c, size_t line, struct csv_field f, const char *what,
                       const char *write)
{
    return err_set(c->err, ERR_USAGE, "line %zu: %s is '%.*s': which unit is that? Write it %s",
                   line, what, f.len > 40 ? 40 : (int)f.len, f.s, write);
}

static int take_header(struct csv *c, const struct csv_field *f, size_t line)
{
    keep_name(&c->head_n, f[c->n], CSV_N);
    keep_name(&c->head_x, f[c->x], CSV_THROUGHPUT);
    c->head_x.factor = csv_unit_factor(f[c->x]);
    if (c->head_x.factor == 0)
        return refuse_unit(c, line, f[c->x], "throughput", "as operations per second");
    if (csv_unit_factor(f[c->n]) != 1)
        return refuse_unit(c, line, f[c->n], "N", "in ones");
    return 0;
}

/* Finds the columns by their names. Of two, one name that is known says which the other is. */
static int read_header(struct csv *c, const struct csv_field *f, unsigned columns)
{
    find_columns(c, f, columns);
    if (columns == 2 && c->n >= 0 && c->x < 0 && may_be(f[1 - c->n], CSV_N))
        c->x = 1 - c->n;
    if (columns == 2 && c->x >= 0 && c->n < 0 && may_be(f[1 - c->x], CSV_THROUGHPUT))
        c->n = 1 - c->x;
    if (c->n < 0 || c->x < 0)
        return refuse_header(c, f, columns, c->n < 0 ? CSV_N : CSV_THROUGHPUT);
    return take_header(c, f, c->line);
}

/* gnuplot and numpy want the header to be a comment: one that has as many columns as the values, and
 * names N and throughput, is it. Of two columns, a name that is known and stands where the other is
 * expected may be a header or a sentence: refused. Sets whether it is the header. */
static int read_comment(struct csv *c, unsigned columns, bool *is_header)
{
    struct csv_field f[COLUMNS_MAX] = {0};
    struct csv as = {.separator = c->separator};
    *is_header = false;
    if (!c->comment.len)
        return 0;
    if (split(&as, c->comment, f) != columns) {
        as.separator = separator_of(c->comment);
        if (split(&as, c->comment, f) != columns)
            return 0;
    }
    find_columns(&as, f, columns);
    *is_header = as.n >= 0 && as.x >= 0;
    bool swapped = columns == 2 && as.separator == c->separator && (as.n == 1 || as.x == 0);
    if (!*is_header && swapped)
        return err_set(c->err, ERR_USAGE,
                       "line %zu: is this comment the header? '%.*s' would be %s then: name both "
                       "columns, or none",
                       c->comment_line, f[as.n == 1].len > 40 ? 40 : (int)f[as.n == 1].len,
                       f[as.n == 1].s, as.n == 1 ? "N" : "throughput");
    if (!*is_header)
        return 0;
    c->n = as.n;
    c->x = as.x;
    c->valid = as.valid;
    c->pool = as.pool;
    return take_header(c, f, c->comment_line);
}

/* Parses the first line that is neither empty nor a comment. Returns 1 if it is a header, 0 if it
 * has values. */
static int begin(struct csv *c, struct csv_field line)
{
    struct csv_field f[COLUMNS_MAX] = {0};
    bool named = false;
    c->begun = true;
    c->separator = c->told_separator ? c->told_separator : separator_of(line);
    unsigned columns = split(c, line, f);
    c->columns = (int)columns;
    c->n = 0;
    c->x = 1;
    c->valid = c->pool = -1;
    c->head_n.factor = c->head_x.factor = 1;
    bool header = !is_number(f[0]) && !is_number(f[columns - 1]);
    if (columns < 2)
        return refuse_columns(c, columns);
    if (header)
        return read_header(c, f, columns) < 0 ? ERR_USAGE : 1;
    if (read_comment(c, columns, &named) < 0)
        return ERR_USAGE;
    return columns > 2 && !named ? refuse_columns(c, columns) : 0;
}

static bool left_out(const struct csv *c, const struct csv_field *f)
{
    return c->valid >= 0 && f[c->valid].len && strchr("nNfF0", f[c->valid].s[0]);
}

static int refuse_value(struct csv *c, const char *what, struct csv_field f, const char *why)
{
    return err_set(c->err, ERR_USAGE, "line %zu: %s is '%.*s': %s", c->line, what,
                   f.len > 40 ? 40 : (int)f.len, f.s, why);
}

/* ---- Which mark is the decimal one ---- */

static int refuse_marks(struct csv *c, const struct seen *now)
{
    return err_set(c->err, ERR_USAGE,
                   "line %zu: %s is '%.*s', but line %zu has '%.*s': is the comma or the point the "
                   "decimal mark?",
                   now->line, now->what, (int)now->field.len, now->field.s, c->shown.line,
                   (int)c->shown.field.len, c->shown.field.s);
}

/* 1,234: both readings, each as it could be written so that it is clear. */
static int refuse_either(struct csv *c)
{
    const struct seen *e = &c->either;
    size_t whole = 0;
    assert(e->field.s); /* a number of the file */
    while (e->field.s[whole] != ',' && e->field.s[whole] != '.')
        whole++;
    const char *rest = e->field.s + whole + 1;
    int a = (int)whole, b = (int)(e->field.len - whole - 1);
    return err_set(c->err, ERR_USAGE,
                   "line %zu: %s is '%.*s': that is %.*s%.*s or %.*s.%.*s: write %.*s%.*s, or "
                   "%.*s.%.*s0, which can be read in one way only",
                   e->line, e->what, (int)e->field.len, e->field.s, a, e->field.s, b, rest, a,
                   e->field.s, b, rest, a, e->field.s, b, rest, a, e->field.s, b, rest);
}

/* Programs that write blanks or commas between columns write a point before decimals (awk, gnuplot);
 * what has semicolons or tabs may come from a spreadsheet in any language. */
static bool may_be_thousands(const struct csv *c, struct csv_field f)
{
    return c->separator == ';' || c->separator == '\t' || memchr(f.s, ',', f.len);
}

static int weigh_number(struct csv *c, const char *what, struct csv_field f)
{
    struct seen now = {f, what, c->line};
    if (!is_number(f))
        return 0; /* told when it is read */
    enum decimal_mark mark = csv_decimal_mark(f.s, f.len);
    if (mark == MARK_EITHER && !c->either.line && may_be_thousands(c, f))
        c->either = now;
    if (mark != MARK_POINT && mark != MARK_COMMA)
        return 0;
    if (c->shown.line && mark != c->mark)
        return refuse_marks(c, &now);
    if (!c->shown.line)
        c->shown = now;
    c->mark = mark;
    return 0;
}

static int weigh(struct csv *c, struct csv_field line)
{
    struct csv_field f[COLUMNS_MAX] = {0};
    if ((int)split(c, line, f) != c->columns || left_out(c, f))
        return 0; /* told when it is read */
    int code = weigh_number(c, "N", f[c->n]);
    return code < 0 ? code : weigh_number(c, "throughput", f[c->x]);
}

/* ---- Points ---- */

static int take(struct csv *c, const char *what, struct csv_field f, double factor, double *v)
{
    if (!csv_number(f.s, f.len, c->mark, v))
        return refuse_value(c, what, f, "that is no number");
    *v *= factor;
    if (!isfinite(*v))
        return refuse_value(c, what, f, "it must be finite");
    return *v > 0 ? 0 : refuse_value(c, what, f, "it must be above 0");
}

static int add(struct csv *c, struct csv_field line)
{
    struct csv_field f[COLUMNS_MAX] = {0};
    struct usl_point p = {0};
    int columns = (int)split(c, line, f);
    if (columns != c->columns)
        return err_set(c->err, ERR_USAGE, "line %zu: %d column%s, the first line has %d", c->line,
                       columns, columns == 1 ? "" : "s", c->columns);
    if (left_out(c, f))
        return 0;
    if (c->pool >= 0 && !c->first_pool.s)
        c->first_pool = f[c->pool];
    if (c->pool >= 0 && (f[c->pool].len != c->first_pool.len ||
                         memcmp(f[c->pool].s, c->first_pool.s, c->first_pool.len) != 0))
        return refuse_value(c, "pool", f[c->pool], "a curve is of one pool");
    if (take(c, "N", f[c->n], 1, &p.n) < 0 ||
        take(c, "throughput", f[c->x], c->head_x.factor, &p.x) < 0)
        return ERR_USAGE;
    if (c->points == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        struct usl_point *more = realloc(c->point, room * sizeof *more);
        if (!more)
            return err_set(c->err, ERR_FAILED, "line %zu: out of memory", c->line);
        c->point = more;
        c->room = room;
    }
    c->point[c->points++] = p;
    return 0;
}

/* ---- Lines ---- */

static struct csv_field without_blanks(const char *s, const char *end)
{
    while (s < end && blank(end[-1]))
        end--;
    while (s < end && (*s == ' ' || *s == '\r'))
        s++;
    return (struct csv_field){s, (size_t)(end - s)};
}

/* `sep=;`, which names the separator to spreadsheets. Returns it; 0: it is another line. */
static char separator_told(struct csv_field line)
{
    static const char word[] = "sep=";
    if (line.len == sizeof word + 2 && *line.s == '"' && line.s[line.len - 1] == '"')
        line = (struct csv_field){line.s + 1, line.len - 2};
    if (line.len != sizeof word || strncasecmp(line.s, word, sizeof word - 1) != 0)
        return 0;
    return line.s[sizeof word - 1];
}

static void keep_comment(struct csv *c, struct csv_field line)
{
    while (line.len && (*line.s == '#' || blank(*line.s))) {
        line.s++;
        line.len--;
    }
    c->comment = line;
    c->comment_line = c->line;
}

/* A line that is not empty: a comment, the header, or values, for which `use` is called. */
static int one_line(struct csv *c, struct csv_field line, bool *first,
                    int (*use)(struct csv *, struct csv_field line))
{
    int code = 0;
    if (*line.s == '#') {
        if (!c->begun)
            keep_comment(c, line);
        return 0;
    }
    char told = *first ? separator_told(line) : 0;
    if (told) {
        c->told_separator = told;
        return 0;
    }
    if (!c->begun) {
        code = begin(c, line);
        c->header_line = code == 1 ? c->line : 0;
    }
    *first = false;
    return code < 0 || c->line == c->header_line ? code : use(c, line);
}

/* Calls `use` for each line of values, until it fails. */
static int each_line(struct csv *c, const char *text, size_t len,
                     int (*use)(struct csv *, struct csv_field line))
{
    const char *at = text, *end = text + len;
    bool first = true;
    int code = 0;
    c->line = 0;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return err_set(c->err, ERR_USAGE,
                       "this is UTF-16 (Excel calls it Unicode text): save it as CSV or UTF-8");
    while (at < end && code >= 0) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct csv_field line = without_blanks(at, stop ? stop : end);
        at = stop ? stop + 1 : end;
        if (++c->line > LINES_MAX)
            return err_set(c->err, ERR_USAGE, "more than %d lines", LINES_MAX);
        if (line.len)
            code = one_line(c, line, &first, use);
    }
    return code;
}

struct usl_point *usl_read_csv(const char *text, size_t len, size_t *n, struct err *err)
{
    struct csv c = {.err = err};
    int code = each_line(&c, text, len, weigh);
    if (code >= 0 && !c.shown.line && c.either.line)
        code = refuse_either(&c);
    if (code >= 0)
        code = each_line(&c, text, len, add);
    if (code >= 0 && !c.points)
        code = err_set(err, ERR_USAGE, "no line with N and throughput in it");
    if (code < 0) {
        free(c.point);
        return NULL;
    }
    *n = c.points;
    return c.point;
}

/* The columns are known once the first line of values is reached. */
static int stop_there(struct csv *c, struct csv_field line)
{
    (void)c;
    (void)line;
    return ERR_USAGE;
}

void usl_csv_columns(const char *text, size_t len, struct usl_column *n, struct usl_column *x)
{
    struct err none;
    struct csv c = {.err = &none};
    each_line(&c, text, len, stop_there);
    *n = c.head_n;
    *x = c.head_x;
}
