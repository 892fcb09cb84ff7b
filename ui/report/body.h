/* The body of a report, after its verdict. */
#ifndef LOADTOP_UI_REPORT_BODY_H
#define LOADTOP_UI_REPORT_BODY_H

struct doc;
struct saved_run;

void report_body(struct doc *, const struct saved_run *run);

#endif
