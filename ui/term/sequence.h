/* Sequences that a key or the mouse sends and curses does not know: ESC [ parameters letter, ESC O
 * letter.
 *
 * Over a slow link they arrive in parts, and curses waits for the next one only briefly: it then
 * gives the ESC and what follows as single characters. Those must not act as keys (ESC O P is F1,
 * but P pauses all load), so a sequence stays open over pauses, and an ESC that came alone may
 * still be the beginning of one. Pure: the caller reads the characters and the clock. */
#ifndef LOADTOP_UI_TERM_SEQUENCE_H
#define LOADTOP_UI_TERM_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQUENCE_PARAMS_MAX 32

/* Zeroed: none is open. */
struct sequence {
    bool open;
    bool brief;  /* its introducer was taken for a key: a letter belongs to it only at once */
    bool escape; /* the last that came was an ESC, and nothing followed at once */
    uint32_t introducer;
    char params[SEQUENCE_PARAMS_MAX]; /* the characters before its letter, as far as they fit */
    size_t n;
    bool console;  /* one letter more follows */
    unsigned skip; /* characters that are passed over */
    /* when the input was first found empty since the last character; 0: it was not */
    uint64_t empty_since_ns;
};

enum sequence_result {
    SEQUENCE_MORE, /* the character belongs to the sequence, which goes on or has no meaning */
    SEQUENCE_DONE, /* it is the letter that ends it */
    SEQUENCE_CUT,  /* the sequence is over, and the character is none of it */
};

/* An ESC came alone: it is the key Esc, or the rest is on its way. */
void sequence_escape(struct sequence *);
/* ESC and this character came. brief: it may have been a key. */
void sequence_open(struct sequence *, uint32_t introducer, bool brief);
/* The next n characters belong to what has ended, as those of a report of the mouse do. */
void sequence_skip(struct sequence *, unsigned n);
/* None is open any more: a key was recognized, or something else took over. */
void sequence_close(struct sequence *);
/* The next character while one is open. */
enum sequence_result sequence_take(struct sequence *, uint32_t ch);
/* The input was found empty at `now_ns` (monotonic): a pause ends a sequence, and sooner the time in
 * which an ESC may be continued. As for control strings, only what this is called with counts. */
void sequence_empty(struct sequence *, uint64_t now_ns);

#endif
