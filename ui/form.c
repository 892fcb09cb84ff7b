/* Forms; see form.h. One description (struct form_field) serves drawing, checking and the commands.
 */
#include "ui/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/err.h"
#include "engine/scenario.h"
#include "engine/snapshot.h"
#include "engine/text.h"
#include "ui/axis.h"
#include "ui/dial.h"
#include "ui/term.h"

#define FIELD_TARGET 0 /* of FORM_ADD */
enum { SWEEP_VAR, SWEEP_LIST, SWEEP_HOLD };

static const char sweep_vars[] = "threads|clients|connections|depth|rate|pattern";

/* "a count, 1 to 4,096": what a person may type. */
static void type_text(const struct option_spec *o, char *buf, size_t size)
{
    static const char *const names[] = {"yes or no",        "count", "number", "time",  "size",
                                        "size or low-high", "",      "text",   "secret"};
    char low[16], high[16];

    if (o->type == OPTION_CHOICE) {
        copy_str(buf, size, o->choices);
        return;
    }
    copy_str(buf, size, names[o->type]);
    if (o->min == 0 && o->max == 0)
        return;
    if (o->type == OPTION_DURATION) {
        format_duration(low, sizeof low, o->min);
        format_duration(high, sizeof high, o->max);
    } else {
        axis_label(low, sizeof low, o->min, false);
        axis_label(high, sizeof high, o->max, false);
    }
    if (o->max >= 1e12) /* no bound that a person would meet */
        snprintf(buf, size, "%s from %s", names[o->type], low);
    else
        snprintf(buf, size, "%s %s to %s", names[o->type], low, high);
}

static struct form_field *add_field(struct form *f, const char *name, const char *help)
{
    struct form_field *field;

    if (f->fields == FORM_FIELDS_MAX)
        return NULL;
    field = &f->field[f->fields++];
    copy_str(field->name, sizeof field->name, name);
    copy_str(field->help, sizeof field->help, help);
    return field;
}

static void add_option(struct form *f, const struct option_spec *o, bool pool_option,
                       const char *value)
{
    struct form_field *field = add_field(f, o->name, o->help ? o->help : "");

    if (!field)
        return;
    field->spec = o;
    field->pool_option = pool_option;
    field->text.secret = o->type == OPTION_SECRET;
    type_text(o, field->type, sizeof field->type);
    copy_str(field->def, sizeof field->def, o->def ? o->def : "");
    if (value) {
        field_set(&field->text, value);
        copy_str(field->was, sizeof field->was, value);
    }
}

static void open(struct form *f, enum form_kind kind)
{
    form_close(f);
    f->kind = kind;
    f->field = calloc(FORM_FIELDS_MAX, sizeof *f->field);
    if (!f->field)
        abort();
}

void form_close(struct form *f)
{
    free(f->field);
    memset(f, 0, sizeof *f);
}

void form_open_add(struct form *f, const struct backend *const *backends)
{
    open(f, FORM_ADD);
    f->backends = backends;
}

static void choose_backend(struct form *f, const struct backend *b)
{
    struct form_field *target =
        add_field(f, "target", "URL of the system under test; options may follow after ?");

    f->backend = b;
    if (target) {
        char url[FIELD_MAX];

        copy_str(url, sizeof url, b->example ? b->example : "");
        url[strcspn(url, "?")] = '\0';
        field_set(&target->text, url);
        copy_str(target->type, sizeof target->type, "URL");
    }
    for (int i = 0; pool_option_table[i].name; i++)
        add_option(f, &pool_option_table[i], true, NULL);
    for (int i = 0; b->options[i].name; i++)
        if (!(b->options[i].flags & OPTION_PREFIX))
            add_option(f, &b->options[i], false, NULL);
}

void form_open_edit(struct form *f, const struct pool_snapshot *p)
{
    static const enum pool_option dials[] = {POOL_THREADS, POOL_CLIENTS, POOL_CONNECTIONS,
                                             POOL_DEPTH,   POOL_RATE,    POOL_PATTERN,
                                             POOL_OPS,     POOL_THINK};
    char value[256];

    open(f, FORM_EDIT);
    f->pool = p->number;
    f->backend = p->backend;
    for (unsigned i = 0; i < sizeof dials / sizeof *dials; i++) {
        if (dials[i] == POOL_OPS)
            ops_text(p->backend, p->load.weight, value, sizeof value);
        else if (dials[i] == POOL_THINK)
            format_exact_duration(value, sizeof value, p->load.think_ns);
        else if (dials[i] == POOL_CONNECTIONS && p->load.connections == 0)
            copy_str(value, sizeof value, "auto");
        else if (dials[i] == POOL_RATE && !(p->load.rate_per_s > 0))
            copy_str(value, sizeof value, "off");
        else if (dials[i] == POOL_RATE)
            snprintf(value, sizeof value, "%.10g/s", p->load.rate_per_s);
        else
            dial_value(p,
                       dials[i] == POOL_PATTERN ? DIAL_PATTERN
                       : dials[i] == POOL_DEPTH ? DIAL_DEPTH
                                                : (int)dials[i],
                       value, sizeof value);
        add_option(f, &pool_option_table[dials[i]], true, value);
    }
    for (int i = 0; p->options && p->backend->options[i].name; i++)
        if ((p->backend->options[i].flags & OPTION_LIVE) &&
            !(p->backend->options[i].flags & OPTION_PREFIX)) {
            options_text(p->options, (unsigned)i, value, sizeof value);
            add_option(f, &p->backend->options[i], false, value);
        }
    for (int i = 0; p->options && p->backend->options[i].name; i++)
        if (!(p->backend->options[i].flags & (OPTION_LIVE | OPTION_PREFIX)) &&
            f->fields < FORM_FIELDS_MAX) {
            options_text(p->options, (unsigned)i, value, sizeof value);
            add_option(f, &p->backend->options[i], false, value);
            f->field[f->fields - 1].fixed = true;
            copy_str(f->field[f->fields - 1].type, sizeof f->field[0].type, "fixed while it runs");
        }
}

