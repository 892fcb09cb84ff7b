/* Draws a form: fields with values, accepted input, and errors; see form_draw.h. */
#include "ui/widgets/form_draw.h"

#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "ui/draw/box.h"
#include "ui/draw/hits.h"
#include "ui/term/glyphs.h"
#include "ui/term/input.h"
#include "ui/widgets/form_fields.h"

static const char *start_word(const struct form *f)
{
    return f->kind == FORM_ADD && !f->backend ? "choose"
           : f->kind == FORM_ADD              ? "start the load"
           : f->kind == FORM_EDIT             ? "carry out"
                                              : "start the sweep";
}

/* Draws a button, which shows its key and its action and can be clicked. */
static int button_draw(struct cells *c, struct hits *hits, int x, int y, uint32_t key,
                       const char *name, const char *word, bool first)
{
    int from = x;

    x = cells_text(c, x, y, first ? ROLE_DIAL : ROLE_KEY, "[ ");
    x = cells_text(c, x, y, first ? ROLE_DIAL : ROLE_KEY, name);
    x = cells_text(c, x, y, first ? ROLE_DIAL : ROLE_KEY, "  ");
    x = cells_text(c, x, y, first ? ROLE_DIAL : ROLE_KEY, word);
    x = cells_text(c, x, y, first ? ROLE_DIAL : ROLE_KEY, " ]");
    hits_add(hits, rect_of(from, y, x - from, 1), HIT_BUTTON, (int)key);
    return x + 2;
}

static void buttons_draw(struct cells *c, const struct form *f, struct hits *hits, int x, int y)
{
    x = button_draw(c, hits, x, y, KEYCODE_ENTER, "Enter", start_word(f), true);
    if (f->kind == FORM_ADD && f->backend)
        x = button_draw(c, hits, x, y, KEY_CTRL('t'), "Ctrl-T", "test the connection", false);
    button_draw(c, hits, x, y, KEYCODE_ESC, "Esc", "leave", false);
}

static void choice_draw(struct cells *c, struct form *f, struct hits *hits)
{
    int n = 0, w = c->cols < 92 ? c->cols : 92;
    struct rect r;

    while (f->backends && f->backends[n])
        n++;
    r = rect_of((c->cols - w) / 2, c->rows > n + 6 ? (c->rows - n - 6) / 2 : 0, w, n + 5);
    box_dialog(c, r, "add a pool: choose a backend");
    for (int i = 0; i < n; i++) {
        const struct backend *b = f->backends[i];
        int y = r.y + 1 + i;
        bool on = i == f->choice;

        if (on)
            cells_back(c, rect_of(r.x + 1, y, r.w - 2, 1), ROLE_SELECTED);
        cells_text(c, r.x + 2, y, ROLE_ACCENT, on ? c->glyphs->select : " ");
        cells_field(c, r.x + 4, y, 11, ALIGN_LEFT, b->unavailable ? ROLE_DIM : ROLE_STRONG,
                    b->name);
        cells_field(c, r.x + 16, y, r.w - 18, ALIGN_LEFT, b->unavailable ? ROLE_DIM : ROLE_TEXT,
                    b->unavailable ? b->unavailable : b->summary);
        hits_add(hits, rect_of(r.x + 1, y, r.w - 2, 1), HIT_FIELD, i);
    }
    cells_field(c, r.x + 2, r.y + n + 2, r.w - 4, ALIGN_LEFT, ROLE_BAD, f->error);
    buttons_draw(c, f, hits, r.x + 2, r.y + n + 3);
}

static void field_row(struct cells *c, const struct form *f, struct hits *hits, int *cursor_x,
                      int *cursor_y, int i, int x, int y, int w)
{
    struct form_field *field = &f->field[i];
    bool on = i == f->at;
    int value_w = w >= 84 ? 34 : w >= 60 ? w - 44 : w - 18;
    bool changed = f->kind == FORM_EDIT && strcmp(field->text.s, field->was) != 0;

    cells_text(c, x, y, ROLE_ACCENT, on ? c->glyphs->select : " ");
    cells_field(c, x + 2, y, 13, ALIGN_LEFT, on ? ROLE_STRONG : ROLE_TEXT, field->name);
    if (field->text.len == 0 && field->def[0] && !on)
        cells_field(c, x + 16, y, value_w, ALIGN_LEFT, ROLE_DIM, field->def);
    else
        field_draw(c, x + 16, y, value_w, &field->text,
                   field->fixed ? ROLE_DIM
                   : on         ? ROLE_FIELD
                   : changed    ? ROLE_WARN
                                : ROLE_STRONG,
                   on && !field->fixed ? cursor_x : NULL);
    if (on && !field->fixed)
        *cursor_y = y;
    hits_add(hits, rect_of(x, y, w, 1), HIT_FIELD, i);
    if (w < 60)
        return;
    if (field->error[0])
        cells_field(c, x + 17 + value_w, y, w - value_w - 18, ALIGN_LEFT, ROLE_BAD, field->error);
    else
        cells_field(c, x + 17 + value_w, y, w - value_w - 18, ALIGN_LEFT, ROLE_LABEL, field->type);
}

