/* Option tables and their values: reading, checking and writing what can be set.
 *
 * A message begins with the option's name and the value ("threads 0: ..."), so that the command
 * line can prepend its dashes. Scalars are atomics because a dial changes them while workers read;
 * texts are plain pointers and therefore never change once a pool runs. A secret's value appears in
 * no message. Called by the scenario, the engine's commands and the backends. */
#include "engine/config/option.h"

#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHOICES_MAX 24
#define VALUE_SHOWN 60 /* characters of a value quoted in a message */

static bool is_text(const struct option_spec *spec)
{
    return spec->type == OPTION_TEXT || spec->type == OPTION_SECRET;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static double real_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Splits "a|b|c" into names, terminated by NULL, which are stored in `copy`. */
static unsigned split_choices(const char *choices, char *copy, size_t size,
                              const char *names[CHOICES_MAX + 1])
{
    unsigned n = 0;
    copy_str(copy, size, choices);
    for (char *at = copy; at && n < CHOICES_MAX;) {
        char *bar = strchr(at, '|');
        if (bar)
            *bar++ = '\0';
        names[n++] = at;
        at = bar;
    }
    names[n] = NULL;
    return n;
}

static void bound_text(const struct option_spec *spec, double bound, char *buf, size_t size)
{
    switch (spec->type) {
    case OPTION_DURATION:
        format_exact_duration(buf, size, (uint64_t)bound);
        break;
    case OPTION_REAL:
        snprintf(buf, size, "%g", bound);
        break;
    default:
        snprintf(buf, size, "%.0f", bound);
    }
}

/* Writes ", allowed 1 to 4096", or nothing if there is no bound. */
static void allowed_text(const struct option_spec *spec, char *buf, size_t size)
{
    char low[32], high[32];
    buf[0] = '\0';
    bound_text(spec, spec->min, low, sizeof low);
    bound_text(spec, spec->max, high, sizeof high);
    if (spec->max > spec->min)
        snprintf(buf, size, ", allowed %s to %s", low, high);
    else if (spec->min > 0)
        snprintf(buf, size, ", allowed %s and more", low);
}

static bool in_range(const struct option_spec *spec, double v)
{
    if (spec->max > spec->min)
        return v >= spec->min && v <= spec->max;
    return v >= spec->min || (spec->min == 0 && spec->max == 0);
}

static int refuse(const struct option_spec *spec, const char *value, const char *why,
                  struct err *err)
{
    char allowed[80];
    allowed_text(spec, allowed, sizeof allowed);
    return err_set(err, ERR_USAGE, "%s %.*s: %s%s", spec->name, VALUE_SHOWN, *value ? value : "''",
                   why, allowed);
}

static int read_choice(const struct option_spec *spec, const char *value, uint64_t *out,
                       struct err *err)
{
    char copy[512];
    const char *names[CHOICES_MAX + 1];
    unsigned n = split_choices(spec->choices, copy, sizeof copy, names);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(names[i], value) == 0) {
            *out = i;
            return 0;
        }
    const char *near = nearest_name(value, names);
    return err_set(err, ERR_USAGE, "%s %.*s: not one of %s%s%s%s", spec->name, VALUE_SHOWN,
                   *value ? value : "''", spec->choices, near ? " (did you mean '" : "",
                   near ? near : "", near ? "'?)" : "");
}

static int read_bool(const struct option_spec *spec, const char *value, uint64_t *out,
                     struct err *err)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], value) == 0) {
            *out = i & 1;
            return 0;
        }
    return err_set(err, ERR_USAGE, "%s %.*s: not one of yes|no", spec->name, VALUE_SHOWN, value);
}

/* Reads "32" or "32-4096" into one value with the low bound in its lower half. */
static int read_span(const struct option_spec *spec, const char *value, uint64_t *out,
                     struct err *err)
{
    char low_text[32];
    const char *dash = strchr(value, '-');
    uint64_t low, high;
    size_t len = dash ? (size_t)(dash - value) : strlen(value);
    if (len >= sizeof low_text)
        return refuse(spec, value, "not a size or a span of sizes (32, or 32-4096)", err);
    memcpy(low_text, value, len);
    low_text[len] = '\0';
    if (parse_size(low_text, &low) || parse_size(dash ? dash + 1 : low_text, &high))
        return refuse(spec, value, "not a size or a span of sizes (32, or 32-4096)", err);
    if (low > high)
        return refuse(spec, value, "its low end is above its high end", err);
    if (high > UINT32_MAX || !in_range(spec, (double)low) || !in_range(spec, (double)high))
        return refuse(spec, value, "out of range", err);
    *out = low | high << 32;
    return 0;
}

