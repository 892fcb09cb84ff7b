/* See svg.h. Coordinates are those of a viewBox of 720 x 280; one decimal is enough for any screen
 * and keeps an hour of seconds small. Called by html_plots.c. */
#include "ui/page/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "ui/draw/axis.h"
#include "ui/export/xml.h"

#define WIDTH 720
#define HEIGHT 280
#define LEFT 58.0
#define RIGHT 612.0 /* right edge of the plot; the names of the lines are beside it */
#define TOP 30.0
#define BOTTOM 242.0
#define TICKS_MAX 24

static double share(const struct svg_axis *a, double v)
{
    if (a->log)
        return v > 0 ? (log(v) - log(a->lo)) / (log(a->hi) - log(a->lo)) : NAN;
    return (v - a->lo) / (a->hi - a->lo);
}

static double clamp(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static double at_x(const struct svg *s, double v)
{
    return LEFT + (RIGHT - LEFT) * clamp(share(&s->x, v));
}

static double at_y(const struct svg *s, double v)
{
    return BOTTOM - (BOTTOM - TOP) * clamp(share(&s->y, v));
}

void svg_fit_axis(struct svg_axis *a, double lo, double hi)
{
    if (!isfinite(hi) || !(hi > 0))
        hi = 1;
    if (!isfinite(lo) || !(lo > 0) || lo > hi)
        lo = hi;
    a->lo = a->log ? axis_nice_below(lo) : 0;
    a->hi = a->log ? axis_nice_above(hi) : hi * 1.08;
    if (a->log && a->hi <= a->lo)
        a->hi = a->lo * 10;
}

/* ---- axes ---- */

static void tick_label(char *buf, size_t size, const struct svg_axis *a, double v)
{
    if (a->unit == SVG_DURATION)
        axis_label(buf, size, v, true);
    else if (a->unit == SVG_SECONDS && v >= 120)
        snprintf(buf, size, "%d:%02d", (int)(v / 60), (int)fmod(v, 60));
    else if (a->unit == SVG_SECONDS)
        snprintf(buf, size, "%g s", v);
    else if (a->unit == SVG_PERCENTILE)
        snprintf(buf, size, "%.10g%%", 100 - 100 / v);
    else
        axis_label(buf, size, v, false);
}

/* Ticks at 1-2-5 steps; on a log axis at every decade, and at 2 and 5 where there are few. */
static int ticks_of(const struct svg_axis *a, double *tick, int wanted)
{
    int n = 0;
    if (a->log) {
        double decades = log10(a->hi / a->lo);
        static const double part[] = {1, 2, 5};
        bool all = decades <= 3.01 && a->unit != SVG_PERCENTILE;
        for (double d = pow(10, floor(log10(a->lo) + 1e-9)); d <= a->hi * 1.001; d *= 10)
            for (unsigned i = 0; i < (all ? 3 : 1); i++)
                if (d * part[i] >= a->lo * 0.999 && d * part[i] <= a->hi * 1.001 && n < TICKS_MAX)
                    tick[n++] = d * part[i];
        return n;
    }
    double step = axis_nice_above((a->hi - a->lo) / wanted);
    if (a->unit == SVG_SECONDS && step > 20) {
        static const double round_s[] = {30,   60,   120,  300,   600,   900,
                                         1800, 3600, 7200, 21600, 43200, 86400};
        for (unsigned i = 0; i < sizeof round_s / sizeof *round_s; i++)
            if ((step = round_s[i]) * wanted >= a->hi - a->lo)
                break;
    }
    for (double v = ceil(a->lo / step - 1e-9) * step; v <= a->hi * (1 + 1e-9) && n < TICKS_MAX;
         /* never -0 */
         v += step)
        tick[n++] = v + 0.0;
    return n;
}

static void draw_axes(struct svg *s)
{
    double tick[TICKS_MAX];
    char label[32];
    int n = ticks_of(&s->y, tick, 6);
    for (int i = 0; i < n; i++) {
        double y = at_y(s, tick[i]);
        tick_label(label, sizeof label, &s->y, tick[i]);
        text_add(s->t,
                 "<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" y=\"%.1f\" "
                 "class=\"e\">%s</text>\n",
                 LEFT, y, RIGHT, LEFT - 6, y + 4, label);
    }
    n = ticks_of(&s->x, tick, 8);
    for (int i = 0; i < n; i++) {
        double x = at_x(s, tick[i]);
        tick_label(label, sizeof label, &s->x, tick[i]);
        text_add(s->t,
                 "<path class=\"axis\" d=\"M%.1f %.0fv5\"/><text x=\"%.1f\" y=\"%.0f\" "
                 "class=\"m\">%s</text>\n",
                 x, BOTTOM, x, BOTTOM + 18, label);
    }
    text_add(s->t, "<path class=\"axis\" d=\"M%.0f %.0fV%.0fH%.0f\"/>\n", LEFT, TOP, BOTTOM, RIGHT);
    text_add(s->t, "<text x=\"%.0f\" y=\"%d\" class=\"m\">", (LEFT + RIGHT) / 2, HEIGHT - 4);
    xml_escape(s->t, s->x.name);
    text_add(s->t, "</text><text x=\"4\" y=\"10\">");
    xml_escape(s->t, s->y.name);
    text_add(s->t, "</text>\n");
}

/* ---- positions of figures ---- */

#define PICTURE_FIGURE 500
#define PICTURE_MARGIN 20

void svg_sheet_row(struct svg_sheet *sheet)
{
    if (sheet->left > PICTURE_MARGIN)
        sheet->top += (double)PICTURE_FIGURE * HEIGHT / WIDTH + 40;
    sheet->left = PICTURE_MARGIN;
}

static void begin_in_page(struct svg *s, const char *caption, const char *small)
{
    text_add(s->t, "<figure><figcaption>");
    xml_escape(s->t, caption);
    text_add(s->t, " <small>");
    xml_escape(s->t, small);
    text_add(s->t,
             "</small></figcaption>\n<div class=\"wide\"><svg viewBox=\"0 0 %d %d\" "
             "role=\"img\" aria-label=\"",
             WIDTH, HEIGHT);
    xml_escape(s->t, caption);
    text_add(s->t, "\">\n");
}

static void begin_in_picture(struct svg *s, const char *caption)
{
    text_add(s->t, "<text class=\"caption\" x=\"%.0f\" y=\"%.0f\">", s->sheet->left,
             s->sheet->top + 14);
    xml_escape(s->t, caption);
    text_add(s->t, "</text>\n<g transform=\"translate(%.0f %.0f) scale(%.4f)\">\n", s->sheet->left,
             s->sheet->top + 20, (double)PICTURE_FIGURE / WIDTH);
}

void svg_begin(struct svg *s, struct svg_sheet *sheet, const char *caption, const char *small,
               const struct svg_axis *x, const struct svg_axis *y)
{
    *s = (struct svg){.t = sheet->t, .sheet = sheet, .x = *x, .y = *y};
    if (sheet->picture)
        begin_in_picture(s, caption);
    else
        begin_in_page(s, caption, small);
    draw_axes(s);
    if (*sheet->stamp)
        text_add(s->t, "<text class=\"on e\" x=\"%d\" y=\"%d\">%s</text>\n", WIDTH - 2, HEIGHT - 4,
                 sheet->stamp);
}

void svg_end(struct svg *s)
{
    text_add(s->t, s->sheet->picture ? "</g>\n" : "</svg></div></figure>\n");
    if (!s->sheet->picture)
        return;
    s->sheet->left += PICTURE_FIGURE + PICTURE_MARGIN;
    if (s->sheet->left + PICTURE_FIGURE > SVG_PICTURE_WIDTH)
        svg_sheet_row(s->sheet);
}

/* ---- data ---- */

/* Finds a free height near y for the name of a line. */
static double label_place(struct svg *s, double y)
{
    for (int tries = 0; tries < 16; tries++) {
        bool clash = false;
        for (unsigned i = 0; i < s->labels && !clash; i++)
            clash = fabs(s->label_y[i] - y) < 13;
        if (!clash)
            break;
        y += tries % 2 ? 13.0 * (tries + 1) : -13.0 * (tries + 1);
    }
    if (s->labels < 16)
        s->label_y[s->labels++] = y;
    return y;
}

void svg_line(struct svg *s, const double *x, const double *y, size_t n, const char *class,
              const char *name)
{
    bool drawn = false, pen = false;
    double last = NAN;
    text_add(s->t, "<path class=\"line %s\" d=\"", class);
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i]) || isnan(share(&s->y, y[i])) || isnan(share(&s->x, x[i]))) {
            pen = false;
            continue;
        }
        last = at_y(s, y[i]);
        bool alone = !pen && (i + 1 == n || isnan(y[i + 1])); /* a dot, not nothing */
        text_add(s->t, "%c%.1f %.1f%s", pen ? 'L' : 'M', at_x(s, x[i]), last, alone ? "h.1" : "");
        pen = drawn = true;
    }
    text_add(s->t, "\"/>\n");
    if (drawn && *name) {
        text_add(s->t, "<text class=\"name %s\" x=\"%.0f\" y=\"%.1f\">", class, RIGHT + 5,
                 label_place(s, last) + 4);
        xml_escape(s->t, name);
        text_add(s->t, "</text>\n");
    }
}

