/* The report as Markdown and as plain text. */
#ifndef LOADTOP_UI_REPORT_PLAIN_H
#define LOADTOP_UI_REPORT_PLAIN_H

struct saved_run;
struct text;

void report_markdown(const struct saved_run *run, struct text *);
void report_plain(const struct saved_run *run, struct text *);

#endif
