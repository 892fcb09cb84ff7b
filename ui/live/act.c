/* Actions of keys, mouse and pastes; see keys.h for the table and app_state.h for the state.
 *
 * Changes of load are sent as commands. A paste goes to text fields only, and a held key turns a
 * dial at most four times a second, regardless of the terminal's repeat rate. */
#include "ui/live/act.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/text.h"
#include "ui/live/app_state.h"
#include "ui/live/ask.h"
#include "ui/live/capture.h"
#include "ui/live/probe.h"
#include "ui/live/prompt.h"
#include "ui/term/glyphs.h"
#include "ui/term/theme_files.h"
#include "ui/views/overview.h"
#include "ui/widgets/dial.h"
#include "ui/widgets/form.h"
#include "ui/widgets/form_sweep.h"

static const double spans[] = {60, 300, 900, 3600, 0}; /* 0: the whole run */
#define SPANS ((int)(sizeof spans / sizeof *spans))

/* ---- navigation ---- */

static void select_pool(struct app *a, int by)
{
    const struct snapshot *s = app_shown(a);
    unsigned order[POOLS_MAX];
    int at = 0, now = screen_pool_index(&a->sc, s), n = (int)s->pools;

    if (n == 0)
        return;
    overview_order(s, &a->sc, order);
    for (int i = 0; i < n; i++)
        if ((int)order[i] == now)
            at = i;
    at = by < 0 && -by > at ? 0 : at + by;
    at = at >= n ? n - 1 : at;
    a->sc.pool = s->pool[order[at]].number;
}

static void move(struct app *a, int by)
{
    struct screen *sc = &a->sc;

    if (screen_view(sc)->own_rows) {
        int row = sc->row[sc->view], last = sc->rows[sc->view] - 1;

        row = by < 0 && -by > row ? 0 : row + by;
        row = row > last ? last : row;
        sc->row[sc->view] = row > 0 ? row : 0; /* not negative, also in a table without rows */
    } else {
        select_pool(a, by);
    }
}

/* Shows the view at this index of the table; does nothing for an invalid index. */
static void set_view(struct app *a, int place)
{
    for (int i = 0; a->sc.views[i]; i++)
        if (i == place) {
            a->sc.view = place;
            a->sc.full = -1;
        }
}

/* Shows the view `by` positions further, cyclically. */
static void next_view(struct app *a, int by)
{
    int n = 0;

    while (a->sc.views[n])
        n++;
    if (n > 0)
        set_view(a, (a->sc.view + by + n) % n);
}

static void sort_by(struct app *a, int by)
{
    struct screen *sc = &a->sc;
    int *sort = &sc->sort[sc->view];
    int n = sc->columns[sc->view];

    if (!screen_view(sc)->unsorted || n == 0)
        return;
    /* One step before the first and one after the last column, the rows are unsorted. */
    *sort += by;
    if (*sort >= n)
        *sort = -1;
    if (*sort < -1)
        *sort = n - 1;
    if (*sort == -1)
        app_notice(a, ROLE_BAR, "%s", screen_view(sc)->unsorted);
}

static void zoom(struct app *a, int by)
{
    int at = 0;

    for (int i = 0; i < SPANS; i++)
        if (fabs(a->sc.span_s - spans[i]) < 0.5)
            at = i;
    at += by;
    if (at >= 0 && at < SPANS)
        a->sc.span_s = spans[at];
    memset(a->sc.axis, 0, sizeof a->sc.axis);
    a->sc.axis_pool = 0;
}

/* Moves the cursor by a column; the first press puts it at the newest one. */
static void move_cursor(struct app *a, int by)
{
    struct screen *sc = &a->sc;
    /* The axis may begin before the start of the run, where there is no data. */
    double first = sc->from_s > 0 ? sc->from_s + sc->step_s / 2 : 0;
    double last = sc->from_s + sc->length_s - sc->step_s / 2;

    if (sc->step_s <= 0)
        return;
    if (sc->cursor_s < 0 || sc->cursor_s < sc->from_s) {
        sc->cursor_s = last;
        return;
    }
    sc->cursor_s += by * sc->step_s;
    if (sc->cursor_s < first)
        sc->cursor_s = first;
    if (sc->cursor_s > last)
        sc->cursor_s = last;
}

