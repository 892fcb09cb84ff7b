/* What a run comes to, which a report says first. */
#ifndef LOADTOP_UI_REPORT_VERDICT_H
#define LOADTOP_UI_REPORT_VERDICT_H

struct doc;
struct saved_run;

void report_verdict(struct doc *, const struct saved_run *run);

#endif
