/* The terminal through ncursesw; see term.h.
 *
 * The grid on the screen is kept, so that only changed cells are passed to curses. Curses writes to
 * memory, and the thread of ui/term/tty_out.c writes that to the terminal: nothing here waits for a
 * blocked terminal. Modes and signals are ui/term/tty.c's. */
#include "ui/term/term.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/os/loop.h"
#include "ui/term/cells.h"
#include "ui/term/control_string.h"
#include "ui/term/glyphs.h"
#include "ui/term/mouse.h"
#include "ui/term/paste.h"
#include "ui/term/sequence.h"
#include "ui/term/terminfo.h"
#include "ui/term/tty.h"
#include "ui/term/tty_out.h"

#define PAIRS_MAX 1024
#define GAP_COLS 3
#define BYTE_MS 100 /* a report of the mouse comes whole, but for a slow link */
/* after this many characters, signals and the screen get their turn, even within a paste */
#define CHARACTERS_A_READ 4096
#define LEAVE_MS 50
/* Bracketed paste; clicks and the wheel, as SGR reports where the terminal knows them. */
#define MODES_ON "\033[?2004h\033[?1000h\033[?1006h"
#define MODES_OFF "\033[?2026l\033[?2004l\033[?1006l\033[?1002l\033[?1000l"

struct appearance {
    attr_t attr;
    int pair;
};

static struct {
    SCREEN *screen;
    bool utf8, color, started;
    int colors;
    struct cells shown;
    struct appearance *appearance; /* appearance of each cell of `shown`, as passed to curses */
    bool known[ROLES][ROLES];
    struct appearance looks[ROLES][ROLES]; /* for each role on each ground, as far as known */
    const struct theme *theme;
    struct theme theme_copy;
    enum tier tier;
    enum tier wanted;
    bool all; /* everything must be drawn again */
    int cursor_x, cursor_y;
    struct {
        int fg, bg;
    } pair[PAIRS_MAX];
    int pairs;
    struct paste paste;
    struct control_string string; /* an answer of the terminal that is being dropped */
    struct sequence sequence;     /* of a key or the mouse, as far as it has come */
} term = {.cursor_x = -1};

/* ---- open and close ---- */

static void prepare_restore(void)
{
    char cap[4][8] = {"sgr0", "rmkx", "cnorm", "rmcup"};

    tty_restore_begin();
    tty_restore_add(MODES_OFF);
    for (int i = 0; i < 4; i++)
        tty_restore_add(tigetstr(cap[i]));
    tty_restore_add("\r");
}

/* Defines both forms of the arrow keys, whatever terminfo says, because terminals differ in when
 * they send which. */
static void define_arrows(void)
{
    static const struct {
        char last;
        int key;
    } arrows[] = {{'A', KEY_UP},   {'B', KEY_DOWN}, {'C', KEY_RIGHT},
                  {'D', KEY_LEFT}, {'H', KEY_HOME}, {'F', KEY_END}};

    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        char csi[] = {'\033', '[', arrows[i].last, '\0'},
             ss3[] = {'\033', 'O', arrows[i].last, '\0'};

        define_key(csi, arrows[i].key);
        define_key(ss3, arrows[i].key);
    }
}

/* Set the modes directly: curses would wait until the terminal has accepted all output. */
static void enter_modes(void)
{
    tty_raw_modes();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    intrflush(stdscr, FALSE);
    curs_set(0);
    tty_out_add(MODES_ON, sizeof MODES_ON - 1);
    tty_out_send();
}

static const char *string_value(const char *name)
{
    /* curses wants a pointer without const, but only reads */
    return tigetstr((char *)(uintptr_t)name);
}

static void leave_modes(void)
{
    const char *cursor = string_value("cnorm");
    tty_out_add(MODES_OFF, sizeof MODES_OFF - 1);
    /* An incomplete frame of curses may have made the cursor visible. */
    if (cursor && cursor != (const char *)-1)
        tty_out_add(cursor, strlen(cursor));
    endwin();
    if (!tty_out_flush(LEAVE_MS)) /* on a busy machine the thread may not run in time */
        tty_restore_now();
    tty_give_modes_back();
}

static bool boolean_value(const char *name)
{
    return tigetflag((char *)(uintptr_t)name) > 0;
}

static int number_value(const char *name)
{
    return tigetnum((char *)(uintptr_t)name);
}