static void next_full(struct app *a)
{
    struct screen *sc = &a->sc;
    int before = sc->full;

    sc->full = layout_next_full(&screen_view(sc)->plan, before);
    if (sc->full < 0 && before < 0)
        app_notice(a, ROLE_BAR, "this view is one panel already");
}

static void freeze(struct app *a)
{
    if (a->frozen) {
        snapshot_release(a->frozen);
        a->frozen = NULL;
        a->sc.frozen = false;
        return;
    }
    a->frozen = snapshot_retain(a->live);
    a->sc.frozen = true;
    a->sc.frozen_s = a->live->now_s;
}

static void back(struct app *a, bool may_quit)
{
    struct screen *sc = &a->sc;
    unsigned on = 0;

    if (sc->cursor_s >= 0 && !may_quit) {
        sc->cursor_s = -1;
    } else if (sc->full >= 0) {
        sc->full = -1;
    } else if (sc->find[0]) {
        sc->find[0] = '\0';
    } else if (sc->view != 0) {
        set_view(a, 0);
    } else if (sc->compare && !may_quit) {
        sc->compare = false;
    } else if (may_quit) {
        for (unsigned i = 0; i < a->live->pools; i++)
            on += a->live->pool[i].state == POOL_LOADING || a->live->pool[i].state == POOL_DOWN ||
                  (a->live->pool[i].state == POOL_OPENING && !a->live->pool[i].guard[0]);
        if (on == 0 || a->live->ended)
            app_quit(a);
        else
            act_ask(
                a, ASK_QUIT,
                "Load is on in %u pool%s. End the run and quit? The report is printed afterwards.",
                on, on == 1 ? "" : "s");
    }
}

static void look(struct app *a, enum action action)
{
    struct screen *sc = &a->sc;

    switch (action) {
    case ACT_UP:
    case ACT_DOWN:
        move(a, action == ACT_UP ? -1 : 1);
        break;
    case ACT_PGUP:
    case ACT_PGDN:
        move(a, action == ACT_PGUP ? -sc->page : sc->page);
        break;
    case ACT_HOME:
    case ACT_END:
        move(a, action == ACT_HOME ? -100000 : 100000);
        break;
    case ACT_NEXT_VIEW:
    case ACT_PREVIOUS_VIEW:
        next_view(a, action == ACT_NEXT_VIEW ? 1 : -1);
        break;
    case ACT_INTO:
        if (screen_view(sc)->into)
            set_view(a, screen_view_place(sc, screen_view(sc)->into));
        break;
    case ACT_SORT_LEFT:
    case ACT_SORT_RIGHT:
        sort_by(a, action == ACT_SORT_LEFT ? -1 : 1);
        break;
    case ACT_SORT_INVERT:
        sc->invert[sc->view] = !sc->invert[sc->view];
        break;
    case ACT_ZOOM_IN:
    case ACT_ZOOM_OUT:
        zoom(a, action == ACT_ZOOM_IN ? -1 : 1);
        break;
    case ACT_CURSOR_BACK:
    case ACT_CURSOR_ON:
        move_cursor(a, action == ACT_CURSOR_BACK ? -1 : 1);
        break;
    case ACT_FULL:
        next_full(a);
        break;
    case ACT_FIND_NEXT:
    case ACT_FIND_PREVIOUS:
        prompt_find_next(a, action == ACT_FIND_NEXT);
        break;
    default:
        break;
    }
}

/* ---- load ---- */

static void turn(struct app *a, const struct pool_snapshot *p, bool up)
{
    char command[COMMAND_TEXT_MAX];

    if (!keys_turn_allowed(&a->turns, a->sc.clock))
        return;
    dial_step(p, a->sc.dial, up, command, sizeof command);
    if (command[0])
        app_send(a, BY_KEY, "%s", command);
    else if (a->sc.dial == DIAL_DEPTH && p->load.pattern == PATTERN_SYNC)
        app_notice(a, ROLE_CAUTION,
                   "pattern sync keeps one in flight: turn the pattern before the depth");
    else
        app_notice(a, ROLE_CAUTION, "%s of %s goes no %s", dial_name(p, a->sc.dial), p->name,
                   up ? "higher" : "lower");
}

