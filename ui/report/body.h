/* Everything of a report but its verdict, in the order of the page. */
#ifndef LOADTOP_UI_REPORT_BODY_H
#define LOADTOP_UI_REPORT_BODY_H

struct doc;
struct saved_run;

void report_body(struct doc *, const struct saved_run *run);

#endif