/* Makes curses read our terminal description. Call it before threads exist, because it sets an
 * environment variable permanently. */
static void describe(const char *name, bool direct)
{
    const struct terminfo_source src = {
        .name = name,
        .booleans = (const char *const *)boolnames,
        .numbers = (const char *const *)numnames,
        .strings = (const char *const *)strnames,
        .boolean = boolean_value,
        .number = number_value,
        .string = string_value,
    };
    const char *before = getenv("TERMINFO");
    struct text own = {.limit = 65536}, kept = {0};
    int known = 0;

    if (before)
        text_add(&kept, "%s", before);
    if (terminfo_make(&src, direct, &own) && !setenv("TERMINFO", text_str(&own), 1) &&
        (setupterm(name, STDOUT_FILENO, &known) != OK || string_value("rep") ||
         string_value("rin") || (direct && number_value("colors") <= 256))) {
        if (kept.len)
            setenv("TERMINFO", text_str(&kept), 1);
        else
            unsetenv("TERMINFO");
        setupterm(name, STDOUT_FILENO, &known);
    }
    text_free(&own);
    text_free(&kept);
}

/* The drawn size of the window; false when the terminal does not report its size. */
static bool window_size(int *rows, int *cols)
{
    struct winsize ws;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) || ws.ws_row == 0 || ws.ws_col == 0)
        return false;
    *rows = ws.ws_row < CELLS_ROWS_MAX ? ws.ws_row : CELLS_ROWS_MAX;
    *cols = ws.ws_col < CELLS_COLS_MAX ? ws.ws_col : CELLS_COLS_MAX;
    return true;
}

/* Curses prefers LINES and COLUMNS to the terminal's size and description: set them, so that it
 * opens with a valid size in any environment. */
static void tell_size(void)
{
    int rows = 24, cols = 80;
    char text[2][12];

    window_size(&rows, &cols);
    snprintf(text[0], sizeof text[0], "%d", rows);
    snprintf(text[1], sizeof text[1], "%d", cols);
    setenv("LINES", text[0], 1);
    setenv("COLUMNS", text[1], 1);
}

int term_check(const char *colors, struct err *err)
{
    const char *name = getenv("TERM");
    int known = 0;
    bool direct;

    tell_size();
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return err_set(
            err, ERR_FAILED,
            "the dashboard needs a terminal on stdin and stdout (--headless runs without)");
    if (!name || !*name)
        return err_set(err, ERR_FAILED, "TERM is not set (try TERM=xterm-256color, or --headless)");
    if (setupterm(name, STDOUT_FILENO, &known) != OK || known != 1)
        return err_set(
            err, ERR_FAILED,
            "TERM=%.60s is unknown on this machine (try TERM=xterm-256color, or --headless)", name);
    if (!string_value("cup"))
        return err_set(err, ERR_FAILED,
                       "TERM=%.60s cannot move its cursor (--headless runs without)", name);
    term.wanted = tier_choose(colors, number_value("colors"));
    direct = term.wanted == TIER_DIRECT && number_value("colors") <= 256;
    if (direct || string_value("rep") || string_value("indn") || string_value("rin"))
        describe(name, direct);
    return 0;
}

int term_open(const char *colors, struct err *err)
{
    const char *name = getenv("TERM");

    if (term_check(colors, err) || !name) /* curses cannot be opened without a name */
        return ERR_FAILED;
    setlocale(LC_CTYPE, "");
    term.utf8 = locale_is_utf8();
    if (tty_keep_modes(err) || tty_catch_signals(err))
        return ERR_FAILED;
    if (tty_out_open(err)) {
        tty_release_signals();
        return ERR_FAILED;
    }
    prepare_restore();
    if (!getenv("ESCDELAY"))
        set_escdelay(25);
    tty_set_open(true);
    term.screen = newterm(name, tty_out_stream(), stdin);
    if (!term.screen) {
        tty_set_open(false);
        tty_out_close();
        tty_release_signals();
        return err_set(err, ERR_FAILED, "TERM=%.60s: the terminal could not be opened", name);
    }
    set_term(term.screen);
    enter_modes();
    define_arrows();
    keyok(KEY_MOUSE, FALSE); /* see mouse.h */
    term.colors = number_value("colors");
    term.all = true;
    return 0;
}