static void stop(struct app *a, const struct pool_snapshot *p)
{
    if (p->state == POOL_STOPPED || p->state == POOL_ENDED) {
        app_send(a, BY_KEY, "%u start", p->number);
        return;
    }
    snprintf(a->sc.question_command, sizeof a->sc.question_command, "%u stop", p->number);
    act_ask(a, ASK_STOP,
            "Stop pool %u, %s (%s)? What is in flight drains for up to 5 s; its figures stay.",
            p->number, p->name, p->target);
}

static void open_form(struct app *a, enum form_kind kind)
{
    const struct pool_snapshot *p = app_pool(a);

    if (kind != FORM_ADD && !p) {
        app_notice(a, ROLE_CAUTION, "there is no pool");
        return;
    }
    if (kind == FORM_ADD && a->live->pools >= POOLS_MAX) {
        app_notice(a, ROLE_CAUTION, "at most %d pools are allowed at a time: remove one first",
                   POOLS_MAX);
        return;
    }
    if (kind == FORM_ADD)
        form_open_add(&a->sc.form, a->settings->backends);
    else if (kind == FORM_EDIT)
        form_open_edit(&a->sc.form, p);
    else
        form_open_sweep(&a->sc.form, p);
    a->sc.mode = MODE_FORM;
}

static void sweep(struct app *a)
{
    if (a->live->sweep.on)
        app_send(a, BY_KEY, "sweep stop");
    else
        open_form(a, FORM_SWEEP);
}

static void load(struct app *a, enum action action)
{
    const struct pool_snapshot *p = app_pool(a);
    int n = dial_count(p);

    if (action == ACT_UNDO) {
        app_send(a, BY_KEY, "undo");
    } else if (action == ACT_LOCK) {
        app_send(a, BY_KEY, a->live->limits.locked ? "unlock" : "lock");
    } else if (action == ACT_ADD) {
        open_form(a, FORM_ADD);
    } else if (action == ACT_EDIT) {
        open_form(a, FORM_EDIT);
    } else if (action == ACT_SWEEP) {
        sweep(a);
    } else if (!p) {
        app_notice(a, ROLE_CAUTION, "there is no pool: a adds one");
    } else if (action == ACT_DIAL_LEFT || action == ACT_DIAL_RIGHT) {
        a->sc.dial = (a->sc.dial + (action == ACT_DIAL_LEFT ? n - 1 : 1)) % n;
    } else if (action == ACT_TURN_UP || action == ACT_TURN_DOWN) {
        turn(a, p, action == ACT_TURN_UP);
    } else if (action == ACT_PAUSE && p->guard[0]) {
        app_ask_name(a, p);
    } else if (action == ACT_PAUSE && p->awaiting_consent) {
        if (p->state == POOL_PAUSED)
            app_ask_first(a, p);
        else
            app_notice(a, ROLE_CAUTION, "%s was not reached yet: it is asked about once it answers",
                       p->name);
    } else if (action == ACT_PAUSE) {
        app_send(a, BY_KEY, p->state == POOL_PAUSED ? "%u resume" : "%u pause", p->number);
    } else if (action == ACT_STOP) {
        stop(a, p);
    }
}

/* ---- files and the program itself ---- */

static void screen_verb(struct app *a, enum verb verb, const char *text)
{
    struct command c = {.verb = verb};

    copy_str(c.text, sizeof c.text, text);
    capture_command(a, &c);
}

static void interrupt(struct app *a)
{
    if (a->sc.mode == MODE_ASK && a->sc.question == ASK_INTERRUPTED) {
        app_quit(a);
        return;
    }
    app_pause_all(a);
    form_close(&a->sc.form);
    act_ask(a, ASK_INTERRUPTED,
            "All load is paused. End the run and quit with the report? (Ctrl-C again quits; "
            "p resumes a pool, :resume all goes on with all)");
}

/* Opens the input line for the key that was pressed. */
static void open_line(struct app *a, enum action action)
{
    if (action == ACT_COMMAND)
        prompt_open(a, MODE_COMMAND, "");
    else if (action == ACT_MARK)
        prompt_open(a, MODE_MARK, "");
    else if (action == ACT_FIND)
        prompt_open(a, MODE_FIND, "");
    else if (app_pool(a)) /* ACT_EXACT */
        prompt_open(a, MODE_EXACT, "");
}

