/* The form of a sweep: one variable or two, their values, and how long each is held. */
#ifndef LOADTOP_UI_WIDGETS_FORM_SWEEP_H
#define LOADTOP_UI_WIDGETS_FORM_SWEEP_H

#include <stddef.h>

struct form;
struct pool_snapshot;

void form_open_sweep(struct form *, const struct pool_snapshot *);
/* Checks all fields of a sweep's form, as they depend on each other. */
void form_sweep_check(struct form *);
/* After the choice of a variable: values to begin with, unless others were typed. */
void form_sweep_turned(struct form *);
void form_sweep_command(const struct form *, char *buf, size_t size);

#endif
