/* A bracketed paste: text between ESC [ 200 ~ and ESC [ 201 ~, collected as one input event. Its
 * control characters become blanks, because a pasted newline must not press Enter.
 *
 * Its end is recognized character by character, because a slow link may deliver it in parts. A paste
 * whose end never comes is over after some seconds without text, so that the keyboard is soon a
 * keyboard again; keys that the user presses meanwhile are dropped, and prolong nothing. Pure: the
 * caller reads the characters and the clock. */
#ifndef LOADTOP_UI_TERM_PASTE_H
#define LOADTOP_UI_TERM_PASTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/term/input.h"

/* Zeroed: there is none. */
struct paste {
    bool open;
    unsigned end_seen; /* characters of the end sequence that have come */
    /* when the input was first found empty since the last character, and the last time; 0: it was
     * not */
    uint64_t empty_since_ns, empty_until_ns;
    uint64_t quiet_since_ns; /* the same since the last character that no key would explain */
    char text[PASTE_MAX + 1];
    size_t len;
};

void paste_begin(struct paste *);
/* It is over without an end: its text is dropped. */
void paste_close(struct paste *);
/* The next code point while it is open; what exceeds PASTE_MAX bytes is dropped. True: it has ended
 * with this one. */
bool paste_take(struct paste *, uint32_t ch);
/* The input was found empty at `now_ns` (monotonic): after three seconds of that it is over. As for
 * control strings, only what this is called with counts. */
void paste_empty(struct paste *, uint64_t now_ns);
/* Was the input found empty since the last character? Then the next may be a key. */
bool paste_waits(const struct paste *);
/* The text of one that has ended, UTF-8; valid until the next paste. */
const char *paste_text(struct paste *);

#endif