static int read_number(const struct option_spec *spec, const char *value, uint64_t *out,
                       struct err *err)
{
    double real = 0;
    uint64_t whole = 0;
    const char *why;
    int bad;
    switch (spec->type) {
    case OPTION_COUNT:
        bad = parse_count(value, &whole);
        why = "not a whole number (10k is 10,000)";
        break;
    case OPTION_DURATION:
        bad = parse_duration(value, &whole);
        why = parse_real(value, &real) == 0 ? "a duration needs a unit (500ms, 30s, 5m, 1h)"
                                            : "not a duration (500ms, 30s, 5m, 1h)";
        break;
    case OPTION_SIZE:
        bad = parse_size(value, &whole);
        why = "not a size (32, 64k, 1MiB)";
        break;
    default:
        bad = parse_real(value, &real);
        why = "not a number";
    }
    if (bad)
        return refuse(spec, value, why, err);
    bool is_real = spec->type == OPTION_REAL;
    if (!in_range(spec, is_real ? real : (double)whole))
        return refuse(spec, value, "out of range", err);
    *out = is_real ? bits_of(real) : whole;
    return 0;
}

static int read_scalar(const struct option_spec *spec, const char *value, uint64_t *out,
                       struct err *err)
{
    switch (spec->type) {
    case OPTION_BOOL:
        return read_bool(spec, value, out, err);
    case OPTION_CHOICE:
        return read_choice(spec, value, out, err);
    case OPTION_SPAN:
        return read_span(spec, value, out, err);
    default:
        return read_number(spec, value, out, err);
    }
}

static char *copy_of(const char *s)
{
    char *copy = strdup(s);
    if (!copy)
        abort();
    return copy;
}

