/* The report as one picture: the verdict, and the plots of the pools below it. See report.h.
 *
 * Not all SVG viewers support style variables, so colours are written out; the background is white
 * for slides and paper. The text consists of lines of the plain report in a monospaced font, which
 * keeps tables aligned. */
#include "ui/report/picture.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/page/html_curve.h"
#include "ui/page/html_plots.h"
#include "ui/page/html_style.h"
#include "ui/page/svg.h"
#include "ui/report/verdict.h"

#define LINE 18
#define MARGIN 20
#define POOLS_DRAWN 4

static const struct color {
    const char *name, *value;
} colors[] = {{"bg", "#fff"},      {"fg", "#1b1f24"},   {"dim", "#57606a"}, {"line", "#d0d7de"},
              {"soft", "#f6f8fa"}, {"good", "#116329"}, {"bad", "#a40e26"}, {"warn", "#7d4e00"},
              {"s1", "#0072b2"},   {"s2", "#b34700"},   {"s3", "#007a5a"},  {"s4", "#a0527e"},
              {"heat", "#0072b2"}};

/* The style of the plots with each var(--name) as its colour. */
static void add_style(struct text *t)
{
    const char *s = html_style_plots;
    while (*s) {
        const char *var = strstr(s, "var(--");
        size_t len = var ? (size_t)(var - s) : strlen(s);
        text_put(t, s, len);
        if (!var)
            return;
        s = var + strlen("var(--");
        for (unsigned i = 0; i < sizeof colors / sizeof *colors; i++)
            if (strncmp(s, colors[i].name, strlen(colors[i].name)) == 0 &&
                s[strlen(colors[i].name)] == ')')
                text_add(t, "%s", colors[i].value);
        s = strchr(s, ')') + 1;
    }
}

/* The colour of a line of findings, by its first character. */
static const char *line_color(const char *line)
{
    if (strncmp(line, "X ", 2) == 0)
        return "#a40e26";
    if (strncmp(line, "+ ", 2) == 0)
        return "#116329";
    return strncmp(line, "! ", 2) == 0 ? "#7d4e00" : "#1b1f24";
}

static double add_words(struct text *t, const char *words, double top)
{
    const struct doc d = {.format = DOC_HTML};
    struct text line = {0};
    while (*words) {
        size_t len = strcspn(words, "\n");
        text_clear(&line);
        text_put(&line, words, len);
        if (len) {
            text_add(
                t,
                "<text class=\"w\" xml:space=\"preserve\" x=\"%d\" y=\"%.0f\" style=\"fill:%s\">",
                MARGIN, top + 13, line_color(text_str(&line)));
            doc_escape(&d, t, text_str(&line));
            text_add(t, "</text>\n");
        }
        top += len ? LINE : LINE / 2;
        words += len + (words[len] == '\n');
    }
    text_free(&line);
    return top;
}

static double add_head(struct text *t, const struct saved_run *run, double top)
{
    struct text words = {0};
    struct doc d = {.format = DOC_PLAIN, .t = &words};
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *p = &run->pool[i];
        text_add_line(&words, "%s  %s  %s%s%s%s", p->name, p->target, p->server,
                      *stamp_of(p) ? "  [" : "", stamp_of(p), *stamp_of(p) ? "]" : "");
    }
    text_add_line(&words, "%s, %s, loadtop %s", run->started, fig_seconds(run->elapsed_s),
                  run->loadtop);
    text_add(&words, "\n");
    report_verdict(&d, run);
    text_add(t, "<text class=\"title\" x=\"%d\" y=\"%.0f\">Load test</text>\n", MARGIN, top + 20);
    top = add_words(t, text_str(&words), top + 34);
    text_free(&words);
    return top;
}

static double add_plots(struct text *t, const struct saved_run *run, double top)
{
    struct svg_sheet sheet = {.t = t, .picture = true, .left = MARGIN, .top = top};
    for (size_t i = 0; i < run->pools && i < POOLS_DRAWN; i++) {
        const struct saved_pool *p = &run->pool[i];
        text_add(t, "<text class=\"head\" x=\"%d\" y=\"%.0f\">", MARGIN, sheet.top + 20);
        const struct doc d = {.format = DOC_HTML};
        doc_escape(&d, t, p->name);
        text_add(t, "</text>\n");
        sheet.top += 30;
        sheet.stamp = stamp_of(p);
        for (size_t k = 0; k < p->curves; k++)
            plot_curve(&sheet, p, &p->curve[k], run->goal_per_s);
        plot_seconds(&sheet, run, p);
        plot_percentiles(&sheet, p);
        svg_sheet_row(&sheet);
    }
    return sheet.top;
}

void report_picture(const struct saved_run *run, struct text *t)
{
    struct text body = {.limit = t->limit};
    double height = add_plots(&body, run, add_head(&body, run, MARGIN)) + MARGIN;
    text_add(t,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
             "viewBox=\"0 0 %d %.0f\">\n"
             "<style>",
             SVG_PICTURE_WIDTH, height, SVG_PICTURE_WIDTH, height);
    add_style(t);
    text_add(t, ".w{font:13px 'DejaVu Sans Mono',Menlo,Consolas,monospace}"
                ".title{font-size:22px;font-weight:700}"
                ".head{font-size:16px;font-weight:700}.caption{font-weight:600}"
                "svg text.title,svg text.head{fill:#1b1f24}</style>\n"
                "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
    text_put(t, text_str(&body), body.len);
    text_add(t, "</svg>\n");
    text_free(&body);
}
