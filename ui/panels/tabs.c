/* The names of the views; see tabs.h. */
#include "ui/panels/tabs.h"

#include <stdbool.h>

#include "ui/draw/hits.h"
#include "ui/panels/screen_state.h"
#include "ui/term/cells.h"

int tabs_width(const struct screen *sc)
{
    int w = 1;

    for (int i = 0; sc->views[i]; i++)
        w += text_width(sc->views[i]->name) + 4;
    return w;
}

void tabs_draw(struct cells *c, struct screen *sc, int x, int y, int room)
{
    int w = tabs_width(sc);

    if (w > room)
        return;
    x -= w;
    cells_text(c, x++, y, ROLE_TEXT, " ");
    for (int i = 0; sc->views[i]; i++) {
        bool on = sc->view == i;
        int from = x;

        x = cells_textf(c, x, y, on ? ROLE_DIAL : ROLE_LABEL, on ? "[%d %s]" : " %d %s ", i + 1,
                        sc->views[i]->name);
        hits_add(&sc->hits, rect_of(from, y, x - from, 1), HIT_TAB, i);
    }
}
