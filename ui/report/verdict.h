/* The verdict on a run, at the beginning of a report. */
#ifndef LOADTOP_UI_REPORT_VERDICT_H
#define LOADTOP_UI_REPORT_VERDICT_H

struct doc;
struct saved_run;

void report_verdict(struct doc *, const struct saved_run *run);

#endif
