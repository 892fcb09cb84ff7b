/* Control strings: what a terminal answers when it is asked for a colour, its name or a graphic
 * (OSC, DCS, APC, PM, SOS of ECMA-48): ESC ] text BEL, or ESC P text ESC \.
 *
 * An answer to a question of another program may arrive after loadtop has started, also in several
 * parts. Its text must not act as keys, so it is dropped up to its end. A string that another
 * sequence cuts short ends there, and one whose end never comes ends with a pause, so that the
 * keyboard is soon a keyboard again. Pure: the caller reads the characters and the clock. */
#ifndef LOADTOP_UI_TERM_CONTROL_STRING_H
#define LOADTOP_UI_TERM_CONTROL_STRING_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: no string is open. */
struct control_string {
    bool open;
    bool escape; /* the last character was an ESC */
    /* when the input was first found empty since the last character; 0: it was not */
    uint64_t empty_since_ns;
};

enum control_string_result {
    STRING_TAKEN,      /* the character belongs to the string, or ended it */
    STRING_CUT,        /* the string is over, and the character is none of it */
    STRING_CUT_BY_ESC, /* the same after an ESC: the character is what follows this ESC */
};

/* Does ESC followed by this character begin a control string? */
bool control_string_begins(uint32_t ch);
void control_string_open(struct control_string *);
/* The next character while a string is open. */
enum control_string_result control_string_take(struct control_string *, uint32_t ch);
/* The input was found empty at `now_ns` (monotonic). A string ends when this was so for a second, an
 * introducer alone (Alt-]) too, because its text may be on its way; only what this is called with
 * counts: after a time in which the program did not run, the rest of an answer may be there unread. */
void control_string_empty(struct control_string *, uint64_t now_ns);

/* Is this a control character that no string and no sequence contains? Such a one ends them, and
 * acts: Ctrl-C works in any state. */
bool control_cuts(uint32_t ch);

#endif
