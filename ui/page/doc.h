/* A document that is written once and comes out as HTML, Markdown or plain text.
 *
 * Whoever writes a report says what a thing is (a heading, a finding, a table); how it looks, and
 * how text from outside is made harmless there, is decided here alone. All text given to these
 * functions is escaped, so none may contain markup. */
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
    char **cell; /* of the table being made, [cells] */
    size_t cells, room;
    unsigned columns;
    const char *const *head;
};

void doc_escape(const struct doc *, struct text *to, const char *s);
void doc_heading(struct doc *, int level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A heading with a stamp ("LOOPBACK") behind it; "": none. */
void doc_stamped(struct doc *, int level, const char *stamp, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void doc_para(struct doc *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Lists of findings: one line each, with a word before it ("capacity") and what it says. The tone
 * is shown as a word or a sign as well as by colour. */
void doc_findings_begin(struct doc *);
void doc_finding(struct doc *, enum tone, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void doc_findings_end(struct doc *);
/* A finding that is the answer itself: larger, `word` in capitals. Within a list of findings. */
void doc_lead(struct doc *, enum tone, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void doc_gap(struct doc *); /* an empty line, where lines are all there is */
/* Lines as they are, but for what utf8.h does not show. */
void doc_code(struct doc *, const char *s);
/* A command as such a line: one, whatever is in it. */
void doc_command(struct doc *, const char *s);

/* Tables: heads are NULL-terminated; one that begins with '<' is of a column of text, the others
 * are of numbers. Cells follow row by row. A table without a row leaves nothing. */
void doc_table(struct doc *, const char *const *heads);
void doc_cell(struct doc *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_table_end(struct doc *);

#endif
