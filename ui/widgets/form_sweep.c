/* The form of a sweep: one variable with its values, a second one for a grid, and how each step is
 * held; see form_sweep.h.
 *
 * What may vary are the six dials of every pool and each option of its backend that can change
 * while it runs. Values are checked by the parser of the resulting command, so that the form and
 * `:` agree. */
#include "ui/widgets/form_sweep.h"

#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/dial.h"
#include "engine/state/snapshot.h"
#include "ui/widgets/form_fields.h"

enum { SWEEP_VAR, SWEEP_LIST, SWEEP_VAR_2, SWEEP_LIST_2, SWEEP_HOLD, SWEEP_ORDER };

static const char no_second[] = "none";

/* Suggests values for a variable. */
static void suggest(const struct form *f, const char *var, char *buf, size_t size)
{
    const struct option_spec *o = f->backend ? f->backend->options : NULL;

    int d = dial_find(var);

    copy_str(buf, size, d >= 0 && dial_table[d].example ? dial_table[d].example : "");
    for (; o && o->name && !buf[0]; o++) {
        if (strcmp(o->name, var) != 0)
            continue;
        copy_str(buf, size,
                 o->type == OPTION_CHOICE ? o->choices
                 : o->type == OPTION_BOOL ? "yes,no"
                 : o->def                 ? o->def
                                          : "");
        for (char *c = buf; *c; c++)
            *c = *c == '|' ? ',' : *c;
        return;
    }
}

void form_open_sweep(struct form *f, const struct pool_snapshot *p)
{
    const struct option_spec *o = p->backend ? p->backend->options : NULL;
    struct text vars = {.limit = 600};
    struct form_field *field;

    form_begin(f, FORM_SWEEP);
    f->pool = p->number;
    f->backend = p->backend;
    for (int d = 0; d < DIALS; d++)
        if (dial_table[d].example)
            text_add(&vars, "%s%s", vars.len ? "|" : "", dial_option((enum dial)d)->name);
    for (; o && o->name; o++)
        if ((o->flags & OPTION_LIVE) && !(o->flags & OPTION_PREFIX) && o->type != OPTION_SECRET)
            text_add(&vars, "|%s", o->name);
    field = form_add_field(f, "vary", "what is varied; left and right choose");
    copy_str(field->choices, sizeof field->choices, text_str(&vars));
    copy_str(field->type, sizeof field->type, "left, right: choose");
    field_set(&field->text, dial_option(DIAL_THREADS)->name);
    field = form_add_field(f, "values",
                           "each is held until throughput is steady; or 1..64*2, or auto: until "
                           "the curve has turned");
    copy_str(field->type, sizeof field->type, "list: 1,2,4,8");
    field_set(&field->text, dial_table[DIAL_THREADS].example);
    field = form_add_field(f, "and", "a second variable makes a grid: each value with each");
    copy_str(field->choices, sizeof field->choices, no_second);
    strncat(field->choices, "|", sizeof field->choices - strlen(field->choices) - 1);
    strncat(field->choices, text_str(&vars), sizeof field->choices - strlen(field->choices) - 1);
    copy_str(field->type, sizeof field->type, "left, right: choose");
    field_set(&field->text, no_second);
    field = form_add_field(f, "its values", "each of them with each value of the first");
    copy_str(field->type, sizeof field->type, "list");
    field = form_add_field(f, "hold", "how long at each value");
    copy_str(field->type, sizeof field->type, "time, as 10s");
    copy_str(field->def, sizeof field->def, "until it is steady");
    field = form_add_field(f, "order",
                           "random: so that a drift of the server is no trend of the curve");
    copy_str(field->choices, sizeof field->choices, "as listed|random");
    copy_str(field->type, sizeof field->type, "left, right: choose");
    copy_str(field->def, sizeof field->def, "as listed");
    form_sweep_check(f);
    text_free(&vars);
}

