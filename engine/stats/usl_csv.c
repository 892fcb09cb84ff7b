/* Reads the points of a scaling curve from other tools' files: usl_read_csv of usl.h.
 *
 * The first non-empty line decides: its separator (semicolon, tab, comma, else blanks) and whether
 * it is a header, which it is when its first field is no number. Two columns are N and throughput.
 * A file with more must name them, because a guess between `time,n,throughput` and
 * `n,throughput,time` would give a curve of something else; our own CSV of plateaus is read this
 * way, lines whose column `valid` says no are left out, and two pools in it are refused. Every
 * other line must be whole: one that is not is refused with its number rather than skipped. With
 * semicolons or tabs a comma is a decimal comma. Called by `loadtop fit`. */
#include "engine/stats/usl_csv.h"

#include "engine/base/err.h"
#include "engine/stats/usl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 64
#define LINES_MAX 10000000

struct csv {
    char separator; /* ' ' means any run of blanks */
    /* indices of the columns with these contents; -1: there is none */
    int n, x, valid, pool, columns;
    size_t line;
    struct field {
        const char *s;
        size_t len;
    } first_pool;
    struct usl_point *point;
    size_t points, room;
    struct err *err;
};

/* Names of columns, the preferred first. Our own file has several that could be N; the right one is
 * the number in flight. */
static const char *const n_names[] = {"n",     "in_flight", "threads",     "clients",
                                      "users", "vus",       "workers",     "concurrency",
                                      "load",  "n_users",   "connections", NULL};
static const char *const x_names[] = {"throughput", "throughput_per_s",
                                      "x",          "x(n)",
                                      "ops/s",      "ops_per_s",
                                      "req/s",      "rps",
                                      "qps",        "tps",
                                      "rate",       "ops",
                                      NULL};
static const char *const pool_names[] = {"pool", NULL};
static const char *const valid_names[] = {"valid", NULL};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct field trimmed(const char *s, size_t len)
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
    return (struct field){s, len};
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

static unsigned split(const struct csv *c, struct field line, struct field field[COLUMNS_MAX])
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

/* Is the whole field a number? Spellings of infinity and NaN count as numbers here, so that they
 * are refused by name. */
static bool number(const struct csv *c, struct field f, double *v)
{
    char text[64], *end;
    if (!f.len || f.len >= sizeof text || memchr(f.s, '\0', f.len))
        return false;
    memcpy(text, f.s, f.len);
    text[f.len] = '\0';
    char *comma = strchr(text, ',');
    if (comma && c->separator != ',')
        *comma = '.';
    /* refuse hexadecimal numbers */
    if (strpbrk(text, "xXpP"))
        return false;
    *v = strtod(text, &end);
    return end != text && !*end;
}

static bool named(struct field f, const char *name)
{
    return strlen(name) == f.len && strncasecmp(name, f.s, f.len) == 0;
}

/* The column with the first of these names that occurs; -1: none. */
static int find_column(const struct field *f, unsigned columns, const char *const *names)
{
    for (; *names; names++)
        for (unsigned i = 0; i < columns; i++)
            if (named(f[i], *names))
                return (int)i;
    return -1;
}

static char separator_of(struct field line)
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

/* Parses the first non-empty line. 1: it was a header. */
static int begin(struct csv *c, struct field line)
{
    struct field f[COLUMNS_MAX] = {0};
    double v;
    c->separator = separator_of(line);
    unsigned columns = split(c, line, f);
    c->columns = (int)columns;
    c->n = 0;
    c->x = 1;
    c->valid = c->pool = -1;
    if (number(c, f[0], &v) || number(c, f[columns - 1], &v))
        return columns == 2 ? 0 : refuse_columns(c, columns);
    int n = find_column(f, columns, n_names), x = find_column(f, columns, x_names);
    c->valid = find_column(f, columns, valid_names);
    c->pool = find_column(f, columns, pool_names);
    if (n >= 0 && x >= 0) {
        c->n = n;
        c->x = x;
        return 1;
    }
    return columns == 2 ? 1 : refuse_columns(c, columns);
}

static bool left_out(const struct csv *c, const struct field *f)
{
    return c->valid >= 0 && f[c->valid].len && strchr("nNfF0", f[c->valid].s[0]);
}

static int refuse_value(struct csv *c, const char *what, struct field f, const char *why)
{
    return err_set(c->err, ERR_USAGE, "line %zu: %s is '%.*s': %s", c->line, what,
                   f.len > 40 ? 40 : (int)f.len, f.s, why);
}

static int take(struct csv *c, const char *what, struct field f, double *v)
{
    if (!number(c, f, v))
        return refuse_value(c, what, f, "that is no number");
    if (!isfinite(*v))
        return refuse_value(c, what, f, "it must be finite");
    return *v > 0 ? 0 : refuse_value(c, what, f, "it must be above 0");
}

static int add(struct csv *c, struct field line)
{
    struct field f[COLUMNS_MAX] = {0};
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
    if (take(c, "N", f[c->n], &p.n) < 0 || take(c, "throughput", f[c->x], &p.x) < 0)
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

struct usl_point *usl_read_csv(const char *text, size_t len, size_t *n, struct err *err)
{
    struct csv c = {.err = err};
    const char *at = text, *end = text + len;
    bool begun = false;
    int code = 0;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < end && code >= 0) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        struct field line = {at, (size_t)(stop - at)};
        while (line.len && blank(line.s[line.len - 1]))
            line.len--;
        while (line.len && (*line.s == ' ' || *line.s == '\r')) {
            line.s++;
            line.len--;
        }
        at = stop + 1;
        if (++c.line > LINES_MAX)
            code = err_set(err, ERR_USAGE, "more than %d lines", LINES_MAX);
        if (code < 0 || !line.len || *line.s == '#')
            continue;
        if (!begun) {
            begun = true;
            code = begin(&c, line);
            if (code)
                continue;
        }
        code = add(&c, line);
    }
    if (code >= 0 && !c.points)
        code = err_set(err, ERR_USAGE, "no line with N and throughput in it");
    if (code < 0) {
        free(c.point);
        return NULL;
    }
    *n = c.points;
    return c.point;
}
