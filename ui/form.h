/* Forms: named fields with type, range, default and help, made from option tables, checked while
 * typing.
 *
 * Three kinds: add a pool (a backend is chosen, then its target, the pool's options and the
 * backend's own), edit a running pool (what can change while it runs), and a sweep. A form ends as
 * the text of commands; it carries out nothing. */
#ifndef LOADTOP_UI_FORM_H
#define LOADTOP_UI_FORM_H

#include "engine/config/option.h"
#include "ui/field.h"

#include <stdbool.h>

struct backend;
struct err;
struct pool_snapshot;
struct screen;

enum form_kind { FORM_NONE, FORM_ADD, FORM_EDIT, FORM_SWEEP };

#define FORM_FIELDS_MAX 96
struct form_field {
    const struct option_spec *spec;               /* borrowed; NULL: a field of the form itself */
    char name[48], help[160], type[64], def[128]; /* def: what holds when it is left empty */
    char choices[640]; /* "a|b|c" where it is one of several words; "" else */
    struct field text;
    char was[96];     /* FORM_EDIT: the value when the form was opened */
    char error[200];  /* "" when the value is good */
    bool pool_option; /* of the pool, not of the backend */
    bool fixed;       /* FORM_EDIT: shown, and cannot change while the pool runs */
};

struct form {
    enum form_kind kind;
    const struct backend *const *backends;
    const struct backend *backend; /* chosen; NULL: still choosing */
    int choice;                    /* while choosing */
    unsigned pool;                 /* FORM_EDIT, FORM_SWEEP: its number */
    struct form_field *field;      /* [FORM_FIELDS_MAX], owned while the form is open */
    int fields, at, scroll;
    char error[256];
    /* The look at the target before the start; see ui/probe.h. */
    enum { TEST_NONE, TEST_RUNNING, TEST_GOOD, TEST_BAD } test;
    char test_text[400];
};

void form_open_add(struct form *, const struct backend *const *backends);
void form_open_edit(struct form *, const struct pool_snapshot *);
void form_open_sweep(struct form *, const struct pool_snapshot *);
void form_close(struct form *);

enum form_result { FORM_STAYS, FORM_CANCELLED, FORM_DONE };
enum form_result form_key(struct form *, uint32_t key);
void form_paste(struct form *, const char *utf8);
/* Is the field at the cursor one that takes text? */
bool form_is_typing(const struct form *);
/* The commands, after FORM_DONE: form_command(f, i) for i from 0 until it returns false. */
bool form_command(const struct form *, int i, char *buf, size_t size);
/* The target's URL with the form's options, for FORM_ADD: what a look or an `add` needs. */
void form_url(const struct form *, char *buf, size_t size);
/* Checks every field and the whole; true if it may be sent. Sets the errors. */
bool form_check(struct form *);
void form_draw(struct cells *, struct form *, struct screen *);

/* ---- what the kinds of forms share ---- */

/* Empties the form and allocates its fields. */
void form_begin(struct form *, enum form_kind);
/* NULL: there is no room for another. */
struct form_field *form_add_field(struct form *, const char *name, const char *help);
/* form_sweep.c: checks all fields of a sweep's form, as they depend on each other. */
void form_sweep_check(struct form *);
/* After the choice of a variable: values to begin with, unless others were typed. */
void form_sweep_turned(struct form *);
void form_sweep_command(const struct form *, char *buf, size_t size);

#endif
