/* Parser of sweep specifications; see sweep_spec.h. */
#include "engine/config/sweep_spec.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/config/dial.h"
#include "engine/config/limits.h"
#include "engine/config/option.h"
#include "engine/os/loop.h"

#include <stdio.h>
#include <string.h>

#define HOLD_LEAST_NS NS_PER_S

static int wrong(const char *word, const char *why, struct err *err)
{
    char shown[61];
    return err_set(err, ERR_USAGE, "'%s': %s", secret_masked(word, shown, sizeof shown), why);
}

/* ---- values ---- */

static bool add_value(struct sweep_axis *a, const char *text)
{
    if (a->values == SWEEP_VALUES_MAX || strlen(text) >= SWEEP_VALUE_MAX || !*text)
        return false;
    copy_str(a->value[a->values++], SWEEP_VALUE_MAX, text);
    return true;
}

bool sweep_axis_add(struct sweep_axis *a, double v)
{
    char text[SWEEP_VALUE_MAX];
    snprintf(text, sizeof text, "%.10g", v);
    return add_value(a, text);
}

/* Reads `1..8`, `1..64*2` or `10..100+10`. */
static bool read_range(struct sweep_axis *a, const char *text)
{
    char low[SWEEP_VALUE_MAX], high[SWEEP_VALUE_MAX];
    const char *dots = strstr(text, ".."), *by = strpbrk(dots, "*+");
    size_t n = (size_t)(dots - text), m = by ? (size_t)(by - dots) - 2 : strlen(dots + 2);
    double from, to, step = 1;
    if (n >= sizeof low || m >= sizeof high)
        return false;
    copy_part(low, sizeof low, text, n);
    copy_part(high, sizeof high, dots + 2, m);
    if (parse_rate(low, &from) < 0 || parse_rate(high, &to) < 0 ||
        (by && parse_real(by + 1, &step) < 0))
        return false;
    bool times = by && *by == '*';
    if (from <= 0 || to < from || (times ? step <= 1 : step <= 0))
        return false;
    for (double v = from; v <= to * (1 + 1e-9); v = times ? v * step : v + step)
        if (!sweep_axis_add(a, v))
            return false;
    return true;
}

/* Parses each value of a dial as a URL would. A sweep needs values to measure at, so `rate=off` is
 * not one. */
static int check_values(const struct sweep_axis *a, struct err *err)
{
    struct load load = {0};
    int d = dial_find(a->name);
    for (unsigned i = 0; d >= 0 && i < a->values; i++) {
        if (dial_read(&load, (enum dial)d, a->value[i], err) < 0)
            return ERR_USAGE;
        if (d == DIAL_RATE && load.rate_per_s <= 0)
            return err_set(err, ERR_USAGE, "rate %s: a sweep wants rates (rate=1k/s,2k/s)",
                           a->value[i]);
    }
    return 0;
}

/* `word` is NAME=LIST. */
static int read_list(struct sweep_spec *s, struct sweep_axis *a, const char *word, const char *list,
                     struct err *err)
{
    char value[SWEEP_TEXT_MAX];
    if (strcmp(list, "auto") == 0) {
        int d = dial_find(a->name);
        if (d >= 0 && !dial_is_amount((enum dial)d))
            return wrong(word, "auto doubles a number, and this is none", err);
        s->automatic = sweep_axis_add(a, 1);
        return 0;
    }
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        copy_part(value, sizeof value, at, len);
        if (!*value)
            return wrong(word, "a value is missing in its list (threads=1,2,4,8)", err);
        if (!(strstr(value, "..") ? read_range(a, value) : add_value(a, value)))
            return err_set(err, ERR_USAGE,
                           "'%.60s': no list: 1,2,4 or 1..8 or 1..64*2 or 10..100+10 or auto, %d "
                           "values at most, each of less than %d characters",
                           word, SWEEP_VALUES_MAX, SWEEP_VALUE_MAX);
        at += len;
        if (!*at)
            return check_values(a, err);
    }
}

