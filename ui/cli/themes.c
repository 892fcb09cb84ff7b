/* The verb; see themes.h. */
#include "ui/cli/themes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "ui/base/subcommand.h"
#include "ui/draw/swatches.h"
#include "ui/export/picture.h"
#include "ui/term/cells.h"
#include "ui/term/glyphs.h"
#include "ui/term/theme.h"
#include "ui/term/theme_files.h"

#define WIDTH 92

static enum tier tier_of_terminal(const char *colors)
{
    const char *term = getenv("TERM");
    bool plain = !isatty(STDOUT_FILENO) || !term || !*term || !strcmp(term, "dumb");

    return tier_choose(colors, plain ? 0 : strstr(term, "256") ? 256 : 16);
}

static void write_color(struct text *t, int32_t color, enum tier tier)
{
    if (color < 0)
        text_add(t, "default");
    else if (tier == TIER_DIRECT)
        text_add(t, "#%06x", (unsigned)color);
    else if (tier == TIER_256)
        text_add(t, "%d", (int)color);
    else
        text_add(t, "%s", color_16_name(color));
}

/* Writes a style in the form of a theme file. */
static void write_style(struct text *t, const struct style *s, enum tier tier)
{
    static const char *const attrs[] = {"bold", "underline", "reverse", "dim", "italic"};
    size_t before = t->len;

    if (tier != TIER_NONE) {
        write_color(t, s->fg, tier);
        if (s->bg >= 0) {
            text_add(t, " on ");
            write_color(t, s->bg, tier);
        }
    }
    for (int i = 0; i < 5; i++)
        if (s->attr & 1u << i)
            text_add(t, "%s%s", t->len > before ? " " : "", attrs[i]);
    if (t->len == before)
        text_add(t, "plain");
}

static void show_theme(struct text *t, const struct theme *theme, enum tier tier)
{
    struct cells c = {.glyphs = glyphs_find(locale_is_utf8() ? "block" : "ascii")};

    text_add_line(t, "%s: %s (%s)", theme->name, theme->about,
                  theme->path[0] ? theme->path : "built in");
    text_add(t, "\n");
    cells_resize(&c, swatches_rows(WIDTH), WIDTH);
    swatches_draw(&c, 1, 0, WIDTH - 1);
    if (tier == TIER_NONE)
        cells_to_text(&c, t);
    else
        export_ansi(&c, theme, tier, t);
    cells_free(&c);
    text_add(t, "\n");
    for (int role = 0; role < ROLES; role++) {
        text_add(t, "%-12s = ", role_name((enum role)role));
        for (int i = 0; i < TIERS; i++) {
            text_add(t, "%s", i ? " | " : "");
            write_style(t, &theme->style[i][role], (enum tier)i);
        }
        text_add(t, "\n");
    }
}

static int list_themes(struct text *t)
{
    char *names[THEMES_MAX];
    int n = theme_list(names);

    for (int i = 0; i < n; i++) {
        struct theme theme;
        struct err err = {0};

        if (theme_load(&theme, names[i], &err))
            text_add_line(t, "  %-12s %s", names[i], err.msg);
        else
            text_add_line(t, "  %-12s %s%s%s%s", names[i], theme.about, theme.path[0] ? " (" : "",
                          theme.path, theme.path[0] ? ")" : "");
        free(names[i]);
    }
    text_add(t,
             "\n`loadtop themes NAME` shows one, `--theme NAME` takes it, T goes through them.\n");
    return 0;
}

int themes_verb(struct text *t, int argc, char *const *argv, struct err *err)
{
    struct sub_words w;
    struct theme theme;
    enum tier tier;

    if (subcommand_read(&w, "themes", argc, argv, err) < 0)
        return ERR_USAGE;
    const char *name = w.words ? w.word[0] : NULL, *colors = sub_value(&w, "--colors");
    if (colors && tier_parse(colors, &tier))
        return err_set(err, ERR_USAGE, "--colors %.40s: direct, 256, 16 or none", colors);
    if (!name)
        return list_themes(t);
    if (theme_load(&theme, name, err))
        return ERR_USAGE;
    show_theme(t, &theme, tier_of_terminal(colors));
    return 0;
}
