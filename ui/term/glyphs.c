/* The four glyph sets; see glyphs.h. Const tables and the functions that compose dots. */
#include "ui/term/glyphs.h"

#include <langinfo.h>
#include <stddef.h>
#include <string.h>

/* Unicode numbers the dots of a braille cell by columns, the lower row last. */
static uint32_t braille_dot_char(unsigned mask, unsigned series)
{
    static const uint8_t bit[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    uint32_t ch = 0x2800;

    (void)series;
    for (unsigned i = 0; i < 8; i++)
        if (mask & 1u << i)
            ch |= bit[i];
    return ch;
}

static uint32_t braille_area_char(int left, int right, bool top)
{
    static const uint8_t rising_left[5] = {0, 0x40, 0x44, 0x46, 0x47};
    static const uint8_t rising_right[5] = {0, 0x80, 0xa0, 0xb0, 0xb8};

    (void)top;
    return 0x2800u + rising_left[left] + rising_right[right];
}

static uint32_t block_dot_char(unsigned mask, unsigned series)
{
    static const uint16_t quadrant[16] = {' ',    0x2598, 0x259d, 0x2580, 0x2596, 0x258c,
                                          0x259e, 0x259b, 0x2597, 0x259a, 0x2590, 0x259c,
                                          0x2584, 0x2599, 0x259f, 0x2588};

    (void)series;
    return quadrant[mask & 15];
}

static uint32_t block_area_char(int left, int right, bool top)
{
    (void)right;
    (void)top;
    return left > 0 ? 0x2580u + (uint32_t)left : ' ';
}

static uint32_t acs_dot_char(unsigned mask, unsigned series)
{
    static const uint32_t scan[5] = {0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd};

    if (series == 1)
        return mask ? 0x00b7 : ' ';
    for (unsigned i = 0; i < 5; i++)
        if (mask & 1u << i)
            return scan[i];
    return ' ';
}

static uint32_t acs_area_char(int left, int right, bool top)
{
    static const uint32_t scan[6] = {' ', 0x23bd, 0x23bc, 0x2500, 0x23bb, 0x23ba};

    (void)right;
    return top ? scan[left] : left > 0 ? 0x2592 : ' ';
}

static uint32_t ascii_dot_char(unsigned mask, unsigned series)
{
    return mask ? (uint32_t)("o.*+x#@"[series % 7]) : ' ';
}

static uint32_t ascii_area_char(int left, int right, bool top)
{
    (void)right;
    return left <= 0 ? ' ' : top ? '*' : ':';
}

static const struct glyphs braille = {
    .name = "braille",
    .needs_utf8 = true,
    .line = {0x2500, 0x2502, 0x256d, 0x256e, 0x2570, 0x256f, 0x2524, 0x250a, 0x2504, 0x2508},
    .arrow = "\u2192",
    .ellipsis = "\u2026",
    .times = "\u00d7",
    .on = "\u25cf",
    .off = "\u25cb",
    .up = "\u25b2",
    .down = "\u25bc",
    .select = "\u25b8",
    .ok = "\u2713",
    .bad = "\u2717",
    .alert = "!",
    .dot = "\u00b7",
    .plus_minus = "\u00b1",
    .bar_full = "\u25a0",
    .bar_empty = "\u00b7",
    .pause = "\u2016",
    .left = "\u25c2",
    .right = "\u25b8",
    .dots_x = 2,
    .dots_y = 4,
    .area_x = 2,
    .area_y = 4,
    .dot_char = braille_dot_char,
    .area_char = braille_area_char,
    .heat = {' ', 0x2591, 0x2592, 0x2593, 0x2588},
};

static const struct glyphs block = {
    .name = "block",
    .needs_utf8 = true,
    .line = {0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518, 0x2524, 0x2502, '-', ' '},
    .arrow = "\u2192",
    .ellipsis = "\u2026",
    .times = "\u00d7",
    .on = "\u25a0",
    .off = "\u25a1",
    .up = "\u25b2",
    .down = "\u25bc",
    .select = "\u25ba",
    .ok = "ok",
    .bad = "NO",
    .alert = "!",
    .dot = "\u00b7",
    .plus_minus = "\u00b1",
    .bar_full = "\u2588",
    .bar_empty = "\u2591",
    .pause = "||",
    .left = "\u25c4",
    .right = "\u25ba",
    .dots_x = 2,
    .dots_y = 2,
    .area_x = 1,
    .area_y = 8,
    .dot_char = block_dot_char,
    .area_char = block_area_char,
    .heat = {' ', 0x2591, 0x2592, 0x2593, 0x2588},
};

/* Only characters of the VT100's alternate character set; term.c sends them as such. */
static const struct glyphs acs = {
    .name = "acs",
    .line = {0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518, 0x2524, 0x2502, '-', ' '},
    .arrow = "->",
    .ellipsis = "~",
    .times = "x",
    .on = "*",
    .off = "o",
    .up = "^",
    .down = "v",
    .select = ">",
    .ok = "ok",
    .bad = "NO",
    .alert = "!",
    .dot = "\u00b7",
    .plus_minus = "+-",
    .bar_full = "\u2592",
    .bar_empty = "\u00b7",
    .pause = "||",
    .left = "<",
    .right = ">",
    .dots_x = 1,
    .dots_y = 5,
    .area_x = 1,
    .area_y = 5,
    .dot_char = acs_dot_char,
    .area_char = acs_area_char,
    .heat = {' ', 0x00b7, '+', 0x2592, '#'},
};

static const struct glyphs ascii = {
    .name = "ascii",
    .line = {'-', '|', '+', '+', '+', '+', '|', '|', '-', ' '},
    .arrow = "->",
    .ellipsis = "~",
    .times = "x",
    .on = "*",
    .off = "o",
    .up = "^",
    .down = "v",
    .select = ">",
    .ok = "ok",
    .bad = "NO",
    .alert = "!",
    .dot = ".",
    .plus_minus = "+-",
    .bar_full = "#",
    .bar_empty = ".",
    .pause = "||",
    .left = "<",
    .right = ">",
    .dots_x = 1,
    .dots_y = 1,
    .area_x = 1,
    .area_y = 1,
    .dot_char = ascii_dot_char,
    .area_char = ascii_area_char,
    .heat = {' ', '.', '+', '#', '@'},
};

const struct glyphs *const glyph_sets[] = {&braille, &block, &acs, &ascii, NULL};
#define SETS (sizeof glyph_sets / sizeof *glyph_sets - 1) /* two of them for any locale */

const struct glyphs *glyphs_find(const char *name)
{
    for (int i = 0; glyph_sets[i]; i++)
        if (!strcmp(glyph_sets[i]->name, name))
            return glyph_sets[i];
    return NULL;
}

const struct glyphs *glyphs_next(const struct glyphs *now, bool utf8)
{
    unsigned at = 0;
    for (unsigned i = 0; i < SETS; i++)
        if (glyph_sets[i] == now)
            at = i;
    do
        at = (at + 1) % SETS;
    while (glyph_sets[at]->needs_utf8 && !utf8);
    return glyph_sets[at];
}

bool locale_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

char glyphs_acs_letter(uint32_t ch)
{
    static const struct {
        uint32_t ch;
        char letter;
    } map[] = {{0x2500, 'q'}, {0x2502, 'x'}, {0x250c, 'l'}, {0x2510, 'k'}, {0x2514, 'm'},
               {0x2518, 'j'}, {0x251c, 't'}, {0x2524, 'u'}, {0x2534, 'v'}, {0x252c, 'w'},
               {0x253c, 'n'}, {0x23ba, 'o'}, {0x23bb, 'p'}, {0x23bc, 'r'}, {0x23bd, 's'},
               {0x2592, 'a'}, {0x00b7, '~'}};

    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].ch == ch)
            return map[i].letter;
    return 0;
}
