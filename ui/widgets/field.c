/* Text fields and their history; see field.h. */
#include "ui/widgets/field.h"

#include <assert.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/term/input.h"

static_assert(PASTE_MAX > FIELD_MAX, "what was cut must not fit");

void field_set(struct field *f, const char *s)
{
    copy_str(f->s, sizeof f->s, s);
    f->len = (unsigned)strlen(f->s);
    f->at = f->len;
}

static unsigned before(const struct field *f, unsigned at)
{
    const char *s = f->s + at;

    if (at == 0)
        return 0;
    s--;
    while (s > f->s && ((unsigned char)*s & 0xc0) == 0x80)
        s--;
    return (unsigned)(s - f->s);
}

static unsigned after(const struct field *f, unsigned at)
{
    uint32_t ch;

    return at < f->len ? at + (unsigned)utf8_decode(f->s + at, &ch) : at;
}

static void remove_bytes(struct field *f, unsigned from, unsigned to)
{
    memmove(f->s + from, f->s + to, f->len - to + 1);
    f->len -= to - from;
    f->at = from;
}

/* Inserts a character. False: there is no room for it. */
static bool insert_char(struct field *f, uint32_t ch)
{
    char u[4];
    unsigned n = (unsigned)utf8_encode(ch, u);

    if (ch < 0x20 || (ch >= 0x7f && ch < 0xa0) || ch > 0x10ffff)
        return true;
    if (f->len + n + 1 > sizeof f->s)
        return false;
    memmove(f->s + f->at + n, f->s + f->at, f->len - f->at + 1);
    memcpy(f->s + f->at, u, n);
    f->len += n;
    f->at += n;
    return true;
}

bool field_insert(struct field *f, const char *utf8)
{
    const struct field before = *f;

    while (*utf8) {
        uint32_t ch;

        utf8 += utf8_decode(utf8, &ch);
        if (!insert_char(f, ch)) {
            *f = before;
            return false;
        }
    }
    return true;
}

static unsigned word_before(const struct field *f)
{
    unsigned at = f->at;

    while (at > 0 && f->s[at - 1] == ' ')
        at--;
    while (at > 0 && f->s[at - 1] != ' ')
        at--;
    return at;
}

bool field_key(struct field *f, uint32_t key)
{
    if (key == KEYCODE_LEFT)
        f->at = before(f, f->at);
    else if (key == KEYCODE_RIGHT)
        f->at = after(f, f->at);
    else if (key == KEYCODE_HOME || key == KEY_CTRL('a'))
        f->at = 0;
    else if (key == KEYCODE_END || key == KEY_CTRL('e'))
        f->at = f->len;
    else if (key == KEYCODE_BACKSPACE)
        remove_bytes(f, before(f, f->at), f->at);
    else if (key == KEYCODE_DELETE)
        remove_bytes(f, f->at, after(f, f->at));
    else if (key == KEY_CTRL('u'))
        remove_bytes(f, 0, f->at);
    else if (key == KEY_CTRL('k'))
        remove_bytes(f, f->at, f->len);
    else if (key == KEY_CTRL('w'))
        remove_bytes(f, word_before(f), f->at);
    else if (key >= 0x20 && key < 0x110000)
        insert_char(f, key);
    else
        return false;
    return true;
}

/* The character at byte *i as it is drawn; advances *i. `stars` is the text with each byte of a
 * secret replaced by a star. */
static uint32_t shown_char(const struct field *f, const char *stars, unsigned *i)
{
    uint32_t ch;
    unsigned at = *i;

    *i += (unsigned)utf8_decode(f->s + at, &ch);
    return f->secret || stars[at] != f->s[at] ? '*' : ch;
}

void field_draw(struct cells *c, int x, int y, int w, const struct field *f, enum role role,
                int *cursor_x)
{
    struct rect clip = cells_clip(c, rect_of(x, y, w, 1));
    int cursor = 0, skip = 0, col = 0;
    char stars[FIELD_MAX];

    copy_str(stars, sizeof stars, f->s);
    secret_star(stars);
    for (unsigned i = 0; i < f->at;)
        cursor += char_width(shown_char(f, stars, &i));
    if (cursor >= w)
        skip = cursor - w + 1;
    cells_fill(c, rect_of(x, y, w, 1), ' ', role);
    for (unsigned i = 0; i < f->len;) {
        uint32_t ch = shown_char(f, stars, &i);

        if (col >= skip)
            cells_put(c, x + col - skip, y, ch, role);
        col += char_width(ch);
    }
    if (cursor_x)
        *cursor_x = x + cursor - skip;
    cells_unclip(c, clip);
}

void history_add(struct history *h, const char *line)
{
    char kept[HISTORY_LINE_MAX + 1];

    h->back = 0;
    secret_masked(line, kept, sizeof kept);
    if (!*kept || strlen(kept) >= HISTORY_LINE_MAX ||
        (h->n > 0 && !strcmp(h->line[h->n - 1], kept)))
        return;
    if (h->n == HISTORY_MAX) {
        memmove(h->line[0], h->line[1], sizeof h->line - sizeof h->line[0]);
        h->n--;
    }
    copy_str(h->line[h->n++], HISTORY_LINE_MAX, kept);
}

bool history_move(struct history *h, struct field *f, bool older)
{
    if (older && h->back == h->n)
        return false;
    if (!older && h->back == 0)
        return false;
    if (h->back == 0)
        copy_str(h->typed, sizeof h->typed, f->s);
    h->back = older ? h->back + 1 : h->back - 1;
    field_set(f, h->back == 0 ? h->typed : h->line[h->n - h->back]);
    return true;
}
