/* See doc.h. A table is collected before it is written, because plain text needs the widths of its
 * columns. Called by the parts of reports and by compare. */
#include "ui/page/doc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/export/xml.h"
#include "ui/term/cells.h"

#define WRAP 96

static char *formatted(const char *fmt, va_list args)
{
    char *s;
    if (vasprintf(&s, fmt, args) < 0)
        abort();
    return s;
}

/* Does a link begin here? Many readers of Markdown make links of bare addresses, which they find by
 * the ':' of "http://" and the '.' of "www.". */
static bool makes_link(const char *from, const char *at)
{
    static const char *const schemes[] = {"http", "https", "ftp"};
    size_t before = (size_t)(at - from);
    if (*at == '.')
        return before >= 3 && strncasecmp(at - 3, "www", 3) == 0;
    for (unsigned i = 0; i < 3 && strncmp(at, "://", 3) == 0; i++) {
        size_t len = strlen(schemes[i]);
        if (before >= len && strncasecmp(at - len, schemes[i], len) == 0)
            return true;
    }
    return false;
}

/* Escapes what Markdown would interpret as markup, and what would end a cell of a table. */
static void escape_markdown(struct text *to, const char *from)
{
    for (const char *s = from; *s; s++) {
        if (*s == '<')
            text_add(to, "&lt;");
        else if (*s == '&')
            text_add(to, "&amp;");
        else if (*s == '>')
            text_add(to, "&gt;");
        else
            text_add(to, strchr("\\`*_[]|~#@$", *s) || makes_link(from, s) ? "\\%c" : "%c", *s);
    }
}

void doc_escape(const struct doc *d, struct text *to, const char *s)
{
    if (d->format == DOC_HTML) { /* xml_escape also makes the text one displayable line */
        xml_escape(to, s);
        return;
    }
    struct text line = {.limit = SIZE_MAX / 4};
    text_put_shown(&line, s);
    if (d->format == DOC_MARKDOWN)
        escape_markdown(to, text_str(&line));
    else
        text_put(to, text_str(&line), line.len);
    text_free(&line);
}

static void add_heading(struct doc *d, int level, const char *stamp, const char *s)
{
    const char *open = *stamp ? " [" : "", *close = *stamp ? "]" : "";
    if (d->format == DOC_HTML) {
        text_add(d->t, "<h%d>", level);
        doc_escape(d, d->t, s);
        if (*stamp)
            text_add(d->t, " <span class=\"stamp\">%s</span>", stamp);
        text_add(d->t, "</h%d>\n", level);
    } else if (d->format == DOC_MARKDOWN) {
        text_add(d->t, "\n%.*s ", level, "######");
        doc_escape(d, d->t, s);
        text_add(d->t, "%s%s%s\n\n", open, stamp, close);
    } else {
        text_add(d->t, "\n");
        doc_escape(d, d->t, s);
        text_add(d->t, "%s%s%s\n", open, stamp, close);
        for (int i = text_width(s) + text_width(stamp) + (*stamp ? 3 : 0); i > 0; i--)
            text_add(d->t, level == 1 ? "=" : "-");
        text_add(d->t, "\n");
    }
}

void doc_heading(struct doc *d, int level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = formatted(fmt, args);
    va_end(args);
    add_heading(d, level, "", s);
    free(s);
}

void doc_stamped(struct doc *d, int level, const char *stamp, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = formatted(fmt, args);
    va_end(args);
    add_heading(d, level, stamp, s);
    free(s);
}

/* Adds plain text, broken between words; lines after the first are indented. */
static void add_wrapped(struct text *t, const char *s, int indent)
{
    int col = indent;
    while (*s) {
        size_t len = strcspn(s, " ");
        if (col > indent && col + 1 + (int)len > WRAP) {
            text_add(t, "\n%*s", indent, "");
            col = indent;
        } else if (col > indent) {
            text_add(t, " ");
            col++;
        }
        text_put(t, s, len);
        col += (int)len;
        s += len;
        while (*s == ' ')
            s++;
    }
    text_add(t, "\n");
}

