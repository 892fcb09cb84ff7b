/* The report as Markdown and as plain text: the same words and tables as the page, without plots.
 * See report.h. */
#include "ui/report/plain.h"

#include <jansson.h>

#include "engine/base/text.h"
#include "ui/json/read.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/report/body.h"
#include "ui/report/verdict.h"

static void write_doc(const json_t *run, struct text *t, enum doc_format format)
{
    struct doc d = {.format = format, .t = t};
    doc_heading(&d, 1, "Load test of %s", json_txt(run, "started"));
    doc_para(&d, "%s, ended by %s. loadtop %s, run %s.", fig_seconds(json_num(run, "elapsed_s")),
             *json_txt(run, "ended_by") ? json_txt(run, "ended_by") : "nothing yet: it went on",
             json_txt(run, "loadtop"), json_txt(run, "run_id"));
    report_verdict(&d, run);
    report_body(&d, run);
}

void report_markdown(const json_t *run, struct text *t)
{
    write_doc(run, t, DOC_MARKDOWN);
}

void report_plain(const json_t *run, struct text *t)
{
    write_doc(run, t, DOC_PLAIN);
}