/* Is the second variable chosen? */
static bool is_grid(const struct form *f)
{
    return f->field[SWEEP_VAR_2].text.len > 0 && strcmp(f->field[SWEEP_VAR_2].text.s, no_second);
}

/* Checks one VAR=LIST (or hold=T) with the command's parser. */
static void check_part(struct form_field *field, const char *name, const char *list)
{
    char line[2 * FIELD_MAX + 64];
    struct command c;
    struct err err = {0};

    if (!*list)
        copy_str(field->error, sizeof field->error, "values are needed: 1,2,4,8");
    else if (strpbrk(list, " \t"))
        copy_str(field->error, sizeof field->error, "no blanks in it: 1,2,4,8");
    else if (snprintf(line, sizeof line, "sweep %s%s=%s", strcmp(name, "hold") ? "" : "threads=1 ",
                      name, list) > 0 &&
             command_parse(&c, line, &err, NULL))
        copy_str(field->error, sizeof field->error, err.msg);
}

/* Checks the combination of both variables, such as auto in a grid. */
static void check_whole(struct form *f)
{
    char line[COMMAND_SHORT_MAX + 64];
    struct command c;
    struct err err = {0};

    for (int i = 0; i < f->fields; i++)
        if (f->field[i].error[0])
            return;
    form_sweep_command(f, line, sizeof line);
    if (command_parse(&c, line, &err, NULL))
        copy_str(f->field[is_grid(f) ? SWEEP_LIST_2 : SWEEP_LIST].error, sizeof f->field[0].error,
                 err.msg);
}

void form_sweep_check(struct form *f)
{
    struct form_field *field = f->field;
    bool known = false;

    for (int i = 0; i < f->fields; i++)
        field[i].error[0] = '\0';
    field[SWEEP_LIST_2].fixed = !is_grid(f);
    for (const char *v = field[SWEEP_VAR].choices; *v && !known;) {
        size_t len = strcspn(v, "|");

        known = len == field[SWEEP_VAR].text.len && !strncmp(v, field[SWEEP_VAR].text.s, len);
        v += len + (v[len] == '|');
    }
    if (!known)
        copy_str(field[SWEEP_VAR].error, sizeof field->error, "left and right choose one");
    else
        check_part(&field[SWEEP_LIST], field[SWEEP_VAR].text.s, field[SWEEP_LIST].text.s);
    if (is_grid(f) && !strcmp(field[SWEEP_VAR].text.s, field[SWEEP_VAR_2].text.s))
        copy_str(field[SWEEP_VAR_2].error, sizeof field->error, "it is the first one already");
    else if (is_grid(f))
        check_part(&field[SWEEP_LIST_2], field[SWEEP_VAR_2].text.s, field[SWEEP_LIST_2].text.s);
    if (field[SWEEP_HOLD].text.len > 0)
        check_part(&field[SWEEP_HOLD], "hold", field[SWEEP_HOLD].text.s);
    check_whole(f);
}

void form_sweep_turned(struct form *f)
{
    char list[FIELD_MAX];

    if (f->at == SWEEP_VAR || f->at == SWEEP_VAR_2) {
        suggest(f, f->field[f->at].text.s, list, sizeof list);
        field_set(&f->field[f->at + 1].text, list);
    }
}

void form_sweep_command(const struct form *f, char *buf, size_t size)
{
    const struct form_field *field = f->field;
    struct text t = {.limit = size - 1};

    text_add(&t, "sweep %u %s=%s", f->pool, field[SWEEP_VAR].text.s, field[SWEEP_LIST].text.s);
    if (is_grid(f))
        text_add(&t, " %s=%s", field[SWEEP_VAR_2].text.s, field[SWEEP_LIST_2].text.s);
    if (field[SWEEP_HOLD].text.len > 0)
        text_add(&t, " hold=%s", field[SWEEP_HOLD].text.s);
    if (!strcmp(field[SWEEP_ORDER].text.s, "random"))
        text_add(&t, " order=random");
    copy_str(buf, size, text_str(&t));
    text_free(&t);
}