void term_close(void)
{
    if (!term.screen)
        return;
    leave_modes();
    tty_set_open(false);
    delscreen(term.screen);
    tty_out_close();
    term.screen = NULL;
    term.started = term.color = false;
    term.pairs = 0;
    cells_free(&term.shown);
    free(term.appearance);
    term.appearance = NULL;
    tty_release_signals();
}

bool term_suspend(bool group)
{
    struct sigaction sa = {.sa_handler = SIG_DFL}, ours;

    if (sigaction(SIGTSTP, NULL, &ours) || ours.sa_handler == SIG_IGN)
        return false;
    leave_modes();
    sigemptyset(&sa.sa_mask);
    sigaction(SIGTSTP, &sa, NULL);
    /* a group that is not the terminal's would be of others, who pressed nothing */
    kill(group && tcgetpgrp(STDIN_FILENO) == getpgrp() ? 0 : getpid(), SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
    term.string.open = false;
    sequence_close(&term.sequence);
    paste_close(&term.paste);
    enter_modes();
    term_redraw();
    tty_wake(); /* the window may have changed meanwhile */
    return true;
}

bool term_utf8(void)
{
    return term.utf8;
}

enum tier term_tier(void)
{
    enum tier wanted = term.wanted;

    if (wanted == TIER_DIRECT && term.colors <= 256)
        wanted = TIER_256;
    if (wanted == TIER_256 && term.colors < 256)
        wanted = TIER_16;
    if (wanted == TIER_16 && term.colors < 8)
        wanted = TIER_NONE;
    return wanted;
}

void term_size(int *rows, int *cols)
{
    if (!window_size(rows, cols)) {
        *rows = LINES;
        *cols = COLS;
    } else if (*rows != LINES || *cols != COLS) {
        resizeterm(*rows, *cols);
        term.all = true;
    }
}

int term_key_fd(void)
{
    return STDIN_FILENO;
}

int term_signal_fd(void)
{
    return tty_signal_fd();
}

struct term_signals term_take_signals(void)
{
    return tty_take_signals();
}

/* ---- showing cells ---- */

static int color_pair(int fg, int bg)
{
    int limit = COLOR_PAIRS - 1 < PAIRS_MAX ? COLOR_PAIRS - 1 : PAIRS_MAX;

    if (fg < 0 && bg < 0)
        return 0;
    for (int i = 0; i < term.pairs; i++)
        if (term.pair[i].fg == fg && term.pair[i].bg == bg)
            return i + 1;
    if (term.pairs >= limit || init_extended_pair(term.pairs + 1, fg, bg) == ERR)
        return 0;
    term.pair[term.pairs].fg = fg;
    term.pair[term.pairs].bg = bg;
    return ++term.pairs;
}

static void start_colors(void)
{
    if (!term.started && term.tier != TIER_NONE && has_colors()) {
        start_color();
        use_default_colors();
        term.color = true;
    }
    term.started = true;
}

/* The colour number for a terminal with 24-bit colours: 0 to 7 are its first eight colours, others
 * are RGB. */
static int32_t direct_color(int32_t color)
{
    if (term.tier == TIER_DIRECT)
        return color >= 0 && color < 8 ? 8 : color;
    return color >= 8 ? (int32_t)color_256_rgb(color) : color;
}

static struct appearance make_appearance(const struct cell *cell)
{
    struct style s = theme_style(term.theme, term.tier, cell->role, cell->back, cell->attr);
    struct appearance appearance = {A_NORMAL, 0};

    appearance.attr |= s.attr & ATTR_BOLD ? A_BOLD : A_NORMAL;
    appearance.attr |= s.attr & ATTR_UNDERLINE ? A_UNDERLINE : A_NORMAL;
    appearance.attr |= s.attr & ATTR_REVERSE ? A_REVERSE : A_NORMAL;
    appearance.attr |= s.attr & ATTR_DIM ? A_DIM : A_NORMAL;
    appearance.attr |= s.attr & ATTR_ITALIC ? A_ITALIC : A_NORMAL;
    if (term.color && term.tier != TIER_NONE) {
        if (term.tier == TIER_16 && term.colors < 16) {
            /* Bold makes a colour bright there, but not black in many terminals: then use the
             * default text colour. */
            appearance.attr |= s.fg > 8 ? A_BOLD : A_NORMAL;
            s.fg = s.fg == 8 && s.bg < 0 ? -1 : s.fg < 0 ? s.fg : s.fg & 7;
            s.bg = s.bg < 0 ? s.bg : s.bg & 7;
        }
        if (term.colors > 256) {
            s.fg = direct_color(s.fg);
            s.bg = direct_color(s.bg);
        }
        appearance.pair = color_pair(s.fg, s.bg);
    }
    return appearance;
}

/* Each pair of role and ground is looked up once per theme. */
static struct appearance cell_appearance(const struct cell *cell)
{
    struct appearance appearance;

    if (cell->attr || cell->role >= ROLES || cell->back >= ROLES) {
        appearance = make_appearance(cell);
    } else {
        if (!term.known[cell->role][cell->back]) {
            term.known[cell->role][cell->back] = true;
            term.looks[cell->role][cell->back] = make_appearance(cell);
        }
        appearance = term.looks[cell->role][cell->back];
    }
    /* Bold has no visible effect on braille and block characters and costs bytes. */
    if (term.tier <= TIER_256 && cell->ch >= 0x2500 && cell->ch <= 0x28ff)
        appearance.attr &= ~A_BOLD;
    return appearance;
}

static int pair_ground(int pair)
{
    return pair > 0 ? term.pair[pair - 1].bg : -1;
}

/* Is the blank within a short gap, with text after it in its row? */
static bool is_gap(const struct cell *cell, int left)
{
    for (int i = 1; i <= GAP_COLS && i < left; i++)
        if (cell[i].ch != ' ')
            return true;
    return false;
}

/* Only the background of a blank is visible. In a gap it takes the text colour of the previous
 * cell, to avoid colour changes within a line of dots; it keeps that while unchanged. */
static struct appearance blank_appearance(struct appearance own, const struct appearance *before)
{
    const attr_t seen = A_UNDERLINE | A_REVERSE;

    if (((own.attr | before->attr) & seen) || pair_ground(own.pair) != pair_ground(before->pair))
        return own;
    return *before;
}

static void show_cell(int x, int y, const struct cell *cell, bool erased)
{
    struct appearance *appearance = &term.appearance[y * term.shown.cols + x];
    wchar_t text[2] = {(wchar_t)cell->ch, 0};
    cchar_t cc;
    int pair;
    attr_t a;

    *appearance = cell_appearance(cell);
    if (cell->ch == 0)
        return;
    if (cell->ch == ' ' && x > 0 && is_gap(cell, term.shown.cols - x))
        *appearance = blank_appearance(*appearance, appearance - 1);
    a = appearance->attr;
    pair = appearance->pair;
    if (erased && cell->ch == ' ' && a == A_NORMAL && pair == 0)
        return;
    if (!term.utf8 && cell->ch >= 0x80) {
        char letter = glyphs_acs_letter(cell->ch);

        attr_set(a, 0, &pair);
        mvaddch(y, x, letter ? NCURSES_ACS(letter) : '?');
        attr_set(A_NORMAL, 0, NULL);
        return;
    }
    if (wcwidth(text[0]) < 0) /* curses would replace it by a character of another width */
        text[0] = L'?';
    setcchar(&cc, text, a, 0, &pair);
    mvadd_wch(y, x, &cc);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    return a->ch == b->ch && a->role == b->role && a->back == b->back && a->attr == b->attr;
}

/* Compare field by field, because padding bytes of a style are undefined. */
static void make_appearances(int n)
{
    memset(term.known, 0, sizeof term.known);
    free(term.appearance);
    term.appearance = calloc((size_t)n, sizeof *term.appearance);
    if (!term.appearance) {
        term_close();
        abort();
    }
}

static bool same_theme(const struct theme *a, const struct theme *b)
{
    for (int tier = 0; tier < TIERS; tier++)
        for (int role = 0; role < ROLES; role++) {
            const struct style *s = &a->style[tier][role], *o = &b->style[tier][role];

            if (s->fg != o->fg || s->bg != o->bg || s->attr != o->attr)
                return false;
        }
    return strcmp(a->name, b->name) == 0;
}

void term_show(const struct cells *c, const struct theme *theme, enum tier tier)
{
    static const char begin[] = "\033[?2026h", end[] = "\033[?2026l";
    if (!tty_out_ready())
        return;
    bool all = term.all || term.tier != tier || term.shown.rows != c->rows ||
               term.shown.cols != c->cols || !same_theme(&term.theme_copy, theme);

    if (all) {
        term.theme_copy = *theme;
        term.theme = &term.theme_copy;
        term.tier = tier;
        start_colors();
        cells_resize(&term.shown, c->rows, c->cols);
        make_appearances(c->rows * c->cols);
        term.pairs = 0; /* colour pairs of the previous theme can be reused */
        erase();
    }
    if (term.all)
        clearok(curscr, TRUE);
    for (int y = 0; y < c->rows; y++)
        for (int x = 0; x < c->cols; x++) {
            const struct cell *cell = &c->cell[y * c->cols + x];
            struct cell *was = &term.shown.cell[y * c->cols + x];

            if (all || !same_cell(cell, was)) {
                show_cell(x, y, cell, all);
                *was = *cell;
            }
        }
    term.all = false;
    tty_out_add(begin, sizeof begin - 1);
    if (term.cursor_x >= 0)
        move(term.cursor_y, term.cursor_x);
    wnoutrefresh(stdscr);
    doupdate();
    curs_set(term.cursor_x >= 0);
    tty_out_add(end, sizeof end - 1);
    tty_out_send();
}

void term_redraw(void)
{
    term.all = true;
}

void term_cursor(int x, int y)
{
    term.cursor_x = x;
    term.cursor_y = y;
}

/* ---- input ---- */

static uint32_t key_of(int rc, wint_t w)
{
    static const struct {
        int curses;
        uint32_t key;
    } map[] = {{KEY_UP, KEYCODE_UP},
               {KEY_DOWN, KEYCODE_DOWN},
               {KEY_LEFT, KEYCODE_LEFT},
               {KEY_RIGHT, KEYCODE_RIGHT},
               {KEY_HOME, KEYCODE_HOME},
               {KEY_END, KEYCODE_END},
               {KEY_PPAGE, KEYCODE_PGUP},
               {KEY_NPAGE, KEYCODE_PGDN},
               {KEY_DC, KEYCODE_DELETE},
               {KEY_BTAB, KEYCODE_BACKTAB},
               {KEY_F(1), KEYCODE_F1},
               {KEY_F(5), KEYCODE_F5},
               {KEY_BACKSPACE, KEYCODE_BACKSPACE},
               {KEY_ENTER, KEYCODE_ENTER}};

    if (rc != KEY_CODE_YES) {
        if (w == '\n')
            return KEYCODE_ENTER;
        return w == 8 ? KEYCODE_BACKSPACE : (uint32_t)w;
    }
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].curses == (int)w)
            return map[i].key;
    return KEYCODE_OTHER;
}

