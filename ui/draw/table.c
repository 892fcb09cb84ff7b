/* Tables; see table.h. */
#include "ui/draw/table.h"

#include <string.h>

#include "ui/term/glyphs.h"

static int needed(const struct table *t)
{
    int sum = 0;

    for (int i = 0; i < t->n; i++)
        if (t->w[i] > 0)
            sum += t->w[i] + (sum > 0);
    return sum;
}

static void drop_one(struct table *t)
{
    int worst = -1;

    for (int i = 0; i < t->n; i++)
        if (t->w[i] > 0 && t->column[i].rank > 0 &&
            (worst < 0 || t->column[i].rank >= t->column[worst].rank))
            worst = i;
    if (worst < 0) /* none may be dropped: truncate the last one */
        for (int i = 0; i < t->n; i++)
            worst = t->w[i] > 0 ? i : worst;
    if (worst >= 0)
        t->w[worst] = 0;
}

void table_fit(struct table *t, const struct column *columns, int x, int w)
{
    memset(t, 0, sizeof *t);
    t->column = columns;
    while (t->n < COLUMNS_MAX && columns[t->n].title) {
        t->w[t->n] = columns[t->n].width;
        t->n++;
    }
    while (needed(t) > w && needed(t) > 0)
        drop_one(t);
    for (int room = w - needed(t); room > 0; room--) { /* give it to the column that lacks most */
        int worst = -1;

        for (int i = 0; i < t->n; i++)
            if (t->w[i] > 0 && t->w[i] < columns[i].most &&
                (worst < 0 || columns[i].most - t->w[i] > columns[worst].most - t->w[worst]))
                worst = i;
        if (worst < 0)
            break;
        t->w[worst]++;
    }
    for (int i = 0; i < t->n; i++) {
        t->x[i] = x;
        x += t->w[i] > 0 ? t->w[i] + 1 : 0;
    }
}

void table_head(struct cells *c, const struct table *t, int y, int sorted, bool descending)
{
    for (int i = 0; i < t->n; i++) {
        char title[64];

        if (t->w[i] == 0)
            continue;
        title[0] = '\0';
        strncat(title, t->column[i].title, 32);
        if (i == sorted) {
            /* the sort mark is more important than the last letter */
            if (text_width(title) >= t->w[i] && t->w[i] > 1)
                title[t->w[i] - 1] = '\0';
            strncat(title, descending ? c->glyphs->down : c->glyphs->up, 8);
        }
        cells_field(c, t->x[i], y, t->w[i], t->column[i].align, ROLE_HEADER, title);
    }
}

void table_put(struct cells *c, const struct table *t, int y, int column, enum role role,
               const char *s)
{
    if (column < t->n && t->w[column] > 0)
        cells_field(c, t->x[column], y, t->w[column], t->column[column].align,
                    strcmp(s, "-") ? role : ROLE_DIM, s);
}
