/* See utf8.h. The one table of characters that are not shown: Unicode's
 * Default_Ignorable_Code_Point and Bidi_Control, control characters and specials. */
#include "engine/base/utf8.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

static const struct range {
    uint32_t first, last;
} hidden[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},
    {0x115f, 0x1160},   {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200b},   {0x200e, 0x200f},
    {0x2028, 0x202e},   {0x2060, 0x206f}, {0x3164, 0x3164}, {0xd800, 0xdfff},   {0xfdd0, 0xfdef},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

/* Decodes one of the `left` bytes at u and returns the bytes consumed. *torn: the text ends inside
 * a character. */
static int decode(const unsigned char *u, size_t left, uint32_t *ch, bool *torn)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int n = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;

    *torn = false;
    *ch = 0xfffd;
    if (n == 1) {
        *ch = u[0];
        return 1;
    }
    if (n == 0 || u[0] > 0xf4)
        return 1;
    uint32_t v = u[0] & (0xffu >> (n + 1));
    for (int i = 1; i < n; i++) {
        *torn = (size_t)i >= left || !u[i];
        if (*torn || (u[i] & 0xc0) != 0x80)
            return i;
        v = v << 6 | (u[i] & 0x3f);
    }
    if (v >= least[n] && v <= 0x10ffff && !(v >= 0xd800 && v <= 0xdfff))
        *ch = v;
    return n;
}

int utf8_decode(const char *s, uint32_t *ch)
{
    bool torn;
    return decode((const unsigned char *)s, 4, ch, &torn); /* it stops at the terminator */
}

int utf8_encode(uint32_t ch, char out[4])
{
    if (ch < 0x80) {
        out[0] = (char)ch;
        return 1;
    }
    if (ch < 0x800) {
        out[0] = (char)(0xc0 | ch >> 6);
        out[1] = (char)(0x80 | (ch & 0x3f));
        return 2;
    }
    if (ch < 0x10000) {
        out[0] = (char)(0xe0 | ch >> 12);
        out[1] = (char)(0x80 | (ch >> 6 & 0x3f));
        out[2] = (char)(0x80 | (ch & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | ch >> 18);
    out[1] = (char)(0x80 | (ch >> 12 & 0x3f));
    out[2] = (char)(0x80 | (ch >> 6 & 0x3f));
    out[3] = (char)(0x80 | (ch & 0x3f));
    return 4;
}

static bool is_selector(uint32_t ch)
{
    return ch >= 0xfe00 && ch <= 0xfe0f;
}

bool utf8_joins(uint32_t ch)
{
    return ch == 0x200c || ch == 0x200d || is_selector(ch);
}

/* After a Latin letter, or after another joiner, a joiner is invisible. */
static bool may_join(uint32_t before, uint32_t ch)
{
    if (before < 0x600 || (before >= 0x2000 && before <= 0x206f))
        return false;
    return !is_selector(ch) || !is_selector(before);
}

bool utf8_is_shown(uint32_t ch)
{
    if (ch >= 0x20 && ch < 0x7f)
        return true;
    if (ch > 0x10ffff || (ch & 0xfffe) == 0xfffe)
        return false;
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden && ch >= hidden[i].first; i++)
        if (ch <= hidden[i].last)
            return false;
    return true;
}

static uint32_t shown(uint32_t ch, uint32_t before)
{
    if (ch == '\t' || ch == '\n' || ch == '\r')
        return ' ';
    if (utf8_joins(ch))
        return may_join(before, ch) ? ch : '?';
    return utf8_is_shown(ch) ? ch : '?';
}

int utf8_next_shown(const char *s, uint32_t *ch)
{
    uint32_t before = *ch;
    bool torn;
    int n = decode((const unsigned char *)s, 4, ch, &torn);
    *ch = torn && !s[n] ? 0 : shown(*ch, before);
    return n;
}

static size_t clean(char *s, size_t len, bool lines)
{
    const unsigned char *from = (const unsigned char *)s;
    size_t to = 0;
    uint32_t before = 0;
    for (size_t i = 0; i < len;) {
        uint32_t ch;
        bool torn;
        size_t n = (size_t)decode(from + i, len - i, &ch, &torn);
        if (torn && i + n == len)
            break;
        bool kept = lines && (ch == '\n' || ch == '\t');
        before = kept ? ch : shown(ch, before);
        i += n;
        to += (size_t)utf8_encode(before, s + to); /* never longer than the input */
    }
    return to;
}

size_t clean_line(char *s, size_t len)
{
    return clean(s, len, false);
}

size_t clean_lines(char *s, size_t len)
{
    return clean(s, len, true);
}

char *clean_str(char *s)
{
    s[clean_line(s, strlen(s))] = '\0';
    return s;
}

static void clean_from(struct text *t, size_t from)
{
    if (!t->s)
        return;
    t->len = from + clean_line(t->s + from, t->len - from);
    t->s[t->len] = '\0';
}

void text_put_shown(struct text *t, const char *s)
{
    size_t from = t->len;
    text_put(t, s, strlen(s));
    clean_from(t, from);
}

static void vadd_shown(struct text *t, const char *fmt, va_list args)
{
    size_t from = t->len;
    text_vadd(t, fmt, args);
    clean_from(t, from);
}

void text_add_shown(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vadd_shown(t, fmt, args);
    va_end(args);
}

void text_add_line(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vadd_shown(t, fmt, args);
    va_end(args);
    text_put(t, "\n", 1);
}

json_t *utf8_json(const char *s)
{
    json_t *json = json_string(s);
    struct text whole = {.limit = SIZE_MAX / 4};
    if (json)
        return json;
    while (*s) {
        uint32_t ch;
        char u[4];
        s += utf8_decode(s, &ch);
        text_put(&whole, u, (size_t)utf8_encode(ch, u));
    }
    json = json_string(text_str(&whole));
    text_free(&whole);
    if (!json)
        abort();
    return json;
}