/* Wipes and frees a text, which may be a password. */
static void drop_text(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

static void store(struct options *o, unsigned i, uint64_t v)
{
    atomic_store_explicit(&o->scalar[i], v, memory_order_relaxed);
}

void options_init(struct options *o, const struct option_spec *table)
{
    o->table = table;
    o->properties = NULL;
    o->n = 0;
    for (unsigned i = 0; i < OPTIONS_MAX; i++) {
        atomic_init(&o->scalar[i], 0);
        o->text[i] = NULL;
        o->origin[i] = ORIGIN_DEFAULT;
    }
    for (const struct option_spec *spec = table; spec->name; spec++) {
        assert(o->n < OPTIONS_MAX);
        assert(spec->type != OPTION_CHOICE || spec->choices);
        assert(!(spec->flags & OPTION_PREFIX) || (is_text(spec) && !spec->alias));
        if (spec->def && is_text(spec)) {
            o->text[o->n] = copy_of(spec->def);
        } else if (spec->def) {
            uint64_t v = 0;
            struct err err = {0};
            int bad = read_scalar(spec, spec->def, &v, &err);
            assert(!bad && "an option's default must be a value of its own");
            (void)bad;
            store(o, o->n, v);
        }
        o->n++;
    }
}

void options_copy(struct options *to, const struct options *from)
{
    to->table = from->table;
    to->properties = from->properties;
    to->n = from->n;
    for (unsigned i = 0; i < OPTIONS_MAX; i++) {
        atomic_init(&to->scalar[i], i < from->n ? option_u64(from, i) : 0);
        to->text[i] = i < from->n && from->text[i] ? copy_of(from->text[i]) : NULL;
        to->origin[i] = i < from->n ? from->origin[i] : ORIGIN_DEFAULT;
    }
}

void options_fini(struct options *o)
{
    if (!o)
        return;
    for (unsigned i = 0; i < o->n; i++) {
        drop_text(o->text[i]);
        o->text[i] = NULL;
    }
    o->n = 0;
}

int options_find(const struct option_spec *table, const char *name)
{
    for (int i = 0; table[i].name; i++) {
        if (table[i].flags & OPTION_PREFIX) {
            size_t len = strlen(table[i].name);
            if (strncmp(table[i].name, name, len) == 0 && name[len])
                return i;
        } else if (strcmp(table[i].name, name) == 0 ||
                   (table[i].alias && strcmp(table[i].alias, name) == 0)) {
            return i;
        }
    }
    return -1;
}

int option_unknown(const char *name, const char *const *names, struct err *err)
{
    struct text list = {.limit = 150};
    for (unsigned i = 0; names[i]; i++)
        text_add(&list, "%s%s", i ? " " : "", names[i]);
    const char *near = nearest_name(name, names);
    if (near)
        err_set(err, ERR_USAGE, "unknown option '%.*s' (did you mean '%s'?)", VALUE_SHOWN, name,
                near);
    else
        err_set(err, ERR_USAGE, "unknown option '%.*s', allowed: %s%s", VALUE_SHOWN, name,
                text_str(&list), list.cut ? "..." : "");
    text_free(&list);
    err_of_option(err, name);
    return ERR_USAGE;
}

static int refuse_name(const struct options *o, const char *name, struct err *err)
{
    const char *names[OPTIONS_MAX + 1];
    unsigned n = 0;
    for (; n < o->n; n++)
        names[n] = o->table[n].name;
    names[n] = NULL;
    return option_unknown(name, names, err);
}

/* Adds "name=value\n" to a PREFIX option's lines, replacing a line of the same name. */
static void set_line(struct options *o, unsigned i, const char *name, const char *value)
{
    struct text lines = {0};
    size_t name_len = strlen(name);
    for (const char *at = o->text[i]; at && *at;) {
        size_t len = strcspn(at, "\n") + 1;
        if (strncmp(at, name, name_len) != 0 || at[name_len] != '=')
            text_put(&lines, at, len);
        at += len;
    }
    text_add(&lines, "%s=%s\n", name, value);
    if (!lines.s)
        abort();
    drop_text(o->text[i]);
    o->text[i] = lines.s;
}

/* ---- Which origin may set what ---- */

bool origin_is_trusted(enum option_origin origin)
{
    return origin == ORIGIN_ARGV || origin == ORIGIN_CONFIG;
}

const char *origin_words(enum option_origin origin)
{
    static const char *const words[] = {
        [ORIGIN_DEFAULT] = "the default",        [ORIGIN_ARGV] = "the command line",
        [ORIGIN_CONFIG] = "the user's own file", [ORIGIN_ENVIRONMENT] = "the environment",
        [ORIGIN_SCENARIO] = "a scenario file",   [ORIGIN_RUN] = "a saved run",
    };
    return words[origin];
}

static const struct option_property *find_property(const struct options *o, const char *rest)
{
    const struct option_property *p = o->properties ? o->properties->allowed : NULL;
    while (p && p->name && strcmp(p->name, rest) != 0)
        p++;
    return p && p->name ? p : NULL;
}

/* Does a value of this option make this process read a file or speak to another host? */
static bool needs_trust(const struct options *o, const struct option_spec *spec, const char *name,
                        const char *value)
{
    if (!(spec->flags & OPTION_PREFIX))
        return spec->flags & OPTION_TRUSTED_ONLY;
    const struct option_property *p = find_property(o, name + strlen(spec->name));
    if (!p)
        return false;
    return p->flags & OPTION_TRUSTED_ONLY ||
           (o->properties->value_needs_trust && o->properties->value_needs_trust(p->name, value));
}

static int refuse_origin(const char *name, enum option_origin origin, struct err *err)
{
    return err_set(err, ERR_USAGE,
                   "%.*s: it reads a file of this machine, calls another host or weakens TLS, so "
                   "it is taken from the command line only, never from %s",
                   VALUE_SHOWN, name, origin_words(origin));
}

/* Sets the error for a property that is not allowed: the reason, or the nearest allowed one. */
static int refuse_property(const struct options *o, const char *name, const char *rest,
                           struct err *err)
{
    const struct option_properties *p = o->properties;
    const char *why = p->refusal ? p->refusal(rest) : NULL, *near = NULL;
    unsigned n = 0;
    if (why)
        return err_set(err, ERR_USAGE, "%.*s: refused: %s", VALUE_SHOWN, name, why);
    while (p->allowed[n].name)
        n++;
    const char **names = calloc(n + 1, sizeof *names);
    for (unsigned i = 0; names && i < n; i++)
        names[i] = p->allowed[i].name;
    if (names)
        near = nearest_name(rest, names);
    err_set(err, ERR_USAGE, "%.*s: no such property, or none that may be set%s%.*s%s%s",
            VALUE_SHOWN, name, near ? " (did you mean '" : "", (int)(near ? rest - name : 0), name,
            near ? near : "", near ? "'?)" : "");
    free(names);
    return ERR_USAGE;
}

static int set_text(struct options *o, unsigned i, const char *name, const char *value,
                    struct err *err)
{
    const struct option_spec *spec = &o->table[i];
    bool secret = spec->type == OPTION_SECRET || is_secret_name(name, strlen(name));
    if (secret && strlen(value) > SECRET_MAX)
        return err_set(err, ERR_USAGE, "%.*s: longer than %d bytes", VALUE_SHOWN, name, SECRET_MAX);
    if (secret)
        secret_know(value);
    if (strpbrk(value, "\n\r"))
        return err_set(err, ERR_USAGE, "%s: a line break is not allowed in its value", name);
    if (spec->flags & OPTION_PREFIX) {
        const char *rest = name + strlen(spec->name);
        if (strpbrk(rest, "=\n\r"))
            return err_set(err, ERR_USAGE, "%.*s: not the name of a property", VALUE_SHOWN, name);
        if (o->properties && !find_property(o, rest))
            return refuse_property(o, name, rest, err);
        set_line(o, i, rest, value);
        return 0;
    }
    char *copy = copy_of(value);
    drop_text(o->text[i]);
    o->text[i] = copy;
    return 0;
}

static int set_option(struct options *o, const char *name, const char *value,
                      enum option_origin origin, bool live_only, struct err *err)
{
    int found = options_find(o->table, name);
    if (found < 0)
        return refuse_name(o, name, err);
    unsigned i = (unsigned)found;
    const struct option_spec *spec = &o->table[i];
    if (live_only && (!(spec->flags & OPTION_LIVE) || is_text(spec)))
        return err_set(err, ERR_USAGE,
                       "%s cannot change while the load runs; stop the pool and add it anew with "
                       "the other value",
                       name);
    if (*value && !origin_is_trusted(origin) && needs_trust(o, spec, name, value))
        return refuse_origin(name, origin, err);
    if (is_text(spec)) {
        int bad = set_text(o, i, name, value, err);
        if (bad)
            return bad;
    } else {
        uint64_t v = 0;
        int bad = read_scalar(spec, value, &v, err);
        if (bad)
            return bad;
        store(o, i, v);
    }
    o->origin[i] = (uint8_t)origin;
    return 0;
}

int options_set(struct options *o, const char *name, const char *value, enum option_origin origin,
                bool live_only, struct err *err)
{
    return set_option(o, name, value, origin, live_only, err) ? err_of_option(err, name) : 0;
}

/* "linger.ms=5 acks=1" */
static char *lines_text(const char *lines, char *buf, size_t size)
{
    struct text out = {0};
    for (const char *at = lines; *at;) {
        size_t len = strcspn(at, "\n"), name_len = strcspn(at, "=");
        bool secret = is_secret_name(at, name_len);
        text_add(&out, "%s%.*s%s", out.len ? " " : "", (int)(secret ? name_len : len), at,
                 secret ? "=***" : "");
        at += len + (at[len] == '\n');
    }
    copy_str(buf, size, text_str(&out));
    text_free(&out);
    return buf;
}

static char *choice_text(const char *choices, uint64_t index, char *buf, size_t size)
{
    char copy[512];
    const char *names[CHOICES_MAX + 1];
    unsigned n = split_choices(choices, copy, sizeof copy, names);
    return copy_str(buf, size, index < n ? names[index] : "");
}

char *options_text(const struct options *o, unsigned index, char *buf, size_t size)
{
    if (!size)
        return buf;
    buf[0] = '\0';
    if (index >= o->n)
        return buf;
    const struct option_spec *spec = &o->table[index];
    uint64_t v = option_u64(o, index);
    switch (spec->type) {
    case OPTION_BOOL:
        return copy_str(buf, size, v ? "yes" : "no");
    case OPTION_COUNT:
    case OPTION_SIZE:
        snprintf(buf, size, "%llu", (unsigned long long)v);
        return buf;
    case OPTION_REAL:
        return format_exact_number(buf, size, real_of(v));
    case OPTION_DURATION:
        return format_exact_duration(buf, size, v);
    case OPTION_SPAN:
        if ((uint32_t)v == v >> 32)
            snprintf(buf, size, "%u", (unsigned)(v >> 32));
        else
            snprintf(buf, size, "%u-%u", (unsigned)(uint32_t)v, (unsigned)(v >> 32));
        return buf;
    case OPTION_CHOICE:
        return choice_text(spec->choices, v, buf, size);
    case OPTION_SECRET:
        return copy_str(buf, size, o->text[index] && *o->text[index] ? "***" : "");
    case OPTION_TEXT:
        if (spec->flags & OPTION_PREFIX)
            return lines_text(option_str(o, index), buf, size);
        return copy_str(buf, size, option_str(o, index));
    }
    return buf;
}

double option_real(const struct options *o, unsigned i)
{
    return real_of(option_u64(o, i));
}

const char *option_str(const struct options *o, unsigned i)
{
    return i < o->n && o->text[i] ? o->text[i] : "";
}
