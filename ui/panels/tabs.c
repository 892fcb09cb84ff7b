/* The names of the views; see tabs.h. */
#include "ui/panels/tabs.h"

#include <stdbool.h>

#include "ui/draw/hits.h"
#include "ui/draw/layout.h"
#include "ui/panels/screen_state.h"
#include "ui/term/cells.h"

int tabs_width(void)
{
    int w = 1;

    for (int i = 0; i < VIEWS; i++)
        w += text_width(view_name((enum view)i)) + 4;
    return w;
}

void tabs_draw(struct cells *c, struct screen *sc, int x, int y, int room)
{
    int w = tabs_width();

    if (w > room)
        return;
    x -= w;
    cells_text(c, x++, y, ROLE_TEXT, " ");
    for (int i = 0; i < VIEWS; i++) {
        bool on = sc->view == (enum view)i;
        int from = x;

        x = cells_textf(c, x, y, on ? ROLE_DIAL : ROLE_LABEL, on ? "[%d %s]" : " %d %s ", i + 1,
                        view_name((enum view)i));
        hits_add(&sc->hits, rect_of(from, y, x - from, 1), HIT_TAB, i);
    }
}
