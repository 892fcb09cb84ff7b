/* A bracketed paste: text between ESC [ 200 ~ and ESC [ 201 ~, collected as one input event. Its
 * control characters become blanks, because a pasted newline must not press Enter. */
#ifndef LOADTOP_UI_TERM_PASTE_H
#define LOADTOP_UI_TERM_PASTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "ui/term/input.h"

/* Zeroed: there is none. */
struct paste {
    bool open;
    time_t last; /* when its last part arrived */
    char text[PASTE_MAX + 1];
    size_t len;
};

void paste_begin(struct paste *);
/* Is it still going on? One whose end never comes ends with a pause. */
bool paste_continues(struct paste *);
/* Adds a code point; what exceeds PASTE_MAX bytes is dropped. */
void paste_add(struct paste *, uint32_t ch);
/* Ends it. Returns the text, UTF-8; valid until the next paste. */
const char *paste_end(struct paste *);

#endif