static void act(struct app *a, enum action action)
{
    char name[64];

    switch (action) {
    case ACT_PAUSE_ALL:
        app_pause_all(a);
        app_notice(a, ROLE_CAUTION,
                   "ALL load is paused: p resumes the selected pool, :resume all goes on with all");
        break;
    case ACT_INTERRUPT:
        interrupt(a);
        break;
    case ACT_SUSPEND:
        app_pause_all(a);
        a->suspend = SUSPEND_GROUP;
        break;
    case ACT_REDRAW:
        term_redraw();
        break;
    case ACT_HELP:
        a->sc.mode = MODE_HELP;
        a->sc.help_scroll = 0;
        a->sc.find[0] = '\0';
        break;
    case ACT_COMMAND:
    case ACT_EXACT:
    case ACT_MARK:
    case ACT_FIND:
        open_line(a, action);
        break;
    case ACT_FREEZE:
        freeze(a);
        break;
    case ACT_COMPARE:
        a->sc.compare = !a->sc.compare;
        break;
    case ACT_CAPTURE:
        screen_verb(a, VERB_SCREENSHOT, "");
        break;
    case ACT_REPORT:
        screen_verb(a, VERB_REPORT, "");
        break;
    case ACT_BASELINE:
        screen_verb(a, VERB_BASELINE, "");
        break;
    case ACT_THEME:
        screen_verb(a, VERB_THEME, theme_next(a->theme.name, name, sizeof name));
        break;
    case ACT_GLYPHS:
        a->cells.glyphs = glyphs_next(a->cells.glyphs, term_utf8());
        app_notice(a, ROLE_BAR, "glyphs: %s%s", a->cells.glyphs->name,
                   term_utf8() ? "" : " (braille and block need a UTF-8 locale)");
        break;
    case ACT_BACK:
    case ACT_QUIT:
        back(a, action == ACT_QUIT);
        break;
    default:
        if (action >= ACT_DIAL_LEFT && action <= ACT_SWEEP)
            load(a, action);
        else
            look(a, action);
        break;
    }
}

/* ---- dialogs ---- */

static void consent(struct app *a, unsigned pool)
{
    struct err err = {0};
    if (engine_consent(a->engine, pool, &err) < 0)
        app_notice(a, ROLE_ALERT, "%s", err.msg);
}

static void start_awaiting_consent(struct app *a)
{
    for (unsigned k = 0; k < a->questions; k++)
        for (unsigned i = 0; i < a->live->pools; i++)
            if (a->live->pool[i].number == a->question[k].pool &&
                a->live->pool[i].consent_epoch == a->question[k].consent_epoch)
                consent(a, a->question[k].pool);
}

static void answer(struct app *a, bool yes)
{
    enum question q = a->sc.question;

    a->sc.mode = MODE_VIEW;
    a->sc.question = ASK_NONE;
    if (q == ASK_FIRST_LOAD && !yes)
        app_notice(a, ROLE_CAUTION, "no load is started: p asks again");
    if (!yes)
        return;
    if (q == ASK_QUIT || q == ASK_INTERRUPTED)
        app_quit(a);
    else if (q == ASK_FIRST_LOAD) {
        app_notice(a, ROLE_BAR, "the load begins");
        start_awaiting_consent(a);
    } else
        app_send(a, BY_KEY, "%s", a->sc.question_command);
}

/* Only the complete name of the host is accepted; anything else loads nothing. */
static void name_key(struct app *a, uint32_t key)
{
    struct screen *sc = &a->sc;

    if (key == KEYCODE_ENTER && strcasecmp(sc->input.s, sc->question_host) == 0) {
        engine_confirm(a->engine, sc->question_host);
        app_notice(a, ROLE_BAR, "%s may be loaded", sc->question_host);
    } else if (key == KEYCODE_ENTER && sc->input.len > 0) {
        snprintf(sc->input_error, sizeof sc->input_error, "that is not its name");
        return;
    } else if (key == KEYCODE_ENTER || key == KEYCODE_ESC) {
        app_notice(a, ROLE_CAUTION, "%s is not loaded: p asks again", sc->question_host);
    } else {
        field_key(&sc->input, key);
        sc->input_error[0] = '\0';
        return;
    }
    sc->mode = MODE_VIEW;
    sc->question = ASK_NONE;
}