void form_open_sweep(struct form *f, const struct pool_snapshot *p)
{
    struct form_field *field;

    open(f, FORM_SWEEP);
    f->pool = p->number;
    field = add_field(f, "vary", "what is varied; left and right choose");
    copy_str(field->type, sizeof field->type, sweep_vars);
    field_set(&field->text, "threads");
    field = add_field(f, "values", "each is held until throughput is steady");
    copy_str(field->type, sizeof field->type, "list: 1,2,4,8");
    field_set(&field->text, "1,2,4,8");
    field = add_field(f, "hold", "how long at each value; empty: until it is steady");
    copy_str(field->type, sizeof field->type, "time");
}

/* ---- checks ---- */

static bool changed(const struct form *f, const struct form_field *field)
{
    if (field->fixed)
        return false;
    if (f->kind == FORM_EDIT)
        return strcmp(field->text.s, field->was) != 0;
    return field->text.len > 0;
}

/* Words that a command knows and the option's table does not. */
static bool command_word(const struct form *f, const struct form_field *field)
{
    return f->kind == FORM_EDIT && field->pool_option &&
           ((!strcmp(field->name, "connections") && !strcmp(field->text.s, "auto")) ||
            (!strcmp(field->name, "rate") && !strcmp(field->text.s, "off")));
}

static void check_field(struct form *f, struct form_field *field)
{
    struct options o;
    struct err err = {0};

    field->error[0] = '\0';
    if (!field->spec || !changed(f, field) || command_word(f, field))
        return;
    if (field->pool_option && !strcmp(field->name, "ops")) {
        double weight[OPS_MAX];

        if (ops_parse(f->backend, field->text.s, weight, &err))
            copy_str(field->error, sizeof field->error, err.msg);
        return;
    }
    options_init(&o, field->pool_option ? pool_option_table : f->backend->options);
    if (options_set(&o, field->name, field->text.s, false, &err) ||
        (field->pool_option && pool_options_check(&o, &err)))
        copy_str(field->error, sizeof field->error, err.msg);
    options_fini(&o);
}

static void add_encoded(struct text *t, const char *s)
{
    for (; *s; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
                     (*s >= '0' && *s <= '9') || strchr("-_.~:,/*", *s);

        text_add(t, plain ? "%c" : "%%%02X", (unsigned)(unsigned char)*s);
    }
}

static void add_url(const struct form *f, struct text *t)
{
    bool query = strchr(f->field[FIELD_TARGET].text.s, '?') != NULL;

    text_add(t, "%s", f->field[FIELD_TARGET].text.s);
    for (int i = 1; i < f->fields; i++) {
        const struct form_field *field = &f->field[i];

        if (field->text.len == 0)
            continue;
        text_add(t, "%c%s=", query ? '&' : '?', field->name);
        add_encoded(t, field->text.s);
        query = true;
    }
}

bool form_check(struct form *f)
{
    bool good = true;

    f->error[0] = '\0';
    for (int i = 0; i < f->fields; i++) {
        check_field(f, &f->field[i]);
        good = good && !f->field[i].error[0];
    }
    if (f->kind == FORM_ADD && f->backend) {
        struct pool_spec spec = {0};
        struct err err = {0};
        struct text url = {0};

        add_url(f, &url);
        if (pool_spec_parse(&spec, text_str(&url), NULL, f->backends, &err)) {
            copy_str(f->error, sizeof f->error, err.msg);
            good = false;
        } else {
            pool_spec_fini(&spec);
        }
        text_free(&url);
    }
    if (f->kind == FORM_SWEEP && f->field[SWEEP_LIST].text.len == 0) {
        copy_str(f->field[SWEEP_LIST].error, sizeof f->field[SWEEP_LIST].error,
                 "values are needed: 1,2,4,8");
        good = false;
    }
    return good;
}

/* ---- commands ---- */

