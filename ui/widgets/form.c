/* Forms; see form.h. One description (struct form_field) serves drawing,
 * checking and the commands. */
#include "ui/widgets/form.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/scenario.h"
#include "engine/state/snapshot.h"
#include "ui/term/input.h"
#include "ui/widgets/dial.h"
#include "ui/widgets/form_sweep.h"

#define FIELD_TARGET 0 /* of FORM_ADD */

/* Writes a bound without rounding: "4096", "1M", "64MiB", "1ms". */
static char *bound_text(enum option_type type, double v, char *buf, size_t size)
{
    static const char *const binary[] = {"", "KiB", "MiB", "GiB"};
    static const char *const thousands[] = {"", "k", "M", "G"};
    bool bytes = type == OPTION_SIZE || type == OPTION_SPAN;
    double step = bytes ? 1024 : 1000;
    int unit = 0;

    if (type == OPTION_DURATION)
        return format_exact_duration(buf, size, (uint64_t)v);
    for (; unit < 3 && v >= step && (unit > 0 || bytes || v >= 1e5) && fmod(v, step) == 0; unit++)
        v /= step;
    snprintf(buf, size, "%.10g%s", v, bytes ? binary[unit] : thousands[unit]);
    return buf;
}

/* Describes the accepted input: "count, 1 to 4096". */
static void type_text(const struct option_spec *o, char *buf, size_t size)
{
    static const char *const names[] = {"yes or no",     "count",        "number", "time, as 500ms",
                                        "size, as 4KiB", "size or span", "",       "text",
                                        "secret"};
    double endless = o->type == OPTION_DURATION ? 1e16 : 1e12; /* 4 months: effectively unbounded */
    char low[32], high[32];

    copy_str(buf, size, names[o->type]);
    if (o->type == OPTION_CHOICE)
        copy_str(buf, size, o->choices);
    else if (o->min == 0 && o->max == 0)
        return;
    else if (o->max >= endless && o->min == 0)
        return;
    else if (o->max >= endless)
        snprintf(buf, size, "%s, from %s", names[o->type],
                 bound_text(o->type, o->min, low, sizeof low));
    else
        snprintf(buf, size, "%s, %s to %s", o->type == OPTION_DURATION ? "time" : names[o->type],
                 bound_text(o->type, o->min, low, sizeof low),
                 bound_text(o->type, o->max, high, sizeof high));
}

/* Describes the two text options of a pool that have their own syntax. */
static void pool_texts(struct form_field *field, const struct backend *b)
{
    double weight[OPS_MAX];

    if (!strcmp(field->name, "rate")) {
        copy_str(field->type, sizeof field->type, "rate: 500/s, 10k/s");
    } else if (!strcmp(field->name, "ops")) {
        copy_str(field->type, sizeof field->type, "mix: NAME:WEIGHT,...");
        if (b && !field->def[0] && !ops_parse(b->ops, b->name, NULL, weight, NULL))
            ops_text(b->ops, weight, field->def, sizeof field->def);
    }
}

static void add_option(struct form *f, const struct option_spec *o, bool pool_option,
                       const char *value)
{
    struct form_field *field = form_add_field(f, o->name, o->help ? o->help : "");

    if (!field)
        return;
    field->spec = o;
    field->pool_option = pool_option;
    field->text.secret = o->type == OPTION_SECRET;
    type_text(o, field->type, sizeof field->type);
    if (o->type == OPTION_CHOICE || o->type == OPTION_BOOL)
        copy_str(field->choices, sizeof field->choices,
                 o->type == OPTION_BOOL ? "yes|no" : o->choices);
    copy_str(field->def, sizeof field->def, o->def ? o->def : "");
    if (pool_option)
        pool_texts(field, f->backend);
    if (value) {
        field_set(&field->text, value);
        copy_str(field->was, sizeof field->was, value);
    }
}

void form_open_add(struct form *f, const struct backend *const *backends)
{
    form_begin(f, FORM_ADD);
    f->backends = backends;
}

