/* The growing string, bounded copies, and the search for the nearest name to a mistyped one.
 *
 * Adding to a text never fails: what exceeds its limit or the memory is dropped and `cut` is set,
 * because callers (screens, reports, messages) prefer a short text to none. Quantities are read and
 * written in quantity.c. Used from everywhere; no state is shared. */
#include "engine/base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_LIMIT_DEFAULT ((size_t)16 << 20)
#define WORD_MAX 64

static size_t limit_of(const struct text *t)
{
    return t->limit ? t->limit : TEXT_LIMIT_DEFAULT;
}

/* Makes room for `more` bytes and the terminator. Returns how many of them fit. */
static size_t make_room(struct text *t, size_t more)
{
    size_t limit = limit_of(t);
    size_t fits = t->len >= limit ? 0 : limit - t->len;
    if (more > fits) {
        more = fits;
        t->cut = true;
    }
    size_t need = t->len + more + 1;
    if (need <= t->room)
        return more;
    size_t room = t->room < 64 ? 64 : t->room * 2;
    if (room < need)
        room = need;
    char *s = realloc(t->s, room);
    if (!s) {
        t->cut = true;
        return t->room ? t->room - t->len - 1 : 0;
    }
    if (!t->s)
        s[0] = '\0';
    t->s = s;
    t->room = room;
    return more;
}

void text_put(struct text *t, const char *s, size_t len)
{
    size_t fits = make_room(t, len);
    if (!t->s)
        return;
    if (fits)
        memcpy(t->s + t->len, s, fits);
    t->len += fits;
    t->s[t->len] = '\0';
}

void text_vadd(struct text *t, const char *fmt, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    if (n < 0) {
        t->cut = true;
    } else if ((size_t)n < sizeof small) {
        text_put(t, small, (size_t)n);
    } else {
        size_t fits = make_room(t, (size_t)n);
        if (t->s) {
            vsnprintf(t->s + t->len, fits + 1, fmt, again);
            t->len += fits;
        }
    }
    va_end(again);
}

void text_add(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    text_vadd(t, fmt, args);
    va_end(args);
}

size_t text_append(char *buf, size_t size, size_t at, const char *fmt, ...)
{
    va_list args;
    if (!size)
        return 0;
    if (at >= size)
        at = size - 1;
    va_start(args, fmt);
    int n = vsnprintf(buf + at, size - at, fmt, args);
    va_end(args);
    if (n < 0)
        buf[at] = '\0';
    else
        at += (size_t)n < size - at ? (size_t)n : size - at - 1;
    return at;
}

void text_clear(struct text *t)
{
    t->len = 0;
    t->cut = false;
    if (t->s)
        t->s[0] = '\0';
}

void text_free(struct text *t)
{
    if (!t)
        return;
    free(t->s);
    *t = (struct text){0};
}

const char *text_str(const struct text *t)
{
    return t->s ? t->s : "";
}

char *copy_part(char *dst, size_t size, const char *src, size_t len)
{
    if (!size)
        return dst;
    len = strnlen(src, len);
    if (len >= size) {
        len = size - 1;
        /* Do not cut inside a UTF-8 sequence: terminals show garbage for it. */
        while (len && ((unsigned char)src[len] & 0xc0) == 0x80)
            len--;
    }
    memmove(dst, src, len);
    dst[len] = '\0';
    return dst;
}

char *copy_str(char *dst, size_t size, const char *src)
{
    return copy_part(dst, size, src, size);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance in its restricted form (optimal string alignment), without case. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        int x = tolower((unsigned char)a[i - 1]);
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            int y = tolower((unsigned char)b[j - 1]);
            unsigned best = least(above[j], now[j - 1]) + 1;
            best = least(best, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                best = least(best, before[j - 2] + 1);
            now[j] = best;
        }
        unsigned *free_row = before;
        before = above;
        above = now;
        now = free_row;
    }
    return above[b_len];
}

const char *nearest_name(const char *word, const char *const *names)
{
    size_t word_len = strlen(word);
    const char *best = NULL;
    unsigned best_distance = WORD_MAX;
    if (!word_len || word_len > WORD_MAX)
        return NULL;
    for (; *names; names++) {
        size_t len = strlen(*names);
        if (!len || len > WORD_MAX)
            continue;
        unsigned d = distance(word, word_len, *names, len);
        size_t allowed = (len > word_len ? len : word_len) / 3;
        if (d <= allowed && d < best_distance) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}

bool text_lists(const char *list, const char *entry)
{
    static const char gap[] = ", ";
    size_t len = strlen(entry);
    for (const char *end; (end = strstr(list, gap)); list = end + sizeof gap - 1)
        if ((size_t)(end - list) == len && memcmp(list, entry, len) == 0)
            return true;
    return strcmp(list, entry) == 0;
}
