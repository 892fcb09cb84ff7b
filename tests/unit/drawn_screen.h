/* Draws a screen off-screen from a snapshot, for tests that read it. The grid and the state of the
 * front end belong to the including file, which must include cmocka.h first. */
#ifndef LOADTOP_TESTS_DRAWN_SCREEN_H
#define LOADTOP_TESTS_DRAWN_SCREEN_H

#include "engine/base/text.h"
#include "tests/unit/fixture_snapshot.h"
#include "ui/term/cells.h"
#include "ui/term/glyphs.h"
#include "ui/views/screen.h"
#include "ui/panels/screen_state.h"
#include "ui/views/views.h"

static struct cells grid;
static struct screen sc;

/* Draws the snapshot at this size with this glyph set; read it from grid. */
static inline void draw(const struct snapshot *s, int rows, int cols, const char *glyphs)
{
    grid.glyphs = glyphs_find(glyphs);
    cells_resize(&grid, rows, cols);
    screen_draw(&grid, &sc, s, s);
}

/* The front end as it starts, in a view; a form that was open is closed. */
static inline void fresh(const struct view *view)
{
    form_close(&sc.form);
    screen_init(&sc, views);
    sc.view = screen_view_place(&sc, view);
    sc.real_s = FIXTURE_NOW;
    sc.cost_share = 0.006;
}

/* Is this text on the screen, within one line? */
static inline bool shows(const char *text)
{
    struct text t = {0};
    bool found;

    cells_to_text(&grid, &t);
    found = strstr(text_str(&t), text) != NULL;
    text_free(&t);
    return found;
}

static inline void assert_shows(const char *text)
{
    struct text t = {0};

    cells_to_text(&grid, &t);
    if (!strstr(text_str(&t), text))
        fail_msg("'%s' is not on the screen:\n%s", text, text_str(&t));
    text_free(&t);
}

#endif
