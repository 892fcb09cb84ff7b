/* The report as one page that stands on its own. */
#ifndef LOADTOP_UI_REPORT_HTML_H
#define LOADTOP_UI_REPORT_HTML_H

struct json_t;
struct text;

void report_html(const struct json_t *run, struct text *);

#endif
