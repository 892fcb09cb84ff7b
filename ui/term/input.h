/* Input events: keys, pastes, clicks, and signals. */
#ifndef LOADTOP_UI_TERM_INPUT_H
#define LOADTOP_UI_TERM_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* most bytes of a paste; a text field accepts fewer, so it refuses a paste that was cut */
#define PASTE_MAX 32768

/* Keys that are not characters. With Ctrl a letter is a character (Ctrl-C is 3). */
enum keycode {
    KEYCODE_ESC = 27,
    KEYCODE_ENTER = '\r',
    KEYCODE_TAB = '\t',
    KEYCODE_BACKSPACE = 127,
    KEYCODE_UP = 0x110000,
    KEYCODE_DOWN,
    KEYCODE_LEFT,
    KEYCODE_RIGHT,
    KEYCODE_HOME,
    KEYCODE_END,
    KEYCODE_PGUP,
    KEYCODE_PGDN,
    KEYCODE_DELETE,
    KEYCODE_BACKTAB,
    KEYCODE_F1,
    KEYCODE_F5,
    KEYCODE_OTHER
};

#define KEY_CTRL(c) ((uint32_t)(c)&31u)

enum input_kind {
    INPUT_KEY,
    INPUT_PASTE,
    INPUT_CLICK,
    INPUT_WHEEL_UP,
    INPUT_WHEEL_DOWN,
    INPUT_RESIZE
};
struct input {
    enum input_kind kind;
    uint32_t key; /* INPUT_KEY */
    int x, y;     /* clicks and the wheel */
    /* INPUT_PASTE: UTF-8 without control characters; borrowed until the next term_read */
    const char *paste;
};

/* Signals received. */
struct term_signals {
    int end;      /* number of a signal that ends the program, see end_signal.h; 0: none */
    bool suspend; /* TSTP came */
};

#endif
