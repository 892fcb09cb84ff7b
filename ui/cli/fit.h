/* `loadtop fit FILE [--json]`: fits the scaling law to measurements from a file, with the same code
 * as the live curve. */
#ifndef LOADTOP_UI_CLI_FIT_H
#define LOADTOP_UI_CLI_FIT_H

#include <stddef.h>

struct err;
struct text;
struct usl_fit;
struct usl_point;

/* Executes the verb with the words after it. Writes to t, which the caller prints. 0; ERR_USAGE
 * when the words or the file's contents are wrong; ERR_FAILED when it cannot be read. */
int fit_verb(struct text *t, int argc, char *const *argv, struct err *);
/* The plot of points and curve, `cols` wide, as lines of text. */
void fit_plot(struct text *t, const struct usl_fit *, const struct usl_point *, size_t n, int cols);

#endif
