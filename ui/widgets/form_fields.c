/* The fields of a form; see form_fields.h. */
#include "ui/widgets/form_fields.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"

struct form_field *form_add_field(struct form *f, const char *name, const char *help)
{
    struct form_field *field;

    if (f->fields == FORM_FIELDS_MAX)
        return NULL;
    field = &f->field[f->fields++];
    copy_str(field->name, sizeof field->name, name);
    copy_str(field->help, sizeof field->help, help);
    return field;
}

void form_begin(struct form *f, enum form_kind kind)
{
    form_close(f);
    f->kind = kind;
    f->field = calloc(FORM_FIELDS_MAX, sizeof *f->field);
    if (!f->field)
        abort();
}

void form_close(struct form *f)
{
    for (int i = 0; i < f->fields; i++) /* it may be a password */
        explicit_bzero(f->field[i].text.s, f->field[i].text.len);
    free(f->field);
    memset(f, 0, sizeof *f);
}
