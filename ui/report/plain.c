/* The report as Markdown and as plain text: the same words and tables as the page, without plots.
 * See report.h. */
#include "ui/report/plain.h"

#include "engine/base/text.h"
#include "ui/json/saved_run.h"
#include "ui/page/doc.h"
#include "ui/page/figures.h"
#include "ui/report/body.h"
#include "ui/report/verdict.h"

static void write_doc(const struct saved_run *run, struct text *t, enum doc_format format)
{
    struct doc d = {.format = format, .t = t};
    doc_heading(&d, 1, "Load test of %s", run->started);
    doc_para(&d, "%s, ended by %s. loadtop %s, run %s.", fig_seconds(run->elapsed_s),
             *run->ended_by ? run->ended_by : "nothing yet: it went on", run->loadtop, run->run_id);
    report_verdict(&d, run);
    report_body(&d, run);
}

void report_markdown(const struct saved_run *run, struct text *t)
{
    write_doc(run, t, DOC_MARKDOWN);
}

void report_plain(const struct saved_run *run, struct text *t)
{
    write_doc(run, t, DOC_PLAIN);
}
