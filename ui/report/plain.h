/* The report as Markdown and as plain text. */
#ifndef LOADTOP_UI_REPORT_PLAIN_H
#define LOADTOP_UI_REPORT_PLAIN_H

struct json_t;
struct text;

void report_markdown(const struct json_t *run, struct text *);
void report_plain(const struct json_t *run, struct text *);

#endif
