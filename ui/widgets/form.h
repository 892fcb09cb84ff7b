/* Forms: named fields with type, range, default and help, made from option tables, checked while
 * typing.
 *
 * Three kinds: add a pool (a backend is chosen, then its target, the pool's options and the
 * backend's own), edit a running pool (what can change while it runs), and a sweep. A form produces
 * the text of commands; it executes nothing. */
#ifndef LOADTOP_UI_WIDGETS_FORM_H
#define LOADTOP_UI_WIDGETS_FORM_H

#include "ui/widgets/form_fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct pool_snapshot;

void form_open_add(struct form *, const struct backend *const *backends);
void form_open_edit(struct form *, const struct pool_snapshot *);

enum form_result { FORM_STAYS, FORM_CANCELLED, FORM_DONE };
enum form_result form_key(struct form *, uint32_t key);
void form_paste(struct form *, const char *utf8);
/* Does the field at the cursor take text? */
bool form_is_typing(const struct form *);
/* The commands, after FORM_DONE: form_command(f, i) for i from 0 until it returns false. */
bool form_command(const struct form *, int i, char *buf, size_t size);
/* The target's URL with the form's options, for FORM_ADD: used by the test and by `add`. */
void form_url(const struct form *, char *buf, size_t size);
/* Checks each field and their combination, and sets the errors. True if it may be sent. */
bool form_check(struct form *);

#endif
