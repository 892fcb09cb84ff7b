/* Themes to look at; see swatches.h. */
#include "ui/draw/swatches.h"

#include "ui/draw/box.h"
#include "ui/term/cells.h"
#include "ui/term/glyphs.h"
#include "ui/term/theme.h"

#define SWATCH_COLS 16 /* "## state_paused " */
#define BOX_COLS 68

static int columns_in(int w)
{
    return w < SWATCH_COLS ? 1 : w / SWATCH_COLS;
}

int swatches_rows(int w)
{
    int n = columns_in(w);

    return (ROLES + n - 1) / n;
}

void swatches_draw(struct cells *c, int x, int y, int w)
{
    int rows = swatches_rows(w);

    for (int role = 0; role < ROLES; role++) {
        int at = x + role / rows * SWATCH_COLS, row = y + role % rows;

        at = cells_text(c, at, row, (enum role)role, c->glyphs->bar_full);
        at = cells_text(c, at, row, (enum role)role, c->glyphs->bar_full);
        at = cells_text(c, at, row, (enum role)role, " ");
        cells_text(c, at, row, (enum role)role, role_name((enum role)role));
    }
}

void swatches_box(struct cells *c, const char *title)
{
    int h = swatches_rows(BOX_COLS - 4) + 2;
    struct rect r = rect_of(c->cols - BOX_COLS - 1, c->rows - h - 2, BOX_COLS, h);

    if (r.x < 0 || r.y < 1)
        return;
    box_dialog(c, r, title);
    swatches_draw(c, r.x + 2, r.y + 1, r.w - 4);
}
