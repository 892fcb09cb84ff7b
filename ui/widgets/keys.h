/* The keys: one table for dispatch, the bottom bar and the help.
 *
 * A key triggers an action; an action that changes load sends a command (`sends`). Keys that users
 * press to navigate or read never change load. */
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
    ACT_VIEW, /* the view whose number was pressed; the help lists the views instead */
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

/* Where a key applies, besides the views. */
enum key_where {
    KEY_IN_VIEW = 1,
    KEY_IN_DIALOG = 2, /* questions, and forms without a text field at the cursor */
    KEY_IN_TEXT = 4    /* text fields too */
};

#define KEYS_EACH 9 /* most keys of one action */

struct key_binding {
    uint32_t key[KEYS_EACH]; /* 0: none */
    const char *shown;       /* "p, space" */
    enum action action;
    unsigned where;
    const char *group; /* heading in the help */
    const char *bar;   /* word in the bottom bar; NULL: not shown */
    int rank;          /* the key with the highest rank is dropped from the bar first */
    const char *sends; /* The command that it sends, in the form that `:` accepts; NULL: none */
    const char *help;
};
/* Ends with ACT_NONE. */
extern const struct key_binding key_table[];

/* The action of a key in a context; ACT_NONE if the key has none there. */
enum action keys_find(uint32_t key, unsigned where);

/* Rate limit of dial turns; zero it to start. */
struct turns {
    double last_s, next_s; /* time of the last turn; time from which the next is allowed */
    bool any, may_tap;
};
/* Limits repeated keys: true when a turn of the dial at now_s is allowed. At most 4 turns within a
 * second; two quick taps after a pause are two turns. */
bool keys_turn_allowed(struct turns *, double now_s);

#endif
