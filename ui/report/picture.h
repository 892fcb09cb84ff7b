/* The report as one picture: the verdict and the plots. */
#ifndef LOADTOP_UI_REPORT_PICTURE_H
#define LOADTOP_UI_REPORT_PICTURE_H

struct json_t;
struct text;

void report_picture(const struct json_t *run, struct text *);

#endif