void svg_band(struct svg *s, const double *x, const double *low, const double *high, size_t n,
              const char *class)
{
    text_add(s->t, "<path class=\"band %s\" d=\"", class);
    for (size_t i = 0; i < n; i++)
        text_add(s->t, "%c%.1f %.1f", i ? 'L' : 'M', at_x(s, x[i]), at_y(s, high[i]));
    for (size_t i = n; i-- > 0;)
        text_add(s->t, "L%.1f %.1f", at_x(s, x[i]), at_y(s, low[i]));
    text_add(s->t, "Z\"/>\n");
}

static void add_title(struct svg *s, const char *title)
{
    text_add(s->t, "<title>");
    xml_escape(s->t, title);
    text_add(s->t, "</title>");
}

void svg_point(struct svg *s, double x, double y, double half, bool hollow, const char *title)
{
    double px = at_x(s, x);
    text_add(s->t, "<g class=\"point%s\">", hollow ? " hollow" : "");
    add_title(s, title);
    if (half > 0)
        text_add(s->t, "<path d=\"M%.1f %.1fV%.1fm-4 0h8M%.1f %.1fh8\"/>", px, at_y(s, y - half),
                 at_y(s, y + half), px - 4, at_y(s, y - half));
    text_add(s->t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/></g>\n", px, at_y(s, y));
}

void svg_mark(struct svg *s, double x, const char *text, const char *title, const char *class)
{
    double place = share(&s->x, x), px = at_x(s, x);
    if (!(place >= 0) || place > 1)
        return;
    text_add(s->t, "<g class=\"mark %s\">", class);
    add_title(s, title);
    text_add(s->t, "<path d=\"M%.1f %.0fV%.0f\"/><path class=\"near\" d=\"M%.1f %.0fV%.0f\"/>", px,
             TOP, BOTTOM, px, TOP, BOTTOM);
    if (*text) {
        text_add(s->t, "<text class=\"m\" x=\"%.1f\" y=\"%.0f\">", px, TOP - 4);
        xml_escape(s->t, text);
        text_add(s->t, "</text>");
    }
    text_add(s->t, "</g>\n");
}

void svg_level(struct svg *s, double y, const char *text)
{
    double place = share(&s->y, y);
    if (!(place >= 0) || place > 1)
        return;
    text_add(s->t,
             "<path class=\"level\" d=\"M%.0f %.1fH%.0f\"/><text class=\"level e\" x=\"%.0f\" "
             "y=\"%.1f\">",
             LEFT, at_y(s, y), RIGHT, RIGHT - 4, at_y(s, y) - 4);
    xml_escape(s->t, text);
    text_add(s->t, "</text>\n");
}

void svg_box(struct svg *s, double x0, double x1, double y0, double y1, double filled,
             const char *title)
{
    text_add(s->t,
             "<rect class=\"heat\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
             "opacity=\"%.2f\">",
             at_x(s, x0), at_y(s, y1), at_x(s, x1) - at_x(s, x0) + 0.3, at_y(s, y0) - at_y(s, y1),
             filled);
    if (!s->sheet->picture)
        add_title(s, title);
    text_add(s->t, "</rect>\n");
}

void svg_hover(struct svg *s, double x0, double x1, const char *title)
{
    if (s->sheet->picture) /* hover texts are useless in a picture */
        return;
    text_add(s->t, "<rect class=\"h\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\">",
             at_x(s, x0), TOP, at_x(s, x1) - at_x(s, x0), BOTTOM - TOP);
    add_title(s, title);
    text_add(s->t, "</rect>\n");
}
