/* The screens that were captured during the run. */
#ifndef LOADTOP_UI_REPORT_SCREENS_H
#define LOADTOP_UI_REPORT_SCREENS_H

struct doc;
struct saved_run;

void report_screens(struct doc *, const struct saved_run *run);

#endif
