/* Themes: the .theme parser and the choice of the colour tier; see theme.h. The terminal and the
 * exports ask theme_style for each cell; nothing else knows colours. */
#include "ui/term/theme.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"

static const char *const role_names[] = {
#define X(upper, lower) #lower,
    ROLE_LIST(X)
#undef X
        NULL};

static const char *const tier_names[] = {"direct", "256", "16", "none", NULL};

static const char *const color_names[] = {"black",
                                          "red",
                                          "green",
                                          "yellow",
                                          "blue",
                                          "magenta",
                                          "cyan",
                                          "white",
                                          "bright-black",
                                          "bright-red",
                                          "bright-green",
                                          "bright-yellow",
                                          "bright-blue",
                                          "bright-magenta",
                                          "bright-cyan",
                                          "bright-white",
                                          NULL};

static const char *const attr_names[] = {"bold", "underline", "reverse", "dim", "italic", NULL};

/* The 16 colours as xterm draws them; the nearest one is found by comparing with these. */
static const uint32_t rgb_16[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                    0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                    0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};

static int index_of(const char *const *names, const char *word)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], word))
            return i;
    return -1;
}

const char *role_name(enum role role)
{
    return (unsigned)role < ROLES ? role_names[role] : "?";
}

const char *tier_name(enum tier tier)
{
    return (unsigned)tier < TIERS ? tier_names[tier] : "?";
}

int tier_parse(const char *name, enum tier *tier)
{
    int i = index_of(tier_names, name);

    if (i < 0)
        return -1;
    *tier = (enum tier)i;
    return 0;
}

/* ---- colours ---- */

uint32_t color_256_rgb(int index)
{
    static const uint32_t level[6] = {0, 95, 135, 175, 215, 255};

    if (index < 0 || index > 255)
        return 0;
    if (index < 16)
        return rgb_16[index];
    if (index >= 232)
        return (uint32_t)(8 + 10 * (index - 232)) * 0x010101u;
    index -= 16;
    return level[index / 36] << 16 | level[index / 6 % 6] << 8 | level[index % 6];
}

const char *color_16_name(int index)
{
    return index >= 0 && index < 16 ? color_names[index] : "?";
}

/* Weighted by the eye's sensitivity to the three channels; sufficient to find the nearest
 * colour. */
static long color_distance(uint32_t a, uint32_t b)
{
    long r = (long)(a >> 16 & 255) - (long)(b >> 16 & 255);
    long g = (long)(a >> 8 & 255) - (long)(b >> 8 & 255);
    long bl = (long)(a & 255) - (long)(b & 255);

    return 3 * r * r + 6 * g * g + 2 * bl * bl;
}

