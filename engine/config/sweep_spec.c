/* Reads what a sweep is told; see sweep_spec.h. */
#include "engine/config/sweep_spec.h"

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"
#include "engine/os/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* `1..8`, `1..64*2`, `10..100+10`. */
static bool read_range(struct sweep_axis *a, const char *text)
{
    char low[SWEEP_VALUE_MAX], high[SWEEP_VALUE_MAX];
    const char *dots = strstr(text, ".."), *by = strpbrk(dots, "*+");
    size_t n = (size_t)(dots - text), m = by ? (size_t)(by - dots) - 2 : strlen(dots + 2);
    double from, to, step = 1;
    if (n >= sizeof low || m >= sizeof high)
        return false;
    snprintf(low, sizeof low, "%.*s", (int)n, text);
    snprintf(high, sizeof high, "%.*s", (int)m, dots + 2);
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

static bool read_list(struct sweep_spec *s, struct sweep_axis *a, char *text)
{
    if (!strcmp(text, "auto")) {
        s->automatic = true;
        return sweep_axis_add(a, 1);
    }
    char *save = NULL;
    for (char *v = strtok_r(text, ",", &save); v; v = strtok_r(NULL, ",", &save))
        if (!(strstr(v, "..") ? read_range(a, v) : add_value(a, v)))
            return false;
    return a->values > 0;
}

static int read_word(struct sweep_spec *s, char *word, struct err *err)
{
    char *is = strchr(word, '=');
    uint64_t ns;
    if (!strcmp(word, "capacity") && !s->axes) {
        s->is_capacity = true;
        return 0;
    }
    if (!strcmp(word, "fresh")) {
        s->fresh = true;
        return 0;
    }
    if (!strcmp(word, "whole")) {
        s->whole = true;
        return 0;
    }
    if (!is || is == word || !is[1])
        return err_set(
            err, ERR_USAGE,
            "sweep: '%s' is not VAR=LIST, hold=T, order=random, fresh, whole or capacity", word);
    *is = '\0';
    if (!strcmp(word, "hold")) {
        if (parse_duration(is + 1, &ns) < 0 || ns < NS_PER_S)
            return err_set(err, ERR_USAGE, "sweep: hold=%s: a duration of at least 1s is needed",
                           is + 1);
        s->hold_ns = ns;
        return 0;
    }
    if (!strcmp(word, "order")) {
        if (strcmp(is + 1, "random") && strcmp(is + 1, "given"))
            return err_set(err, ERR_USAGE, "sweep: order=%s: allowed are random and given", is + 1);
        s->random = !strcmp(is + 1, "random");
        return 0;
    }
    if (s->is_capacity) {
        double *to = !strcmp(word, "from") ? &s->from : !strcmp(word, "to") ? &s->to : NULL;
        if (!to || parse_rate(is + 1, to) < 0 || !rate_in_range(*to))
            return err_set(err, ERR_USAGE,
                           "sweep capacity: '%s=%s': allowed are from=RATE, to=RATE and hold=T",
                           word, is + 1);
        return 0;
    }
    if (s->axes == SWEEP_AXES_MAX)
        return err_set(err, ERR_USAGE, "sweep: more than two variables ('%s')", word);
    struct sweep_axis *a = &s->axis[s->axes++];
    copy_str(a->name, sizeof a->name, word);
    if (!read_list(s, a, is + 1))
        return err_set(err, ERR_USAGE,
                       "sweep: %s=%s is no list: 1,2,4 or 1..8 or 1..64*2 or 10..100+10 or auto, "
                       "%u values at most",
                       word, is + 1, SWEEP_VALUES_MAX);
    return 0;
}

int sweep_spec_step(const struct sweep_spec *s, const struct sweep_axis *a, const char *value,
                    struct command *c, struct err *err)
{
    static const char *const dial[] = {"threads", "clients", "connections", "depth",
                                       "rate",    "pattern", "ops"};
    char text[160];
    bool is_dial = false;
    for (unsigned i = 0; i < sizeof dial / sizeof *dial; i++)
        is_dial = is_dial || !strcmp(a->name, dial[i]);
    snprintf(text, sizeof text, "%s%s%s%s %s", s->pool, *s->pool ? " " : "", is_dial ? "" : "set ",
             a->name, value);
    return command_parse(c, text, err, NULL);
}

int sweep_spec_read(struct sweep_spec *s, const char *text, struct err *err)
{
    char words[256], *save = NULL;
    copy_str(words, sizeof words, text);
    copy_str(s->text, sizeof s->text, text);
    for (char *word = strtok_r(words, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        if (read_word(s, word, err) < 0)
            return ERR_USAGE;
    if (!s->is_capacity && !s->axes)
        return err_set(err, ERR_USAGE,
                       "sweep: nothing to sweep: VAR=LIST (threads=1,2,4,8) or capacity");
    s->steps = s->is_capacity ? 0 : 1;
    for (unsigned i = 0; i < s->axes; i++) {
        struct command c;
        for (unsigned k = 0; k < s->axis[i].values; k++)
            if (sweep_spec_step(s, &s->axis[i], s->axis[i].value[k], &c, err) < 0)
                return ERR_USAGE;
        s->steps *= s->axis[i].values;
        if (s->automatic && s->axes > 1)
            return err_set(err, ERR_USAGE, "sweep: auto works for one variable alone");
    }
    return 0;
}

int sweep_check(const char *text, struct err *err)
{
    struct sweep_spec *s = calloc(1, sizeof *s);
    char command[300];
    struct command c;
    if (!s)
        return err_set(err, ERR_FAILED, "sweep: out of memory");
    snprintf(command, sizeof command, "sweep %s", text);
    int code = command_parse(&c, command, err, NULL);
    if (code == 0 && !strcmp(c.text, "resume"))
        code = err_set(err, ERR_USAGE, "sweep resume: there is none yet");
    else if (code == 0)
        code = sweep_spec_read(s, c.text, err);
    free(s);
    return code;
}