static int read_axis(struct sweep_spec *s, const char *word, const char *name, const char *list,
                     struct err *err)
{
    if (s->axes == SWEEP_AXES_MAX)
        return wrong(word, "a sweep has at most two variables", err);
    struct sweep_axis *a = &s->axis[s->axes];
    if (strlen(name) >= sizeof a->name)
        return wrong(word, "too long for the name of a variable", err);
    if (s->axes && strcmp(s->axis[0].name, name) == 0)
        return wrong(word, "it is varied already", err);
    s->axes++;
    copy_str(a->name, sizeof a->name, name);
    int bad = read_list(s, a, word, list, err);
    return !bad && s->automatic && s->axes > 1
               ? wrong(word, "auto works for one variable alone", err)
               : bad;
}

/* ---- words ---- */

static int read_hold(struct sweep_spec *s, const char *word, const char *value, struct err *err)
{
    if (parse_duration(value, &s->hold_ns) == 0 && s->hold_ns >= HOLD_LEAST_NS)
        return 0;
    return wrong(word, "hold wants a duration with its unit, of at least 1s (hold=10s)", err);
}

static int read_bound(double *bound, const char *word, const char *value, struct err *err)
{
    if (parse_rate(value, bound) == 0 && rate_in_range(*bound))
        return 0;
    return wrong(word, "not a rate from " RATE_RANGE " (from=10k/s)", err);
}

/* NAME=VALUE. */
static int read_pair(struct sweep_spec *s, const char *word, const char *name, const char *value,
                     struct err *err)
{
    if (strcmp(name, "hold") == 0)
        return read_hold(s, word, value, err);
    if (s->is_capacity && strcmp(name, "from") == 0)
        return read_bound(&s->from, word, value, err);
    if (s->is_capacity && strcmp(name, "to") == 0)
        return read_bound(&s->to, word, value, err);
    if (s->is_capacity)
        return wrong(word, "sweep capacity takes from=R, to=R and hold=T", err);
    if (strcmp(name, "order") == 0) {
        s->random = strcmp(value, "random") == 0;
        return s->random ? 0 : wrong(word, "the only order to ask for is order=random", err);
    }
    return read_axis(s, word, name, value, err);
}

static int read_word(struct sweep_spec *s, const char *word, bool first, struct err *err)
{
    char name[SWEEP_TEXT_MAX];
    const char *is = strchr(word, '=');
    bool *flag = strcmp(word, "fresh") == 0   ? &s->fresh
                 : strcmp(word, "whole") == 0 ? &s->whole
                                              : NULL;
    if (s->is_resume)
        return wrong(word, "nothing follows 'sweep resume'", err);
    if (first && strcmp(word, "capacity") == 0) {
        s->is_capacity = true;
    } else if (first && strcmp(word, "resume") == 0) {
        s->is_resume = true;
    } else if (flag && !s->is_capacity) {
        *flag = true;
    } else if (!is || is == word) {
        return wrong(word,
                     "a sweep wants VAR=LIST (threads=1,2,4,8), hold=T, order=random, or "
                     "'capacity'",
                     err);
    } else {
        copy_part(name, sizeof name, word, (size_t)(is - word));
        return read_pair(s, word, name, is + 1, err);
    }
    return 0;
}

int sweep_spec_read(struct sweep_spec *s, const char *text, struct err *err, unsigned *at)
{
    char word[SWEEP_TEXT_MAX];
    unsigned ignored = 0, *column = at ? at : &ignored;
    *column = 0;
    if (strlen(text) >= sizeof s->text)
        return err_set(err, ERR_USAGE, "sweep: its text is too long, at most %d characters",
                       SWEEP_TEXT_MAX - 1);
    copy_str(s->text, sizeof s->text, text);
    bool first = true;
    for (const char *from = text; *(from += strspn(from, " \t")); first = false) {
        size_t len = strcspn(from, " \t");
        copy_part(word, sizeof word, from, len);
        *column = (unsigned)(from - text);
        if (read_word(s, word, first, err) < 0)
            return ERR_USAGE;
        from += len;
    }
    *column = (unsigned)strlen(text);
    if (s->from > 0 && s->to > 0 && s->from > s->to)
        return err_set(err, ERR_USAGE,
                       "sweep capacity: its first rate (from) is above the last "
                       "(to)");
    if (!s->is_capacity && !s->is_resume && !s->axes)
        return err_set(err, ERR_USAGE,
                       "sweep: nothing to vary: VAR=LIST (threads=1,2,4,8), capacity or resume");
    s->steps = s->axes ? 1 : 0;
    for (unsigned i = 0; i < s->axes; i++)
        s->steps *= s->axis[i].values;
    return 0;
}