static int color_nearest(uint32_t rgb, int from, int to)
{
    int best = from;
    long least = LONG_MAX;

    for (int i = from; i < to; i++) {
        long d = color_distance(rgb, color_256_rgb(i));

        if (d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}

int color_nearest_256(uint32_t rgb)
{
    return color_nearest(rgb, 16, 256);
}

static int color_nearest_16(uint32_t rgb)
{
    return color_nearest(rgb, 0, 16);
}

/* ---- the parser ---- */

static int parse_color(const char *word, enum tier tier, int32_t *out)
{
    char *end;
    long v;

    if (!strcmp(word, "default")) {
        *out = COLOR_UNSET;
        return 0;
    }
    if (tier == TIER_DIRECT) {
        if (word[0] != '#' || strlen(word) != 7 || !isxdigit((unsigned char)word[1]))
            return -1;
        v = strtol(word + 1, &end, 16);
    } else if (tier == TIER_256) {
        if (!isdigit((unsigned char)word[0]))
            return -1;
        v = strtol(word, &end, 10);
        if (v > 255)
            return -1;
    } else if (tier == TIER_16) {
        *out = index_of(color_names, word);
        return *out < 0 ? -1 : 0;
    } else {
        return -1;
    }
    if (*end)
        return -1;
    *out = (int32_t)v;
    return 0;
}

/* Takes the next word of *s into buf; false at the end. */
static bool next_word(const char **s, char *buf, size_t size)
{
    size_t n = 0;

    while (**s == ' ' || **s == '\t')
        (*s)++;
    while (**s && **s != ' ' && **s != '\t') {
        if (n + 1 < size)
            buf[n++] = **s;
        (*s)++;
    }
    buf[n] = '\0';
    return n > 0;
}

/* Parses "FOREGROUND [on BACKGROUND] [ATTRIBUTE...]". On failure `wrong` is the word. */
static int parse_style(const char *s, enum tier tier, struct style *out, char wrong[64])
{
    bool has_fg = tier == TIER_NONE;

    *out = (struct style){COLOR_UNSET, COLOR_UNSET, 0};
    while (next_word(&s, wrong, 64)) {
        int attr = index_of(attr_names, wrong);

        if (attr >= 0) {
            out->attr |= (uint8_t)(1u << attr);
        } else if (!strcmp(wrong, "plain") && tier == TIER_NONE) {
            continue;
        } else if (!strcmp(wrong, "on") && tier != TIER_NONE) {
            if (!next_word(&s, wrong, 64)) {
                copy_str(wrong, 64, "(nothing)");
                return -1;
            }
            if (parse_color(wrong, tier, &out->bg))
                return -1;
        } else if (has_fg || parse_color(wrong, tier, &out->fg)) {
            return -1;
        }
        has_fg = true;
    }
    copy_str(wrong, 64, "(nothing)"); /* whatever is missing */
    return has_fg ? 0 : -1;
}

/* Derives the tiers from `tier` on from the previous one. */
static void derive_tiers(struct theme *t, int role, enum tier tier)
{
    for (int i = TIER_DIRECT + 1; i < TIERS; i++) {
        if (i < (int)tier)
            continue;
        const struct style *from = &t->style[i - 1][role];
        struct style *to = &t->style[i][role];

        *to = (struct style){COLOR_UNSET, COLOR_UNSET, from->attr};
        if (i == TIER_256) {
            to->fg = from->fg < 0 ? COLOR_UNSET : color_nearest_256((uint32_t)from->fg);
            to->bg = from->bg < 0 ? COLOR_UNSET : color_nearest_256((uint32_t)from->bg);
        } else if (i == TIER_16) {
            to->fg = from->fg < 0 ? COLOR_UNSET : color_nearest_16(color_256_rgb(from->fg));
            to->bg = from->bg < 0 ? COLOR_UNSET : color_nearest_16(color_256_rgb(from->bg));
        }
    }
}

/* On failure `wrong` is the word and *at its tier. */
static int parse_role(struct theme *t, int role, char *value, char wrong[64], enum tier *at)
{
    enum tier tier = TIER_DIRECT;

    while (value) {
        char *bar = strchr(value, '|');

        *at = tier;
        if (tier == TIERS) {
            copy_str(wrong, 64, "a fifth tier");
            return -1;
        }
        if (bar)
            *bar = '\0';
        if (parse_style(value, tier, &t->style[tier][role], wrong))
            return -1;
        tier++;
        value = bar ? bar + 1 : NULL;
    }
    derive_tiers(t, role, tier);
    return 0;
}

/* Cuts white space at both ends, in place. */
static char *trim(char *s)
{
    char *end = s + strlen(s);

    while (*s == ' ' || *s == '\t')
        s++;
    while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *end = '\0';
    return s;
}

static const char *allowed(enum tier tier)
{
    switch (tier) {
    case TIER_DIRECT:
        return "`#RRGGBB` or `default`, ` on ` and another, bold underline reverse dim italic";
    case TIER_256:
        return "a number from 0 to 255 or `default`, ` on ` and another, "
               "bold underline reverse dim italic";
    case TIER_16:
        return "black red green yellow blue magenta cyan white, each with bright- before it, or "
               "`default`, ` on ` and another, bold underline reverse dim italic";
    case TIER_NONE:
        return "plain, or bold underline reverse dim italic; no colour";
    default:
        return "there are four: direct | 256 | 16 | none";
    }
}

static int parse_line(struct theme *t, unsigned number, char *line, bool given[ROLES],
                      struct err *err)
{
    char *name = trim(line);
    char *value = strchr(name, '=');
    char wrong[64] = "";
    enum tier tier = TIER_DIRECT;
    const char *near;
    int role;

    if (!*name || *name == '#')
        return 0;
    if (!value)
        return err_set(err, ERR_USAGE, "theme %s, line %u: '%.40s' is not `role = colour`", t->name,
                       number, name);
    *value++ = '\0';
    name = trim(name);
    value = trim(value);
    if (!strcmp(name, "about")) {
        copy_str(t->about, sizeof t->about, value);
        return 0;
    }
    if (!strcmp(name, "ground")) {
        if (parse_color(value, TIER_DIRECT, &t->ground))
            return err_set(err, ERR_USAGE, "theme %s, line %u: ground: '%.40s' is not #RRGGBB",
                           t->name, number, value);
        return 0;
    }
    role = index_of(role_names, name);
    if (role < 0) {
        near = nearest_name(name, role_names);
        return err_set(err, ERR_USAGE,
                       "theme %s, line %u: there is no role '%.40s'%s%s "
                       "(`loadtop themes %.40s` lists them)",
                       t->name, number, name, near ? "; nearest: " : "", near ? near : "",
                       builtin_themes[0].name);
    }
    if (parse_role(t, role, value, wrong, &tier))
        return err_set(err, ERR_USAGE, "theme %s, line %u: %s: '%.60s' is not allowed there: %s",
                       t->name, number, name, wrong, allowed(tier));
    given[role] = true;
    return 0;
}

int theme_parse(struct theme *t, const char *name, const char *text, struct err *err)
{
    bool given[ROLES] = {false};
    unsigned number = 0;

    memset(t, 0, sizeof *t);
    copy_str(t->name, sizeof t->name, name);
    t->ground = COLOR_UNSET;
    for (int i = 0; i < TIERS; i++)
        t->style[i][ROLE_TEXT] = (struct style){COLOR_UNSET, COLOR_UNSET, 0};
    while (*text) {
        size_t n = strcspn(text, "\n");
        char line[256];

        number++;
        if (n >= sizeof line)
            return err_set(err, ERR_USAGE, "theme %s, line %u: longer than 255 bytes", name,
                           number);
        memcpy(line, text, n);
        line[n] = '\0';
        if (parse_line(t, number, line, given, err))
            return ERR_USAGE;
        text += n + (text[n] == '\n');
    }
    for (int role = 0; role < ROLES; role++)
        for (int i = 0; i < TIERS && !given[role]; i++)
            t->style[i][role] =
                t->style[i][role >= ROLE_AREA2 && role <= ROLE_AREA4 ? ROLE_AREA : ROLE_TEXT];
    if (t->style[TIER_DIRECT][ROLE_TEXT].bg >= 0)
        t->ground = t->style[TIER_DIRECT][ROLE_TEXT].bg;
    return 0;
}

struct style theme_style(const struct theme *t, enum tier tier, unsigned role, unsigned back,
                         unsigned attr_bits)
{
    const struct style *text = &t->style[tier][ROLE_TEXT];
    struct style s = t->style[tier][role < ROLES ? role : ROLE_TEXT];

    if (back != ROLE_TEXT && back < ROLES) {
        const struct style *b = &t->style[tier][back];
        bool own = s.bg >= 0 && role != ROLE_TEXT;

        if (tier == TIER_NONE || b->bg < 0)
            s.attr |= b->attr;
        /* Text of a role without its own colour takes the text colour of the background's role.
         * With 16 colours all text does, because few pairs are readable. */
        if (!own && b->fg >= 0 && (role == ROLE_TEXT || (tier == TIER_16 && b->bg >= 0)))
            s.fg = b->fg;
        /* a role with its own background (a chip, a field) always keeps that background */
        if (!own)
            s.bg = b->bg;
    }
    if (s.bg < 0)
        s.bg = text->bg;
    if (s.fg < 0)
        s.fg = text->fg;
    s.attr |= (uint8_t)attr_bits;
    return s;
}

enum tier tier_choose(const char *colors, int terminfo_colors)
{
    const char *no_color = getenv("NO_COLOR");
    const char *colorterm = getenv("COLORTERM");
    enum tier tier;

    if (colors && *colors && !tier_parse(colors, &tier))
        return tier;
    if ((no_color && *no_color) || terminfo_colors < 8)
        return TIER_NONE;
    if (terminfo_colors > 256 ||
        (colorterm && (!strcmp(colorterm, "truecolor") || !strcmp(colorterm, "24bit"))))
        return TIER_DIRECT;
    return terminfo_colors >= 256 ? TIER_256 : TIER_16;
}