bool form_command(const struct form *f, int i, char *buf, size_t size)
{
    struct text t = {.limit = size - 1};
    bool any = false;

    if (f->kind == FORM_ADD && i == 0) {
        text_add(&t, "add ");
        add_url(f, &t);
        any = !t.cut;
    } else if (f->kind == FORM_SWEEP && i == 0) {
        text_add(&t, "sweep %u %s=%s", f->pool, f->field[SWEEP_VAR].text.s,
                 f->field[SWEEP_LIST].text.s);
        if (f->field[SWEEP_HOLD].text.len > 0)
            text_add(&t, " hold=%s", f->field[SWEEP_HOLD].text.s);
        any = true;
    } else if (f->kind == FORM_EDIT) {
        for (int j = 0, n = 0; j < f->fields && !any; j++) {
            const struct form_field *field = &f->field[j];

            if (!changed(f, field) || n++ != i)
                continue;
            text_add(&t, "%u %s%s %s", f->pool,
                     field->pool_option && strcmp(field->name, "think") ? "" : "set ", field->name,
                     field->text.s);
            any = true;
        }
    }
    copy_str(buf, size, text_str(&t));
    text_free(&t);
    return any;
}

void form_url(const struct form *f, char *buf, size_t size)
{
    struct text t = {.limit = size - 1};

    add_url(f, &t);
    copy_str(buf, size, text_str(&t));
    text_free(&t);
}

/* ---- keys ---- */

bool form_is_typing(const struct form *f)
{
    return f->kind != FORM_NONE && (f->kind != FORM_ADD || f->backend);
}

static int backend_count(const struct form *f)
{
    int n = 0;

    while (f->backends && f->backends[n])
        n++;
    return n;
}

static enum form_result choose_key(struct form *f, uint32_t key)
{
    int n = backend_count(f);

    if (key == KEYCODE_ESC || key == 'q')
        return FORM_CANCELLED;
    if ((key == KEYCODE_DOWN || key == 'j' || key == KEYCODE_TAB) && f->choice + 1 < n)
        f->choice++;
    else if ((key == KEYCODE_UP || key == 'k' || key == KEYCODE_BACKTAB) && f->choice > 0)
        f->choice--;
    else if (key == KEYCODE_ENTER && n > 0) {
        const struct backend *b = f->backends[f->choice];

        if (b->unavailable)
            snprintf(f->error, sizeof f->error, "%s: %s", b->name, b->unavailable);
        else
            choose_backend(f, b);
    }
    return FORM_STAYS;
}

static bool is_choice(const struct form_field *field)
{
    return (field->spec &&
            (field->spec->type == OPTION_CHOICE || field->spec->type == OPTION_BOOL)) ||
           (!field->spec && !strcmp(field->type, sweep_vars));
}

/* Left and right go through the choices. */
static void turn_choice(struct form_field *field, bool next)
{
    const char *choices = field->spec && field->spec->type == OPTION_BOOL ? "yes|no" : field->type;
    char word[32][24];
    int n = 0, at = -1;

    while (*choices && n < 32) {
        size_t len = strcspn(choices, "|");

        snprintf(word[n], sizeof word[n], "%.*s", (int)len, choices);
        if (!strcmp(word[n], field->text.len ? field->text.s : field->def))
            at = n;
        n++;
        choices += len + (choices[len] == '|');
    }
    if (n > 0)
        field_set(&field->text, word[at < 0 ? 0 : (at + (next ? 1 : n - 1)) % n]);
}

enum form_result form_key(struct form *f, uint32_t key)
{
    struct form_field *field;

    if (f->kind == FORM_ADD && !f->backend)
        return choose_key(f, key);
    field = &f->field[f->at];
    if (key == KEYCODE_ESC)
        return FORM_CANCELLED;
    if (key == KEYCODE_DOWN || key == KEYCODE_TAB) {
        f->at = (f->at + 1) % f->fields;
    } else if (key == KEYCODE_UP || key == KEYCODE_BACKTAB) {
        f->at = (f->at + f->fields - 1) % f->fields;
    } else if (key == KEYCODE_PGDN) {
        f->at = f->at + 8 < f->fields ? f->at + 8 : f->fields - 1;
    } else if (key == KEYCODE_PGUP) {
        f->at = f->at > 8 ? f->at - 8 : 0;
    } else if (key == KEYCODE_ENTER) {
        if (form_check(f))
            return FORM_DONE;
        for (int i = 0; i < f->fields; i++)
            if (f->field[i].error[0]) {
                f->at = i;
                break;
            }
    } else if (field->fixed) {
        return FORM_STAYS;
    } else if (is_choice(field) && (key == KEYCODE_LEFT || key == KEYCODE_RIGHT)) {
        turn_choice(field, key == KEYCODE_RIGHT);
        check_field(f, field);
        f->test = TEST_NONE;
    } else if (field_key(&field->text, key)) {
        check_field(f, field);
        f->error[0] = '\0';
        f->test = TEST_NONE; /* it was of other values */
    }
    return FORM_STAYS;
}

void form_paste(struct form *f, const char *utf8)
{
    if (!form_is_typing(f) || f->field[f->at].fixed)
        return;
    field_insert(&f->field[f->at].text, utf8);
    f->test = TEST_NONE;
    check_field(f, &f->field[f->at]);
}