/* Draws the choices, with the present one marked, if they do not fit into the field's own line.
 * Left and right select one. */
static void choices_draw(struct cells *c, const struct form *f, int x, int y, int w)
{
    const struct form_field *field = &f->field[f->at];
    const char *at = field->choices, *now = field->text.len ? field->text.s : field->def;
    int end = x + w;

    if (field->fixed || f->test != TEST_NONE ||
        (field->spec && (field->spec->flags & OPTION_REOPEN)))
        return;
    for (;;) { /* start so that the present choice is visible */
        size_t len = strcspn(at, "|"), upto = 0;
        int used = 0;

        for (;;) {
            size_t n = strcspn(at + upto, "|");

            used += (int)n + 2;
            if ((strlen(now) == n && !strncmp(at + upto, now, n)) || !at[upto + n])
                break;
            upto += n + 1;
        }
        if (used <= w - 4 || !at[len])
            break;
        at += len + 1;
    }
    if (at != field->choices)
        x = cells_text(c, x, y, ROLE_LABEL, c->glyphs->ellipsis);
    while (*at) {
        size_t len = strcspn(at, "|");
        char word[64];
        bool on;

        snprintf(word, sizeof word, "%.*s", (int)len, at);
        on = !strcmp(word, now);
        if (x + text_width(word) + 2 > end) {
            cells_text(c, end - text_width(c->glyphs->ellipsis), y, ROLE_LABEL,
                       c->glyphs->ellipsis);
            return;
        }
        x = cells_textf(c, x, y, on ? ROLE_STRONG : ROLE_LABEL, on ? "[%s]" : " %s ", word);
        at += len + (at[len] == '|');
    }
}

static void note_draw(struct cells *c, const struct form *f, struct hits *hits, struct rect r)
{
    const struct form_field *field = &f->field[f->at];
    bool reopen = f->kind == FORM_EDIT && field->spec && (field->spec->flags & OPTION_REOPEN);
    char text[512];

    if (field->error[0] || f->error[0]) {
        cells_field(c, r.x, r.y, r.w, ALIGN_LEFT, ROLE_BAD,
                    field->error[0] ? field->error : f->error);
    } else {
        snprintf(text, sizeof text, "%s%s%s%s", field->help, field->def[0] ? "  (left empty: " : "",
                 field->def, field->def[0] ? ")" : "");
        cells_field(c, r.x, r.y, r.w, ALIGN_LEFT, ROLE_TEXT, text);
        choices_draw(c, f, r.x, r.y + 1, r.w);
    }
    if (field->fixed && f->kind == FORM_EDIT)
        cells_field(c, r.x, r.y + 1, r.w, ALIGN_LEFT, ROLE_WARN,
                    "it is set when the pool starts: add a pool with another value, and stop this");
    if (reopen)
        cells_text(c, r.x, r.y + 1, ROLE_WARN, "a change opens the connections anew");
    if (f->test != TEST_NONE)
        cells_field(c, r.x, r.y + 1, r.w, ALIGN_LEFT,
                    f->test == TEST_GOOD  ? ROLE_GOOD
                    : f->test == TEST_BAD ? ROLE_BAD
                                          : ROLE_LABEL,
                    f->test == TEST_RUNNING ? "looking at it: at most 10 s" : f->test_text);
    buttons_draw(c, f, hits, r.x, r.y + 2);
}

void form_draw(struct cells *c, struct form *f, struct hits *hits, int *cursor_x, int *cursor_y)
{
    int w = c->cols < 110 ? c->cols : 110, rows = f->fields, page;
    char title[96];
    struct rect r;

    if (f->kind == FORM_ADD && !f->backend) {
        choice_draw(c, f, hits);
        return;
    }
    if (f->kind == FORM_NONE || !f->field)
        return;
    page = c->rows - 6 < rows ? c->rows - 6 : rows;
    if (page < 1)
        page = 1;
    if (f->scroll > f->at)
        f->scroll = f->at;
    if (f->at >= f->scroll + page)
        f->scroll = f->at - page + 1;
    r = rect_of((c->cols - w) / 2, c->rows > page + 5 ? (c->rows - page - 5) / 2 : 0, w, page + 5);
    if (f->kind == FORM_ADD)
        snprintf(title, sizeof title, "add a pool: %s", f->backend->name);
    else if (f->kind == FORM_EDIT)
        snprintf(title, sizeof title, "edit pool %u while it runs", f->pool);
    else
        snprintf(title, sizeof title, "sweep pool %u", f->pool);
    box_dialog(c, r, title);
    for (int i = f->scroll; i < rows && i - f->scroll < page; i++)
        field_row(c, f, hits, cursor_x, cursor_y, i, r.x + 2, r.y + 1 + i - f->scroll, r.w - 4);
    if (rows > page)
        cells_textf(c, r.x + r.w - 12, r.y, ROLE_LABEL, " %d of %d ", f->at + 1, rows);
    note_draw(c, f, hits, rect_of(r.x + 2, r.y + page + 1, r.w - 4, 3));
    cells_back(c, rect_of(r.x + 1, r.y + 1, r.w - 2, r.h - 2), ROLE_DIALOG);
}
