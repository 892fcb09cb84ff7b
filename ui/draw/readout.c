/* The readout box; see readout.h. */
#include "ui/draw/readout.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "engine/base/text.h"
#include "ui/draw/plot.h"

void readout_add(struct readout *r, enum role role, const char *fmt, ...)
{
    bool room = r->lines < READOUT_LINES;
    char spare[2]; /* receives the last line, which is not shown because it is one too many */
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(room ? r->line[r->lines].text : spare, room ? sizeof r->line[0].text : sizeof spare,
              fmt, ap);
    va_end(ap);
    if (room)
        r->line[r->lines++].role = role;
}

/* Draws all values in one line at the top, for a plot with fewer rows than the box. */
static void draw_flat(struct cells *c, const struct plot *p, const struct readout *r)
{
    struct rect at = rect_of(p->area.x, p->area.y, p->area.w, 1), clip;
    int x = at.x + 1, w = 1;

    for (int i = 0; i < r->lines; i++)
        w += text_width(r->line[i].text) + 2;
    if (p->cursor < 0.5 && w < at.w) /* do not cover the cursor's own position */
        x = at.x + at.w - w;
    clip = cells_clip(c, at);
    for (int i = 0; i < r->lines; i++) {
        x = cells_text(c, x, at.y, r->line[i].role, r->line[i].text);
        x = cells_text(c, x, at.y, ROLE_TEXT, "  ");
    }
    cells_unclip(c, clip);
}

void readout_draw(struct cells *c, const struct plot *p, const struct readout *r)
{
    int x = p->area.x + (int)(p->cursor * p->area.w), w = 0;
    struct rect box, clip;

    if (p->cursor < 0 || p->cursor >= 1 || r->lines == 0)
        return;
    for (int i = 0; i < r->lines; i++)
        if (text_width(r->line[i].text) > w)
            w = text_width(r->line[i].text);
    w += 2;
    if (p->area.h < r->lines || p->area.w < w + 2) {
        draw_flat(c, p, r);
        return;
    }
    box = rect_of(x + 1, p->area.y, w, r->lines);
    if (box.x + w > p->area.x + p->area.w)
        box.x = x - w;
    if (box.x < p->area.x)
        box.x = p->area.x;
    clip = cells_clip(c, p->area);
    cells_blank(c, box);
    for (int i = 0; i < r->lines; i++)
        cells_text(c, box.x + 1, box.y + i, r->line[i].role, r->line[i].text);
    cells_back(c, box, ROLE_DIALOG);
    cells_unclip(c, clip);
}
