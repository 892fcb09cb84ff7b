/* See roff.h. Called by man_page.c only. */
#include "ui/cli/roff.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/text.h"

/* The escape for a character that roff would interpret or typeset as another one. */
static const char *escape_of(char c)
{
    switch (c) {
    case '\\':
        return "\\e";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    default:
        return NULL;
    }
}

static void put(struct text *t, const char *s, size_t len)
{
    if (len && s[0] == '.')
        text_add(t, "\\&");
    for (size_t i = 0; i < len; i++) {
        const char *escape = escape_of(s[i]);
        if (escape)
            text_add(t, "%s", escape);
        else
            text_put(t, s + i, 1);
    }
}

void roff_words(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

void roff_heading(struct text *t, const char *macro, const char *words)
{
    text_add(t, "%s ", macro);
    roff_words(t, words);
    text_add(t, "\n");
}

void roff_item(struct text *t, const char *head, const char *body)
{
    text_add(t, ".TP\n\\fB");
    roff_words(t, head);
    text_add(t, "\\fR\n");
    roff_words(t, body);
    text_add(t, "\n");
}

/* ---- Help texts ---- */

/* Length of the lines from s on that are indented, or that are not. */
static size_t block_length(const char *s)
{
    bool indented = s[0] == ' ';
    size_t len = 0;
    while (s[len] && s[len] != '\n' && (s[len] == ' ') == indented) {
        len += strcspn(s + len, "\n");
        len += s[len] == '\n';
    }
    return len;
}

/* Where the gap begins that ends the term of `  term    what it is`; NULL: the line is none. */
static const char *gap_of(const char *line, size_t len)
{
    if (len < 3 || line[0] != ' ' || line[1] != ' ' || line[2] == ' ')
        return NULL;
    const char *gap = strstr(line + 2, "  ");
    return gap && gap < line + len ? gap : NULL;
}

/* Adds a line without the blanks before it. */
static void put_line(struct text *t, const char *line, size_t len)
{
    size_t blanks = strspn(line, " ");
    put(t, line + blanks, len - blanks);
    text_add(t, "\n");
}

static void put_table(struct text *t, const char *s, size_t len)
{
    for (size_t at = 0, line; at < len; at += line + 1) {
        line = strcspn(s + at, "\n");
        const char *gap = gap_of(s + at, line);
        if (gap) {
            text_add(t, ".TP 14\n\\fB");
            put(t, s + at + 2, (size_t)(gap - (s + at)) - 2);
            text_add(t, "\\fR\n");
            put_line(t, gap, (size_t)(s + at + line - gap));
        } else {
            put_line(t, s + at, line);
        }
    }
}

static void put_lines(struct text *t, const char *s, size_t len)
{
    for (size_t at = 0, line; at < len; at += line + 1) {
        line = strcspn(s + at, "\n");
        put(t, s + at, line);
        text_add(t, "\n");
    }
}

static bool has_comments(const char *s, size_t len)
{
    const char *comment = strstr(s, " # ");
    return comment && comment < s + len;
}

/* Does the text end with a heading? A paragraph begins there by itself. */
static bool after_heading(const struct text *t)
{
    const char *s = text_str(t), *last = s;
    for (const char *at = s; (at = strchr(at, '\n')) && at[1]; at++)
        last = at + 1;
    return strncmp(last, ".S", 2) == 0;
}

void roff_help(struct text *t, const char *s)
{
    for (size_t len; *s; s += len) {
        if (*s == '\n') {
            len = 1;
            continue;
        }
        len = block_length(s);
        bool table = gap_of(s, strcspn(s, "\n")) && !has_comments(s, len);
        if (table) {
            put_table(t, s, len);
            continue;
        }
        text_add(t, "%s%s", after_heading(t) ? "" : ".PP\n", s[0] == ' ' ? ".nf\n" : "");
        put_lines(t, s, len);
        text_add(t, "%s", s[0] == ' ' ? ".fi\n" : "");
    }
}