void doc_para(struct doc *d, const char *fmt, ...)
{
    va_list args;
    struct text e = {0};
    va_start(args, fmt);
    char *s = formatted(fmt, args);
    va_end(args);
    doc_escape(d, &e, s);
    if (d->format == DOC_HTML)
        text_add(d->t, "<p>%s</p>\n", text_str(&e));
    else if (d->format == DOC_MARKDOWN)
        text_add(d->t, "%s\n\n", text_str(&e));
    else
        add_wrapped(d->t, text_str(&e), 0);
    text_free(&e);
    free(s);
}

void doc_findings_begin(struct doc *d)
{
    if (d->format == DOC_HTML)
        text_add(d->t, "<ul class=\"findings\">\n");
}

void doc_findings_end(struct doc *d)
{
    text_add(d->t, d->format == DOC_HTML ? "</ul>\n" : "\n");
}

static const char *const tone_class[] = {"plain", "good", "bad", "warn"};
static const char *const tone_sign[] = {"·", "✓", "✗", "!"};
static const char *const tone_letter[] = {" ", "+", "X", "!"};

static void add_finding(struct doc *d, enum tone tone, bool lead, const char *what, const char *s)
{
    struct text e = {0};
    doc_escape(d, &e, s);
    if (d->format == DOC_HTML)
        text_add(d->t, "<li class=\"%s%s\"><span class=\"sign\">%s</span><b>%s</b> %s</li>\n",
                 tone_class[tone], lead ? " lead" : "", tone_sign[tone], what, text_str(&e));
    else if (d->format == DOC_MARKDOWN)
        text_add(d->t, "- %s **%s** %s\n", tone_sign[tone], what, text_str(&e));
    else {
        text_add(d->t, "%s %-13s ", tone_letter[tone], what);
        add_wrapped(d->t, text_str(&e), 16);
    }
    text_free(&e);
}

void doc_finding(struct doc *d, enum tone tone, const char *what, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = formatted(fmt, args);
    va_end(args);
    add_finding(d, tone, false, what, s);
    free(s);
}

void doc_lead(struct doc *d, enum tone tone, const char *word, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = formatted(fmt, args);
    va_end(args);
    add_finding(d, tone, true, word, s);
    free(s);
}

void doc_gap(struct doc *d)
{
    if (d->format == DOC_PLAIN)
        text_add(d->t, "\n");
}

/* Adds lines, each with an indent; every line ends with a newline. */
static void add_indented(struct text *t, const char *by, const char *lines)
{
    for (size_t len; *lines; lines += len) {
        len = strcspn(lines, "\n") + 1;
        text_add(t, "%s%.*s", by, (int)len, lines);
    }
}

void doc_code(struct doc *d, const char *s)
{
    struct text lines = {.limit = SIZE_MAX / 4};
    text_put(&lines, s, strlen(s));
    if (lines.s) {
        lines.len = clean_lines(lines.s, lines.len);
        lines.s[lines.len] = '\0';
    }
    if (!lines.len || text_str(&lines)[lines.len - 1] != '\n')
        text_put(&lines, "\n", 1);
    if (d->format == DOC_HTML) {
        text_add(d->t, "<pre>");
        xml_escape_lines(d->t, text_str(&lines));
        text_add(d->t, "</pre>\n");
    } else if (d->format == DOC_MARKDOWN) {
        text_add(d->t, "\n"); /* an indented block is literal */
        add_indented(d->t, "    ", text_str(&lines));
        text_add(d->t, "\n");
    } else {
        add_indented(d->t, "  ", text_str(&lines));
    }
    text_free(&lines);
}

void doc_command(struct doc *d, const char *s)
{
    struct text line = {.limit = SIZE_MAX / 4};
    text_put_shown(&line, s);
    doc_code(d, text_str(&line));
    text_free(&line);
}

/* ---- tables ---- */

void doc_table(struct doc *d, const char *const *heads)
{
    d->head = heads;
    d->cells = 0;
    for (d->columns = 0; heads[d->columns]; d->columns++)
        ;
    assert(d->columns);
}

