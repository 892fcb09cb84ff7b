/* State of the front end; see screen_state.h. */
#include "ui/panels/screen_state.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/state/snapshot.h"

void screen_init(struct screen *sc, const struct view *const *views)
{
    memset(sc, 0, sizeof *sc);
    sc->views = views;
    sc->span_s = 60;
    sc->cursor_s = -1;
    sc->full = -1;
    sc->cursor_x = -1;
    sc->cost_share = NAN;
    sc->input_error_at = -1;
    for (int i = 0; i < VIEWS_MAX; i++)
        sc->sort[i] = -1;
}

int screen_view_place(const struct screen *sc, const struct view *view)
{
    int i = 0;

    while (sc->views[i] != view) {
        assert(sc->views[i]);
        i++;
    }
    return i;
}

int screen_pool_index(const struct screen *sc, const struct snapshot *s)
{
    int below = -1;

    for (unsigned i = 0; i < s->pools; i++) {
        if (s->pool[i].number == sc->pool)
            return (int)i;
        if (s->pool[i].number < sc->pool)
            below = (int)i;
    }
    /* The selected pool was removed: select its neighbour. */
    return below >= 0 ? below : s->pools > 0 ? 0 : -1;
}

const struct pool_snapshot *screen_pool(const struct screen *sc, const struct snapshot *s)
{
    int i = screen_pool_index(sc, s);

    return i < 0 ? NULL : &s->pool[i];
}
