/* The form of a sweep: one or two variables, their values, and the hold time. */
#ifndef LOADTOP_UI_WIDGETS_FORM_SWEEP_H
#define LOADTOP_UI_WIDGETS_FORM_SWEEP_H

#include <stddef.h>

struct form;
struct pool_snapshot;

void form_open_sweep(struct form *, const struct pool_snapshot *);
/* Checks all fields of a sweep form, which depend on each other. */
void form_sweep_check(struct form *);
/* After a variable was chosen: sets example values, unless values were typed. */
void form_sweep_turned(struct form *);
void form_sweep_command(const struct form *, char *buf, size_t size);

#endif