static void ask_key(struct app *a, uint32_t key)
{
    if (a->sc.question == ASK_PROTECTED) {
        name_key(a, key);
        return;
    }
    if (key == 'y' || key == 'Y')
        answer(a, true);
    else if (key == 'n' || key == 'N' || key == 'q' || key == KEYCODE_ENTER || key == KEYCODE_ESC)
        answer(a, false);
}

/* Tests the target with the form's values on a thread; the form stays usable meanwhile. */
static void test_connection(struct app *a)
{
    struct form *f = &a->sc.form;
    char url[COMMAND_TEXT_MAX];

    if (f->kind != FORM_ADD || !f->backend || f->test == TEST_RUNNING || !form_check(f))
        return;
    probe_free(a->probe, false);
    form_url(f, url, sizeof url);
    a->probe = probe_start(url, a->settings->backends);
    f->test = a->probe ? TEST_RUNNING : TEST_BAD;
    copy_str(f->test_text, sizeof f->test_text, "no thread for it");
}

void act_probe(struct app *a)
{
    struct form *f = &a->sc.form;
    struct probe_result r;

    if (!a->probe)
        return;
    /* the form was closed, or its values have changed */
    if (a->sc.mode != MODE_FORM || f->test != TEST_RUNNING) {
        probe_free(a->probe, false);
        a->probe = NULL;
        return;
    }
    r = probe_poll(a->probe);
    if (!r.done)
        return;
    f->test = r.good ? TEST_GOOD : TEST_BAD;
    copy_str(f->test_text, sizeof f->test_text, r.text);
    probe_free(a->probe, false);
    a->probe = NULL;
    a->dirty = true;
}

static void form_input(struct app *a, uint32_t key)
{
    if (key == KEY_CTRL('t')) {
        test_connection(a);
        return;
    }
    char command[COMMAND_TEXT_MAX + 512];
    enum form_result result = form_key(&a->sc.form, key);

    if (result == FORM_STAYS)
        return;
    if (result == FORM_DONE)
        for (int i = 0; form_command(&a->sc.form, i, command, sizeof command); i++)
            app_send(a, BY_KEY, "%s", command);
    form_close(&a->sc.form);
    a->sc.mode = MODE_VIEW;
}

static void help_key(struct app *a, uint32_t key)
{
    int *scroll = &a->sc.help_scroll;

    switch (keys_find(key, KEY_IN_VIEW)) {
    case ACT_UP:
        *scroll -= 1;
        break;
    case ACT_DOWN:
        *scroll += 1;
        break;
    case ACT_PGUP:
        *scroll -= a->sc.page;
        break;
    case ACT_PGDN:
    case ACT_PAUSE: /* in the help, a blank scrolls as in a pager and never pauses */
        *scroll += a->sc.page;
        break;
    case ACT_HOME:
        *scroll = 0;
        break;
    case ACT_END:
        *scroll = a->sc.help_lines;
        break;
    case ACT_FIND:
        prompt_open(a, MODE_FIND, "");
        a->sc.finding_help = true;
        return;
    case ACT_BACK:
    case ACT_QUIT:
    case ACT_HELP:
    case ACT_INTO:
        if (a->sc.find[0] && key == KEYCODE_ESC) {
            a->sc.find[0] = '\0';
            return;
        }
        a->sc.find[0] = '\0';
        a->sc.mode = MODE_VIEW;
        return;
    default:
        break;
    }
    if (*scroll > a->sc.help_lines - a->sc.page)
        *scroll = a->sc.help_lines - a->sc.page;
    if (*scroll < 0)
        *scroll = 0;
}

/* ---- input ---- */

static bool typing(const struct app *a)
{
    enum mode m = a->sc.mode;

    return m == MODE_COMMAND || m == MODE_EXACT || m == MODE_MARK || m == MODE_FIND ||
           (m == MODE_ASK && a->sc.question == ASK_PROTECTED) ||
           (m == MODE_FORM && form_is_typing(&a->sc.form));
}

