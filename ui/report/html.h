/* The report as one self-contained page. */
#ifndef LOADTOP_UI_REPORT_HTML_H
#define LOADTOP_UI_REPORT_HTML_H

struct saved_run;
struct text;

void report_html(const struct saved_run *run, struct text *);

#endif
