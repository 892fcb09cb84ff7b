/* The report as one picture: the verdict and the plots. */
#ifndef LOADTOP_UI_REPORT_PICTURE_H
#define LOADTOP_UI_REPORT_PICTURE_H

struct saved_run;
struct text;

void report_picture(const struct saved_run *run, struct text *);

#endif
