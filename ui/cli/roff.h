/* Text as roff, in the man macros: what the manual page is made of. */
#ifndef LOADTOP_UI_CLI_ROFF_H
#define LOADTOP_UI_CLI_ROFF_H

#include <stdbool.h>

struct text;

/* Adds words, escaped: nothing in them is taken for a macro or typeset as another character. */
void roff_words(struct text *, const char *);
/* Adds ".SH WORDS" or another macro with its words. */
void roff_heading(struct text *, const char *macro, const char *words);
/* Adds a paragraph with `head` in bold beside it. */
void roff_item(struct text *, const char *head, const char *body);
/* Adds a text of ui/help/. Prose is filled. Of indented lines a table (`  term    what it is`) becomes
 * items, anything else, and what has comments (` # `), stays as it is. */
void roff_help(struct text *, const char *);

#endif