static void choose_backend(struct form *f, const struct backend *b)
{
    struct form_field *target;

    f->backend = b;
    f->op_types = b->ops;
    target =
        form_add_field(f, "target", "URL of the system under test; options may follow after ?");

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
    char value[sizeof f->field->was];

    form_begin(f, FORM_EDIT);
    f->pool = p->number;
    f->backend = p->backend;
    f->op_types = p->op_types;
    for (int d = 0; d < DIALS; d++) {
        if (d == DIAL_OPS)
            ops_text(p->op_types, p->load.weight, value, sizeof value);
        else if (d == DIAL_DEPTH) /* the depth in effect, even if not set */
            dial_value(p, d, value, sizeof value);
        else
            dial_text(&p->load, (enum dial)d, value, sizeof value);
        add_option(f, dial_option((enum dial)d), true, value);
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

/* ---- checks ---- */

static bool changed(const struct form *f, const struct form_field *field)
{
    if (field->fixed)
        return false;
    if (f->kind == FORM_EDIT)
        return strcmp(field->text.s, field->was) != 0;
    return field->text.len > 0;
}

/* Is this one of the words that a command accepts although the option's table does not have
 * them? */
static bool command_word(const struct form *f, const struct form_field *field)
{
    int d = f->kind == FORM_EDIT && field->pool_option ? dial_find(field->name) : -1;

    return d >= 0 && dial_table[d].unset && !strcmp(field->text.s, dial_table[d].unset);
}

static void check_field(struct form *f, struct form_field *field)
{
    struct options o;
    struct err err = {0};

    if (f->kind == FORM_SWEEP) {
        form_sweep_check(f);
        return;
    }
    field->error[0] = '\0';
    if (!field->spec || !changed(f, field) || command_word(f, field))
        return;
    if (field->pool_option && !strcmp(field->name, "ops")) {
        double weight[OPS_MAX];

        /* A new pool may define more operations than its backend's table. */
        if (f->kind == FORM_ADD && f->backend->flags & BACKEND_POOL_OPS)
            return;
        if (ops_parse(f->op_types, f->backend->name, field->text.s, weight, &err))
            copy_str(field->error, sizeof field->error, err.msg);
        return;
    }
    options_init(&o, field->pool_option ? pool_option_table : f->backend->options);
    if (options_set(&o, field->name, field->text.s, ORIGIN_ARGV, false, &err) ||
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
        if (url.len >= COMMAND_TEXT_MAX) {
            copy_str(f->error, sizeof f->error, "its target and options are too long together");
            good = false;
        } else if (pool_spec_parse(&spec, text_str(&url), ORIGIN_ARGV, NULL, f->backends, &err)) {
            copy_str(f->error, sizeof f->error, err.msg);
            good = false;
        } else {
            pool_spec_fini(&spec);
        }
        text_free(&url);
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
        form_sweep_command(f, buf, size);
        return true;
    } else if (f->kind == FORM_EDIT) {
        for (int j = 0, n = 0; j < f->fields && !any; j++) {
            const struct form_field *field = &f->field[j];

            if (!changed(f, field) || n++ != i)
                continue;
            int d = field->pool_option ? dial_find(field->name) : -1;

            text_add(&t, "%u %s%s %s", f->pool,
                     d < 0 || dial_is_plain_set((enum dial)d) ? "set " : "", field->name,
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

/* Left and right go through the choices. */
static void turn_choice(struct form_field *field, bool next)
{
    const char *choices = field->choices;
    char word[32][48];
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
    } else if (field->choices[0] && (key == KEYCODE_LEFT || key == KEYCODE_RIGHT)) {
        turn_choice(field, key == KEYCODE_RIGHT);
        if (f->kind == FORM_SWEEP)
            form_sweep_turned(f);
        check_field(f, field);
        f->test = TEST_NONE;
    } else if (field_key(&field->text, key)) {
        check_field(f, field);
        f->error[0] = '\0';
        f->test = TEST_NONE; /* the last test was of other values */
    }
    return FORM_STAYS;
}

void form_paste(struct form *f, const char *utf8)
{
    if (!form_is_typing(f) || f->field[f->at].fixed)
        return;
    bool fits = field_insert(&f->field[f->at].text, utf8);
    f->test = TEST_NONE;
    check_field(f, &f->field[f->at]);
    if (!fits)
        copy_str(f->field[f->at].error, sizeof f->field[f->at].error, FIELD_TOO_LONG);
}
