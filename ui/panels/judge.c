/* The panels with validity checks and the time budget; see judge.h. */
#include "ui/panels/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "engine/config/pool_spec.h"
#include "engine/state/snapshot.h"
#include "ui/draw/box.h"
#include "ui/draw/table.h"
#include "ui/panels/screen_state.h"
#include "ui/panels/show.h"
#include "ui/term/glyphs.h"

/* After the name there is a column for each check, in the order of enum check_id. A standstill
 * shares the column of the wait for a CPU: both are time in which the generator did not run. */
static const struct column valid_columns[] = {
    {"", 8, 13, ALIGN_LEFT, 0},     {"N=XR", 4, 5, ALIGN_LEFT, 3}, {"cpu", 6, 7, ALIGN_LEFT, 0},
    {"wait", 4, 6, ALIGN_LEFT, 1},  {"lag", 3, 4, ALIGN_LEFT, 2},  {"loss", 4, 5, ALIGN_LEFT, 1},
    {"count", 5, 5, ALIGN_LEFT, 4}, {"conn", 4, 5, ALIGN_LEFT, 2}, {NULL, 0, 0, ALIGN_LEFT, 0},
};
_Static_assert(sizeof valid_columns / sizeof *valid_columns == CHECKS + 1, "a column is missing");
_Static_assert(CHECK_STANDSTILL == CHECKS - 1, "it has no column");

static const struct check *find_check(const struct pool_snapshot *p, enum check_id id)
{
    for (unsigned i = 0; i < p->checks; i++)
        if (p->check[i].id == id)
            return &p->check[i];
    return NULL;
}

static void check_cell(struct cells *c, const struct table *t, int y, int column,
                       const struct check *k, bool cpu)
{
    char text[24], value[16];

    if (!k || !k->known) {
        table_put(c, t, y, column, ROLE_DIM, "-");
        return;
    }
    if (cpu && !isnan(k->value)) /* prefer the value to the word, but keep NO */
        snprintf(text, sizeof text, k->ok ? "%s" : "%s NO",
                 (snprintf(value, sizeof value, "%.0f%%", k->value * 100), value));
    else
        copy_str(text, sizeof text, k->ok ? c->glyphs->ok : "NO");
    table_put(c, t, y, column, k->ok ? ROLE_GOOD : ROLE_BAD, text);
}

void valid_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                 const struct layout *l)
{
    struct table t;
    struct rect r;
    int selected = screen_pool_index(sc, s);
    unsigned first = 0;

    if (!box_panel(c, l, PANEL_VALID, l->size == LAYOUT_FULL ? "can I trust it?" : "valid?",
                   s->pools == 0 ? NULL
                   : s->valid    ? "valid"
                                 : "NOT VALID",
                   &r))
        return;
    table_fit(&t, valid_columns, r.x + 1, r.w - 1);
    if (r.h > 1) {
        table_head(c, &t, r.y++, -1, false);
        r.h--;
    }
    if (selected >= r.h)
        first = (unsigned)(selected - r.h + 1);
    for (unsigned i = first; i < s->pools && (int)(i - first) < r.h; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        int y = r.y + (int)(i - first);
        char name[POOL_NAME_MAX + 8], cut[POOL_NAME_MAX + 8];
        int room = t.w[0] - (p->valid ? 0 : text_width(c->glyphs->alert));

        snprintf(name, sizeof name, "%s%s", p->valid ? "" : c->glyphs->alert,
                 show_name(c, cut, sizeof cut, p->name, room));
        table_put(c, &t, y, 0, p->valid ? ROLE_TEXT : ROLE_BAD, name);
        const struct check *still = find_check(p, CHECK_STANDSTILL);
        for (int k = 0; k < CHECK_STANDSTILL; k++) {
            bool stood = k == CHECK_CPU_WAIT && still && !still->ok;
            check_cell(c, &t, y, k + 1, stood ? still : find_check(p, (enum check_id)k),
                       k == CHECK_GENERATOR_CPU);
        }
    }
}

void budget_panel(struct cells *c, const struct snapshot *s, struct screen *sc,
                  const struct layout *l)
{
    const struct pool_snapshot *p = screen_pool(sc, s);
    char title[96] = "where the time goes", limit[64] = "";
    struct rect r;
    int x;

    if (p)
        snprintf(title, sizeof title, "where %s's time goes", p->name);
    if (p && p->bottleneck != BOTTLENECK_NONE)
        snprintf(limit, sizeof limit, "%s-bound", bottleneck_name(p->bottleneck));
    if (!box_panel(c, l, PANEL_BUDGET, title, limit, &r) || !p)
        return;
    struct share share[] = {{p->generate_share, ROLE_GENERATE, "g"},
                            {p->client_share, ROLE_CLIENT, "c"},
                            {p->wait_share, ROLE_WAIT, "w"},
                            {p->idle_share, ROLE_IDLE, "."}};
    static const char *const names[] = {"gen", "client", "wait", "idle"};
    struct rect clip = cells_clip(c, r);

    x = r.x + 1;
    for (int i = 0; i < 4; i++) {
        char percent[16];

        if (r.w >= 46) { /* in a narrower panel, the names themselves are coloured */
            x = cells_text(c, x, r.y, share[i].role, c->glyphs->on);
            x = cells_textf(c, x, r.y, ROLE_TEXT, " %s ", names[i]);
        } else {
            x = cells_textf(c, x, r.y, share[i].role, "%s ", names[i]);
        }
        snprintf(percent, sizeof percent, isnan(share[i].share) ? "-" : "%.0f%%",
                 share[i].share * 100);
        x = cells_text(c, x, r.y, ROLE_STRONG, percent) + (r.w < 52 ? 1 : 2);
    }
    if (r.h > 1)
        box_shares(c, r.x + 1, r.y + 1, r.w - 2, share, 4);
    if (r.h > 2)
        cells_field(c, r.x + 1, r.y + 2, r.w - 2, ALIGN_LEFT, ROLE_LABEL, p->bottleneck_why);
    cells_unclip(c, clip);
}