/* ---- against a pool ---- */

static int unknown_variable(const struct pool_spec *pool, const char *name, struct err *err)
{
    const char *names[DIALS + OPTIONS_MAX + 1];
    struct text list = {.limit = 200};
    unsigned n = 0;
    for (; n < DIALS; n++)
        names[n] = dial_option((enum dial)n)->name;
    for (const struct option_spec *o = pool->options.table; o->name; o++)
        if (o->flags & OPTION_LIVE)
            names[n++] = o->name;
    names[n] = NULL;
    for (unsigned i = 0; i < n; i++)
        text_add(&list, "%s%s", i ? " " : "", names[i]);
    const char *near = nearest_name(name, names);
    if (near)
        err_set(err, ERR_USAGE, "nothing to vary is called '%.60s' (did you mean '%s'?)", name,
                near);
    else
        err_set(err, ERR_USAGE, "nothing to vary is called '%.60s', allowed: %s%s", name,
                text_str(&list), list.cut ? "..." : "");
    text_free(&list);
    return ERR_USAGE;
}

/* False: what its operations are is known only after pool_open. */
static bool own_ops_known(const struct pool_spec *pool)
{
    const struct backend *b = pool->backend;
    return !(b->flags & BACKEND_POOL_OPS) || (!pool->ops_pending && pool->op_types != b->ops);
}

/* Checks one value of a dial against the ceilings. */
static int check_dial(enum dial d, const char *value, const struct pool_spec *pool,
                      const struct limits *l, bool local, struct err *err)
{
    struct load load = pool->load;
    if (d == DIAL_OPS && !own_ops_known(pool))
        return 0;
    int bad = d == DIAL_OPS
                  ? ops_parse(pool->op_types, pool->backend->name, value, load.weight, err)
                  : dial_read(&load, d, value, err);
    if (bad)
        return bad;
    return d == DIAL_OPS ? limits_check_mix(l, pool->op_types, load.weight, err)
                         : limits_check(l, local, &load, err);
}

/* Checks what the values of each step make together. */
static int check_steps(const struct sweep_spec *s, const struct pool_spec *pool,
                       const struct limits *l, struct err *err)
{
    int bad = 0;
    for (unsigned step = 0; step < s->steps && !bad; step++) {
        struct load load = pool->load;
        unsigned at = step;
        for (const struct sweep_axis *a = s->axis; a < s->axis + s->axes && !bad; a++) {
            unsigned values = a->values ? a->values : 1; /* an axis has at least one */
            int d = dial_find(a->name);
            if (d >= 0)
                bad = dial_read(&load, (enum dial)d, a->value[at % values], err);
            at /= values;
        }
        if (!bad)
            bad = limits_check_connections(l, pool, &load, err);
    }
    return bad;
}

/* The bounds of a search for the capacity. */
static int check_bounds(const struct sweep_spec *s, const struct pool_spec *pool,
                        const struct limits *l, bool local, struct err *err)
{
    struct load load = pool->load;
    load.rate_per_s = s->from > s->to ? s->from : s->to;
    return limits_check(l, local, &load, err);
}

int sweep_spec_check(const struct sweep_spec *s, const struct pool_spec *pool,
                     const struct limits *l, bool local, struct err *err)
{
    if (s->is_capacity)
        return check_bounds(s, pool, l, local, err);
    for (const struct sweep_axis *a = s->axis; a < s->axis + s->axes; a++) {
        int d = dial_find(a->name), bad = 0;
        if (d < 0 && options_find(pool->options.table, a->name) < 0)
            return unknown_variable(pool, a->name, err);
        for (unsigned i = 0; i < a->values && !bad; i++)
            bad = d < 0 ? pool_spec_takes(pool, a->name, a->value[i], err)
                        : check_dial((enum dial)d, a->value[i], pool, l, local, err);
        if (bad)
            return bad;
    }
    return local ? 0 : check_steps(s, pool, l, err);
}
