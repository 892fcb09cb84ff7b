/* The report as one self-contained page: no scripts, fonts or requests. See report.h.
 *
 * Light and dark follow the reader's system, paper is always light. Text from outside goes through
 * doc_escape or the plots' own escaping; a policy in the head forbids everything but styles, so
 * that even a mistake there could load or run nothing. */
#include "ui/report/html.h"

#include "engine/base/text.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/page/html_page.h"
#include "ui/report/body.h"
#include "ui/report/verdict.h"

void report_html(const struct saved_run *run, struct text *t)
{
    struct doc d = {.format = DOC_HTML, .t = t};
    struct text title = {.limit = 400};
    const char *ended = run->ended_by;
    text_add(&title, "loadtop: ");
    for (size_t i = 0; i < run->pools; i++)
        text_add(&title, "%s%s", i ? ", " : "", run->pool[i].target);
    text_add(&title, " %s", run->started);
    html_begin(&d, text_str(&title));
    text_free(&title);
    text_add(t, "<header>");
    doc_heading(&d, 1, "Load test");
    text_add(t, "<p class=\"meta\">");
    for (size_t i = 0; i < run->pools; i++) {
        const struct saved_pool *p = &run->pool[i];
        text_add(t, "<span class=\"target\">");
        doc_escape(&d, t, p->target);
        text_add(t, "</span> ");
        if (*stamp_of(p))
            text_add(t, "<span class=\"stamp\">%s</span> ", stamp_of(p));
    }
    text_add(t, "<br>");
    doc_escape(&d, t, run->started);
    text_add(t, " · %s · %s", fig_seconds(run->elapsed_s),
             *ended ? "ended by " : "saved while it went on");
    doc_escape(&d, t, ended);
    text_add(t, " · loadtop ");
    doc_escape(&d, t, run->loadtop);
    text_add(t, "</p></header>\n<section class=\"verdict\">\n");
    report_verdict(&d, run);
    text_add(t, "</section>\n");
    report_body(&d, run);
    text_add(t, "<footer>Latency columns that stand for several seconds show the worst of their "
                "percentiles, never an average of percentiles. A percentile with fewer than 10 "
                "samples above it is left out.</footer>\n");
    html_end(&d);
}
