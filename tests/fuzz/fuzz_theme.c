/* Any text as a theme: nothing is read out of bounds, every error is a message of one line with a
 * line number, and an accepted theme contains only what its tiers can display. */
#include "engine/base/err.h"
#include "ui/term/theme.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth, const char *what, const char *text)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_theme: %s: %s\n", what, text);
    abort();
}

static void check(const struct theme *t)
{
    static const int32_t most[TIERS] = {0xffffff, 255, 15, COLOR_UNSET};

    must(memchr(t->about, 0, sizeof t->about) != NULL, "an endless `about`", "");
    must(t->ground >= COLOR_UNSET && t->ground <= 0xffffff, "no ground", "");
    for (unsigned tier = 0; tier < TIERS; tier++)
        for (unsigned role = 0; role < ROLES; role++) {
            struct style s = theme_style(t, (enum tier)tier, role, (role * 7) % ROLES, 0);

            must(s.fg >= COLOR_UNSET && s.fg <= most[tier], "no colour of the tier",
                 role_name((enum role)role));
            must(s.bg >= COLOR_UNSET && s.bg <= most[tier], "no ground of the tier",
                 role_name((enum role)role));
            must(s.attr < 32, "no attribute", role_name((enum role)role));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct theme theme;
    struct err err = {0};

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (theme_parse(&theme, "fuzz", text, &err)) {
        must(err.code < 0 && strstr(err.msg, "line ") != NULL, "a message without a line", text);
        must(!strchr(err.msg, '\n'), "a message of more than one line", err.msg);
    } else {
        check(&theme);
    }
    free(text);
    return 0;
}