/* Reads a byte that is not UTF-8, such as one of an X10 report beyond column 95. Curses would
 * remove its eighth bit, because it does not see the terminal's modes. It has not read more from
 * the descriptor than it has returned, so reading there is safe. */
static uint32_t next_byte(void)
{
    struct pollfd key = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;
    return poll(&key, 1, BYTE_MS) > 0 && read(STDIN_FILENO, &byte, 1) == 1 ? byte : 0;
}

/* The sequence that has just ended is unknown to curses: dropped, but for the mouse and the begin of
 * a paste. True: it was an event of the mouse. */
static bool end_sequence(struct input *in, wint_t final)
{
    const struct sequence *s = &term.sequence;
    uint32_t three[3];

    if (s->introducer != '[')
        return false;
    if (final == '~' && strcmp(s->params, "200") == 0) {
        paste_begin(&term.paste);
        return false;
    }
    if (!mouse_is_x10(s->params, (uint32_t) final))
        return mouse_sgr(s->params, (uint32_t) final, in);
    for (unsigned i = 0; i < 3; i++)
        if (!(three[i] = next_byte())) {
            sequence_skip(&term.sequence, 3 - i);
            return false;
        }
    return mouse_x10(three, in);
}

/* While a sequence is open. True: it was an event of the mouse. */
static bool take_of_sequence(struct input *in, wint_t w)
{
    switch (sequence_take(&term.sequence, (uint32_t)w)) {
    case SEQUENCE_DONE:
        return end_sequence(in, w);
    case SEQUENCE_CUT:
        unget_wch((wchar_t)w);
        break;
    case SEQUENCE_MORE:
        break;
    }
    return false;
}

