/* A line of text that is being typed: cursor, insertion, history.
 *
 * Bytes are UTF-8 and the cursor is always between characters. Nothing here depends on what the
 * text means, with one exception: possible secrets in it are neither drawn nor kept in the
 * history. */
#ifndef LOADTOP_UI_WIDGETS_FIELD_H
#define LOADTOP_UI_WIDGETS_FIELD_H

#include "engine/base/secret.h"
#include "ui/term/cells.h"

#include <stdbool.h>
#include <stdint.h>

/* enough for a password of %-escapes and the URL around it */
#define FIELD_MAX (3 * SECRET_MAX + 2048)
#define FIELD_TOO_LONG "what was pasted does not fit into this field: nothing was taken"
#define HISTORY_LINE_MAX 512
#define HISTORY_MAX 64

struct field {
    char s[FIELD_MAX];
    unsigned len, at; /* bytes; at <= len */
    bool secret;      /* the whole text is shown as stars */
};

struct history {
    char line[HISTORY_MAX][HISTORY_LINE_MAX]; /* secrets as "***" */
    unsigned n;                               /* number of lines, the newest last */
    unsigned back; /* steps back in the history; 0: at the line being typed */
    char typed[FIELD_MAX];
};

void field_set(struct field *, const char *s);
/* Inserts text without control characters. False when it does not fit: then nothing is inserted,
 * because half a command or name could mean something else. */
bool field_insert(struct field *, const char *utf8);
/* Left, right, Home, End, Backspace, Delete, Ctrl-A E U K W, and characters. True if the key was
 * used. */
bool field_key(struct field *, uint32_t key);
/* Draws the field in w columns, scrolled so that the cursor is visible, with stars for possible
 * secrets; *cursor_x (may be NULL) is its column. */
void field_draw(struct cells *, int x, int y, int w, const struct field *, enum role,
                int *cursor_x);

/* Adds the line with "***" for its secrets, unless it is empty, equal to the previous one, or
 * longer than HISTORY_LINE_MAX. */
void history_add(struct history *, const char *line);
/* Up (older) or down; changes the field. True if there was one. */
bool history_move(struct history *, struct field *, bool older);

#endif
