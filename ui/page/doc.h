/* A document that is written once and rendered as HTML, Markdown or plain text.
 *
 * A report's author describes the structure (a heading, a finding, a table); the appearance and the
 * escaping of external text are decided only here. All text passed to these functions is escaped,
 * so it must not contain markup. */
#ifndef LOADTOP_UI_PAGE_DOC_H
#define LOADTOP_UI_PAGE_DOC_H

#include <stdbool.h>
#include <stddef.h>

struct text;

enum doc_format { DOC_HTML, DOC_MARKDOWN, DOC_PLAIN };
enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WARN };

struct doc {
    enum doc_format format;
    struct text *t;
    char **cell; /* cells of the table being built, [cells] */
    size_t cells, room;
    unsigned columns;
    const char *const *head;
};

void doc_escape(const struct doc *, struct text *to, const char *s);
void doc_heading(struct doc *, int level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A heading followed by a stamp ("LOOPBACK"); "": none. */
void doc_stamped(struct doc *, int level, const char *stamp, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void doc_para(struct doc *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Lists of findings: one line each, a word ("capacity") and a text. The tone is shown by a word or
 * a sign as well as by colour. */
void doc_findings_begin(struct doc *);
void doc_finding(struct doc *, enum tone, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void doc_findings_end(struct doc *);
/* The main finding: larger, `word` in capitals. Within a list of findings. */
void doc_lead(struct doc *, enum tone, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void doc_gap(struct doc *); /* an empty line in Markdown and plain text */
/* Preformatted lines; characters that utf8.h does not show are replaced. */
void doc_code(struct doc *, const char *s);
/* Adds a command as one preformatted line. */
void doc_command(struct doc *, const char *s);

/* Tables: heads are NULL-terminated; a head that begins with '<' is for a text column, others are
 * numbers. Cells follow row by row. A table without rows is omitted. */
void doc_table(struct doc *, const char *const *heads);
void doc_cell(struct doc *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_table_end(struct doc *);

#endif