void doc_cell(struct doc *d, const char *fmt, ...)
{
    va_list args;
    if (d->cells == d->room) {
        d->room = d->room ? 2 * d->room : 64;
        d->cell = realloc(d->cell, d->room * sizeof *d->cell);
        if (!d->cell)
            abort();
    }
    va_start(args, fmt);
    d->cell[d->cells++] = formatted(fmt, args);
    va_end(args);
}

static bool is_words(const char *head)
{
    return *head == '<';
}

static const char *head_text(const char *head)
{
    return head + is_words(head);
}

static void table_html(struct doc *d)
{
    text_add(d->t, "<div class=\"wide\"><table>\n<thead><tr>");
    for (unsigned c = 0; c < d->columns; c++) {
        text_add(d->t, "<th%s>", is_words(d->head[c]) ? " class=\"w\"" : "");
        doc_escape(d, d->t, head_text(d->head[c]));
        text_add(d->t, "</th>");
    }
    text_add(d->t, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < d->cells; i++) {
        unsigned c = (unsigned)(i % d->columns);
        text_add(d->t, "%s<td%s>", c ? "" : "<tr>", is_words(d->head[c]) ? " class=\"w\"" : "");
        doc_escape(d, d->t, d->cell[i]);
        text_add(d->t, "</td>%s", c + 1 == d->columns ? "</tr>\n" : "");
    }
    text_add(d->t, "</tbody></table></div>\n");
}

static void table_markdown(struct doc *d)
{
    text_add(d->t, "\n");
    for (unsigned c = 0; c < d->columns; c++) {
        text_add(d->t, "| ");
        doc_escape(d, d->t, head_text(d->head[c]));
        text_add(d->t, " ");
    }
    text_add(d->t, "|\n");
    for (unsigned c = 0; c < d->columns; c++)
        text_add(d->t, is_words(d->head[c]) ? "|---" : "|--:");
    text_add(d->t, "|\n");
    for (size_t i = 0; i < d->cells; i++) {
        text_add(d->t, "| ");
        doc_escape(d, d->t, d->cell[i]);
        text_add(d->t, i % d->columns + 1 == d->columns ? " |\n" : " ");
    }
    text_add(d->t, "\n");
}

static void plain_cell(struct doc *d, const char *s, int width, bool words, bool last)
{
    struct text e = {0};
    doc_escape(d, &e, s);
    int pad = width - text_width(text_str(&e));
    if (words)
        text_add(d->t, "  %s%*s", text_str(&e), last ? 0 : pad, "");
    else
        text_add(d->t, "  %*s%s", pad, "", text_str(&e));
    text_free(&e);
}

static void table_plain(struct doc *d)
{
    int width[64] = {0};
    unsigned columns = d->columns < 64 ? d->columns : 64;
    for (unsigned c = 0; c < columns; c++)
        width[c] = text_width(head_text(d->head[c]));
    for (size_t i = 0; i < d->cells; i++) {
        int w = text_width(d->cell[i]);
        if (w > width[i % columns])
            width[i % columns] = w;
    }
    for (unsigned c = 0; c < columns; c++)
        plain_cell(d, head_text(d->head[c]), width[c], is_words(d->head[c]), c + 1 == columns);
    text_add(d->t, "\n");
    for (size_t i = 0; i < d->cells; i++) {
        unsigned c = (unsigned)(i % columns);
        plain_cell(d, d->cell[i], width[c], is_words(d->head[c]), c + 1 == columns);
        if (c + 1 == columns)
            text_add(d->t, "\n");
    }
}

void doc_table_end(struct doc *d)
{
    assert(d->columns);
    while (d->cells % d->columns) /* a row is whole */
        doc_cell(d, "%s", "");
    if (d->cells && d->format == DOC_HTML)
        table_html(d);
    else if (d->cells && d->format == DOC_MARKDOWN)
        table_markdown(d);
    else if (d->cells)
        table_plain(d);
    for (size_t i = 0; i < d->cells; i++)
        free(d->cell[i]);
    free(d->cell);
    d->cell = NULL;
    d->cells = d->room = 0;
}
