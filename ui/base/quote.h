/* Quoting for a shell. */
#ifndef LOADTOP_UI_BASE_QUOTE_H
#define LOADTOP_UI_BASE_QUOTE_H

struct text;

/* Adds a word so that a shell reads it back as one. */
void text_add_quoted(struct text *, const char *word);

#endif
