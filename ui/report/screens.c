/* The screens that were captured during a run, in the order in which they were. See screens.h. */
#include "ui/report/screens.h"

#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "ui/export/json_screen.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"

#define BYTES_MOST ((size_t)400 << 10) /* limit for all screens together, to keep the page small */

static void add_screen(struct doc *d, const struct saved_screen *screen, const struct text *drawn)
{
    char at[32];
    format_clock(at, sizeof at, screen->t_s);
    if (d->format == DOC_HTML) {
        text_add(d->t, "<figure class=\"screen\"><figcaption>%s <small>", at);
        doc_escape(d, d->t, screen->view);
        text_add(d->t, "</small></figcaption><div class=\"wide\">");
        text_put(d->t, text_str(drawn), drawn->len);
        text_add(d->t, "</div></figure>\n");
    } else {
        doc_para(d, "%s, %s:", at, screen->view);
        doc_code(d, text_str(drawn));
    }
}

void report_screens(struct doc *d, const struct saved_run *run)
{
    size_t n = run->screens, bytes = 0, left_out = 0;
    if (!n)
        return;
    doc_heading(d, 2, "Screens");
    for (size_t i = 0; i < n; i++) {
        const struct saved_screen *screen = &run->screen[i];
        struct text drawn = {0};
        if (d->format == DOC_HTML)
            json_screen_svg(screen->json, &drawn);
        else
            json_screen_text(screen->json, &drawn);
        if (bytes + drawn.len > BYTES_MOST)
            left_out++;
        else if (drawn.len)
            add_screen(d, screen, &drawn);
        bytes += drawn.len;
        text_free(&drawn);
    }
    double total = run->screens_total;
    if (total > (double)n && total < 1e9)
        left_out += (size_t)total - n;
    if (left_out)
        doc_para(d, "%zu more were captured and left out here.", left_out);
}