/* What follows an ESC at once is a sequence unknown to curses, the begin of a control string, or a
 * key pressed with Alt. Its characters must not act as keys of their own. */
static bool take_sequence(struct input *in, wint_t w)
{
    if (w == '[' || w == 'O') {
        sequence_open(&term.sequence, (uint32_t)w, false);
        return false;
    }
    if (control_string_begins((uint32_t)w)) {
        control_string_open(&term.string);
        return false;
    }
    *in = (struct input){.kind = INPUT_KEY, .key = KEYCODE_OTHER};
    return true;
}

static bool take_key(struct input *in, int rc, wint_t w)
{
    *in = (struct input){.kind = INPUT_KEY, .key = key_of(rc, w)};
    return true;
}

/* After an ESC. It is the key Esc when nothing follows at once, or what follows is known to be a
 * key: one that curses has decoded, another Esc, Ctrl-C. */
static bool take_escape(struct input *in)
{
    wint_t w;
    int rc = get_wch(&w);

    if (rc == OK && !control_cuts((uint32_t)w))
        return take_sequence(in, w);
    if (rc == OK)
        unget_wch((wchar_t)w);
    else if (rc == KEY_CODE_YES)
        ungetch((int)w);
    else
        sequence_escape(&term.sequence);
    return take_key(in, OK, KEYCODE_ESC);
}

