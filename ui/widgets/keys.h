/* The keys: ONE table from which dispatch, the bottom bar and the help all come.
 *
 * A key means an action; an action that concerns load is carried out as a command (`sends`), like
 * every other. Reading never changes load: keys that people press to look around look around here
 * too. */
#ifndef LOADTOP_UI_WIDGETS_KEYS_H
#define LOADTOP_UI_WIDGETS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

enum action {
    ACT_NONE,
    ACT_UP,
    ACT_DOWN,
    ACT_PGUP,
    ACT_PGDN,
    ACT_HOME,
    ACT_END,
    ACT_DIAL_LEFT,
    ACT_DIAL_RIGHT,
    ACT_TURN_UP,
    ACT_TURN_DOWN,
    ACT_EXACT,
    ACT_UNDO,
    ACT_PAUSE,
    ACT_PAUSE_ALL,
    ACT_LOCK,
    ACT_ADD,
    ACT_EDIT,
    ACT_STOP,
    ACT_SWEEP,
    ACT_NEXT_VIEW,
    ACT_PREVIOUS_VIEW,
    ACT_VIEW, /* the one whose number was pressed; the help names each view instead */
    ACT_INTO,
    ACT_BACK,
    ACT_FIND,
    ACT_FIND_NEXT,
    ACT_FIND_PREVIOUS,
    ACT_SORT_LEFT,
    ACT_SORT_RIGHT,
    ACT_SORT_INVERT,
    ACT_ZOOM_IN,
    ACT_ZOOM_OUT,
    ACT_COMPARE,
    ACT_CURSOR_BACK,
    ACT_CURSOR_ON,
    ACT_FULL,
    ACT_CAPTURE,
    ACT_REPORT,
    ACT_MARK,
    ACT_BASELINE,
    ACT_FREEZE,
    ACT_THEME,
    ACT_GLYPHS,
    ACT_COMMAND,
    ACT_HELP,
    ACT_REDRAW,
    ACT_QUIT,
    ACT_INTERRUPT,
    ACT_SUSPEND
};

/* Where a key holds, besides the views. */
enum key_where {
    KEY_IN_VIEW = 1,
    KEY_IN_DIALOG = 2, /* questions, and forms while no text is typed */
    KEY_IN_TEXT = 4    /* text fields too */
};

#define KEYS_EACH 9 /* of one action, at most */

struct key_binding {
    uint32_t key[KEYS_EACH]; /* 0: none */
    const char *shown;       /* "p, space" */
    enum action action;
    unsigned where;
    const char *group; /* heading in the help */
    const char *bar;   /* word in the bottom bar; NULL: not there */
    int rank;          /* in the bar: the highest is dropped first */
    const char *sends; /* The command that it sends, as `:` would take it; NULL: none */
    const char *help;
};
/* Ends with ACT_NONE. */
extern const struct key_binding key_table[];

/* The action of a key at a place; ACT_NONE when it has none there. */
enum action keys_find(uint32_t key, unsigned where);

/* When the dial was turned last; zero it to start. */
struct turns {
    double last_s, next_s; /* the last turn; from when on the next is let through */
    bool any, may_tap;
};
/* A key that is held down repeats: true when a turn of the dial at now_s is to be let through.
 * There are never more than 4 within a second. Two quick taps after a rest are two turns. */
bool keys_turn_allowed(struct turns *, double now_s);

#endif