static void key_input(struct app *a, uint32_t key)
{
    enum mode m = a->sc.mode;
    unsigned where = typing(a) ? KEY_IN_TEXT : m == MODE_VIEW ? KEY_IN_VIEW : KEY_IN_DIALOG;
    enum action action = keys_find(key, where);

    if (key == KEY_CTRL('\\')) { /* Ctrl-\ ends the program, as a terminal does by default */
        a->signal = 3;
        return;
    }
    if (action == ACT_VIEW)
        set_view(a, (int)(key - '1'));
    else if (action != ACT_NONE)
        act(a, action);
    else if (m == MODE_ASK)
        ask_key(a, key);
    else if (m == MODE_FORM)
        form_input(a, key);
    else if (m == MODE_HELP)
        help_key(a, key);
    else if (m != MODE_VIEW)
        prompt_key(a, key);
}

static void click(struct app *a, const struct input *in)
{
    const struct hit *h = hits_at(&a->sc.hits, in->x, in->y);
    struct screen *sc = &a->sc;

    if (!h)
        return;
    if (sc->mode == MODE_ASK) { /* while a question is shown, nothing behind it can be clicked */
        if (h->kind == HIT_YES || h->kind == HIT_NO)
            answer(a, h->kind == HIT_YES);
        return;
    }
    if (h->kind == HIT_BUTTON) { /* triggers the key of a dialog's button */
        key_input(a, (uint32_t)h->arg);
        return;
    }
    if (sc->mode == MODE_FORM) {
        if (h->kind == HIT_FIELD && sc->form.backend)
            sc->form.at = h->arg;
        else if (h->kind == HIT_FIELD)
            sc->form.choice = h->arg;
        return;
    }
    if (sc->mode != MODE_VIEW)
        return;
    if (h->kind == HIT_POOL)
        sc->pool = (unsigned)h->arg;
    else if (h->kind == HIT_ROW)
        sc->row[sc->view] = h->arg;
    else if (h->kind == HIT_TAB)
        set_view(a, h->arg);
    else if (h->kind == HIT_DIAL)
        sc->dial = h->arg;
    else if (h->kind == HIT_COLUMN && screen_view(sc)->unsorted) {
        sc->invert[sc->view] = sc->sort[sc->view] == h->arg && !sc->invert[sc->view];
        sc->sort[sc->view] = h->arg;
    } else if (h->kind == HIT_PLOT && h->r.w > 0)
        sc->cursor_s = sc->from_s + (in->x - h->r.x + 0.5) / h->r.w * sc->length_s;
    else if (h->kind == HIT_LEGEND)
        sc->hidden ^= 1u << h->arg;
    else if (h->kind == HIT_PANEL)
        sc->full = sc->full == h->arg ? -1 : h->arg;
}

static void wheel(struct app *a, bool up)
{
    if (a->sc.mode == MODE_HELP)
        help_key(a, up ? KEYCODE_UP : KEYCODE_DOWN);
    else if (a->sc.mode == MODE_VIEW)
        move(a, up ? -1 : 1);
    else if (a->sc.mode == MODE_FORM)
        form_key(&a->sc.form, up ? KEYCODE_UP : KEYCODE_DOWN);
}

void act_input(struct app *a, const struct input *in)
{
    switch (in->kind) {
    case INPUT_KEY:
        key_input(a, in->key);
        break;
    case INPUT_PASTE:
        if (a->sc.mode == MODE_FORM)
            form_paste(&a->sc.form, in->paste);
        else if (a->sc.mode == MODE_ASK && typing(a)) /* the word must be typed */
            app_notice(a, ROLE_CAUTION, "the name is to be typed, not pasted");
        else if (typing(a))
            prompt_paste(a, in->paste);
        else
            app_notice(a, ROLE_CAUTION, "pasted text is taken in text fields only");
        break;
    case INPUT_CLICK:
        click(a, in);
        break;
    case INPUT_WHEEL_UP:
    case INPUT_WHEEL_DOWN:
        wheel(a, in->kind == INPUT_WHEEL_UP);
        break;
    case INPUT_RESIZE:
        break;
    }
    a->dirty = true;
}
