/* Themes: the style of each role in the four colour tiers.
 *
 * Views give cells a role, never a colour. A theme file gives each role a colour for direct
 * (24-bit), 256 and 16 colours, and attributes for the tier none, where a word, a glyph, bold,
 * underline or reverse replaces colour. One line per role; see themes/README.md:
 *
 *     # role = FOREGROUND [on BACKGROUND] [ATTRIBUTE...] | 256 | 16 | none
 *     alert  = #ffffff on #a8353a bold | 231 on 124 bold | white on red bold | reverse bold
 *
 * A missing tier is derived from the previous one: the nearest of the 256, the nearest of the 16,
 * the attributes alone. A missing role is drawn as `text` (area2 to area4 as `area`). A background
 * of `text` is painted everywhere. */
#ifndef LOADTOP_UI_TERM_THEME_H
#define LOADTOP_UI_TERM_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define ROLE_LIST(X)                                                                               \
    X(TEXT, text)                                                                                  \
    X(DIM, dim)                                                                                    \
    X(STRONG, strong)                                                                              \
    X(TITLE, title)                                                                                \
    X(BORDER, border)                                                                              \
    X(HEADER, header)                                                                              \
    X(LABEL, label)                                                                                \
    X(KEY, key)                                                                                    \
    X(BAR, bar)                                                                                    \
    X(GOOD, good)                                                                                  \
    X(WARN, warn)                                                                                  \
    X(BAD, bad)                                                                                    \
    X(ACCENT, accent)                                                                              \
    X(ALERT, alert)                                                                                \
    X(CAUTION, caution)                                                                            \
    X(ALERT_ROW, alert_row)                                                                        \
    X(CAUTION_ROW, caution_row)                                                                    \
    X(SPARK, spark)                                                                                \
    X(STATE_ON, state_on)                                                                          \
    X(STATE_PAUSED, state_paused)                                                                  \
    X(STATE_DOWN, state_down)                                                                      \
    X(STATE_IDLE, state_idle)                                                                      \
    X(LOCKED, locked)                                                                              \
    X(FROZEN, frozen)                                                                              \
    X(SELECTED, selected)                                                                          \
    X(DIAL, dial)                                                                                  \
    X(FIELD, field)                                                                                \
    X(DIALOG, dialog)                                                                              \
    X(AXIS, axis)                                                                                  \
    X(GRID, grid)                                                                                  \
    X(MARK, mark)                                                                                  \
    X(THRESHOLD, threshold)                                                                        \
    X(BASELINE, baseline)                                                                          \
    X(THROUGHPUT, throughput)                                                                      \
    X(AREA, area)                                                                                  \
    X(AREA2, area2)                                                                                \
    X(AREA3, area3)                                                                                \
    X(AREA4, area4)                                                                                \
    X(P50, p50)                                                                                    \
    X(P99, p99)                                                                                    \
    X(RESPONSE, response)                                                                          \
    X(FIT, fit)                                                                                    \
    X(IDEAL, ideal)                                                                                \
    X(SERIES1, series1)                                                                            \
    X(SERIES2, series2)                                                                            \
    X(SERIES3, series3)                                                                            \
    X(SERIES4, series4)                                                                            \
    X(SERIES5, series5)                                                                            \
    X(SERIES6, series6)                                                                            \
    X(HEAT1, heat1)                                                                                \
    X(HEAT2, heat2)                                                                                \
    X(HEAT3, heat3)                                                                                \
    X(HEAT4, heat4)                                                                                \
    X(HEAT5, heat5)                                                                                \
    X(GENERATE, generate)                                                                          \
    X(CLIENT, client)                                                                              \
    X(WAIT, wait)                                                                                  \
    X(IDLE, idle)

enum role {
#define X(upper, lower) ROLE_##upper,
    ROLE_LIST(X)
#undef X
        ROLES
};
const char *role_name(enum role);

enum attr { ATTR_BOLD = 1, ATTR_UNDERLINE = 2, ATTR_REVERSE = 4, ATTR_DIM = 8, ATTR_ITALIC = 16 };

enum tier { TIER_DIRECT, TIER_256, TIER_16, TIER_NONE, TIERS };
const char *tier_name(enum tier);
int tier_parse(const char *name, enum tier *); /* 0 or -1 */

#define COLOR_UNSET (-1) /* the terminal's own */
/* A colour: 0xRRGGBB in TIER_DIRECT, an index in TIER_256 and TIER_16, else COLOR_UNSET. */
struct style {
    int32_t fg, bg;
    uint8_t attr;
};

struct theme {
    char name[32];
    char about[96];
    int32_t ground; /* intended RGB background if `text` has none; or COLOR_UNSET */
    struct style style[TIERS][ROLES];
    char asked[512]; /* the name by which it was loaded */
    char path[512];  /* the file from which it was read; "" for a built-in one */
    uint64_t stamp;  /* stamp of that file when it was read */
};

/* Parses a theme. ERR_USAGE with the theme's name, the line number and what is allowed. */
int theme_parse(struct theme *, const char *name, const char *text, struct err *);
/* The style of a role on the background of another role. */
struct style theme_style(const struct theme *, enum tier, unsigned role, unsigned back,
                         unsigned attr_bits);

/* RGB of an index of the 256 colours (xterm's), and the nearest index to an RGB among 16..255. */
uint32_t color_256_rgb(int index);
/* The name of one of the 16 colours: "bright-red". */
const char *color_16_name(int index);
int color_nearest_256(uint32_t rgb);

/* The tier for this terminal: `colors` is --colors or NULL; then NO_COLOR, COLORTERM and terminfo
 * (`terminfo_colors`, -1 or 0: none). */
enum tier tier_choose(const char *colors, int terminfo_colors);

/* The built-in themes (those in themes/): name and text, ends with NULL. The first is the
 * default. */
struct builtin_theme {
    const char *name, *text;
};
extern const struct builtin_theme builtin_themes[];

#endif
