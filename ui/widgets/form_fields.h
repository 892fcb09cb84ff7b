/* The data of a form: named fields with type, range, default and help. */
#ifndef LOADTOP_UI_WIDGETS_FORM_FIELDS_H
#define LOADTOP_UI_WIDGETS_FORM_FIELDS_H

#include "ui/widgets/field.h"

#include <stdbool.h>

struct backend;
struct option_spec;

enum form_kind { FORM_NONE, FORM_ADD, FORM_EDIT, FORM_SWEEP };

#define FORM_FIELDS_MAX 96
struct form_field {
    /* borrowed; NULL: the field is not from an option table */
    const struct option_spec *spec;
    /* def: the value that an empty field stands for */
    char name[48], help[160], type[64], def[128];
    char choices[640]; /* "a|b|c" for a choice; else "" */
    struct field text;
    char was[1024];   /* FORM_EDIT: the value when the form was opened, also a long mix */
    char error[200];  /* "" when the value is valid */
    bool pool_option; /* an option of the pool, not of the backend */
    bool fixed;       /* FORM_EDIT: shown, but cannot be changed while the pool runs */
};

struct form {
    enum form_kind kind;
    const struct backend *const *backends;
    const struct backend *backend;  /* chosen; NULL: still choosing */
    const struct op_type *op_types; /* the pool's table, or that of the chosen backend */
    int choice;                     /* while choosing */
    unsigned pool;                  /* FORM_EDIT, FORM_SWEEP: its number */
    struct form_field *field;       /* [FORM_FIELDS_MAX], owned while the form is open */
    int fields, at, scroll;
    char error[256];
    /* State of the target's test; see ui/live/probe.h. */
    enum { TEST_NONE, TEST_RUNNING, TEST_GOOD, TEST_BAD } test;
    char test_text[400];
};

/* Empties the form and allocates its fields. */
void form_begin(struct form *, enum form_kind);
void form_close(struct form *);
/* NULL: there is no room for another. */
struct form_field *form_add_field(struct form *, const char *name, const char *help);

#endif