static bool more_at_once(void)
{
    wint_t next;
    int rc = get_wch(&next);

    if (rc == KEY_CODE_YES)
        ungetch((int)next);
    else if (rc == OK)
        unget_wch((wchar_t)next);
    return rc == OK && !control_cuts((uint32_t)next);
}

/* The first character after an ESC that came alone, which has acted as Esc. The rest of a sequence
 * comes at once as a rule; what comes by itself is a key, but for O, which is none. */
static bool take_after_escape(struct input *in, wint_t w)
{
    if (w == 'O' || ((w == '[' || control_string_begins((uint32_t)w)) && more_at_once()))
        return take_sequence(in, w);
    if (w == '[')
        sequence_open(&term.sequence, (uint32_t)w, true);
    return take_key(in, OK, w);
}

/* While a control string is open. */
static bool take_of_string(struct input *in, wint_t w)
{
    switch (control_string_take(&term.string, (uint32_t)w)) {
    case STRING_CUT:
        return take_key(in, OK, w);
    case STRING_CUT_BY_ESC:
        return control_cuts((uint32_t)w) ? take_key(in, OK, w) : take_sequence(in, w);
    case STRING_TAKEN:
        break;
    }
    return false;
}

/* While a paste is open. Its end may be lost, so a Ctrl-C that comes by itself, as a pressed one does,
 * ends it and acts. */
static bool take_of_paste(struct input *in, int rc, wint_t w)
{
    if (rc == KEY_CODE_YES)
        return false;
    if (w == KEY_CTRL('c') && paste_waits(&term.paste) && !more_at_once()) {
        paste_close(&term.paste);
        return take_key(in, OK, w);
    }
    if (!paste_take(&term.paste, (uint32_t)w))
        return false;
    *in = (struct input){.kind = INPUT_PASTE, .paste = paste_text(&term.paste)};
    return true;
}

/* True: with this character an event is complete. */
static bool take_character(struct input *in, int rc, wint_t w)
{
    bool code = rc == KEY_CODE_YES, escape = term.sequence.escape;

    if (code && (int)w != KEY_RESIZE) { /* a key cuts a string and a sequence short */
        term.string.open = false;
        sequence_close(&term.sequence);
    }
    if (term.paste.open)
        return take_of_paste(in, rc, w);
    if (code && (int)w == KEY_RESIZE) {
        *in = (struct input){.kind = INPUT_RESIZE};
        return true;
    }
    if (term.string.open)
        return take_of_string(in, w);
    if (term.sequence.open)
        return take_of_sequence(in, w);
    sequence_close(&term.sequence);
    if (!code && w == KEYCODE_ESC)
        return take_escape(in);
    if (escape && !code)
        return take_after_escape(in, w);
    if (!code && w >= 0x80 && w < 0xa0) /* a C1 control: short for ESC and this letter */
        return take_sequence(in, w - 0x40);
    return take_key(in, rc, w);
}

bool term_read(struct input *in)
{
    wint_t w;
    int rc = OK;

    for (int i = 0; i < CHARACTERS_A_READ && !tty_signal_waits() && (rc = get_wch(&w)) != ERR; i++)
        if (take_character(in, rc, w))
            return true;
    if (rc == ERR) {
        control_string_empty(&term.string, clock_ns());
        sequence_empty(&term.sequence, clock_ns());
        paste_empty(&term.paste, clock_ns());
    }
    return false;
}
