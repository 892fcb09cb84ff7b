/* Checks a complete scenario before the run starts: see scenario_check.
 *
 * A timed command or a step of a sweep that names an unknown pool, option or value is refused now
 * rather than when it is due. Ceilings and read-only are checked again where commands are executed.
 * Called by the command line, after the flags, the targets and the file. */
#include "engine/config/scenario_check.h"

#include "engine/config/scenario.h"

#include "engine/backend.h"
#include "engine/config/command.h"
#include "engine/config/dial.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/config/sweep_spec.h"
#include "engine/base/quantity.h"
#include "engine/config/command_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const struct scenario *s, const char *name, unsigned pool)
{
    uint64_t number;
    return parse_count(name, &number) == 0 && number == pool + 1 && pool < s->pools;
}

/* Is this a pool of the scenario, by name or number? An empty name means all. */
static int check_pool(const struct scenario *s, const char *name, const char *where,
                      struct err *err)
{
    const char *names[POOLS_MAX + 1];
    struct text list = {.limit = 120};
    bool known = !*name;
    for (unsigned i = 0; i < s->pools; i++) {
        names[i] = s->pool[i]->name;
        text_add(&list, "%s%s", i ? " " : "", names[i]);
        known = known || strcmp(names[i], name) == 0 || is_number(s, name, i);
    }
    names[s->pools] = NULL;
    const char *near = nearest_name(name, names);
    if (!known)
        err_set(err, ERR_USAGE, "%.100s: no pool '%s'%s%s%s, there are: %s", where, name,
                near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
                text_str(&list));
    text_free(&list);
    return known ? 0 : ERR_USAGE;
}

static int try_set(const struct pool_spec *spec, const struct command *c, struct err *err)
{
    double weight[OPS_MAX];
    struct load load;
    /* the operations of a pool's own table are known only when the command is due */
    if (c->verb == VERB_OPS)
        return spec->backend->flags & BACKEND_POOL_OPS
                   ? 0
                   : ops_parse(spec->op_types, spec->backend->name, c->text, weight, err);
    int d = dial_find(c->option);
    return d >= 0 && dial_is_plain_set((enum dial)d)
               ? dial_read(&load, (enum dial)d, c->text, err)
               : pool_spec_takes(spec, c->option, c->text, err);
}

/* `set` and `ops`: at least one of the addressed pools must accept it. */
static int check_set(const struct scenario *s, const struct command *c, const char *where,
                     struct err *err)
{
    struct err why = {0}, first = {0};
    if (c->verb != VERB_SET && c->verb != VERB_OPS)
        return 0;
    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_spec *spec = s->pool[i];
        if (*c->pool && strcmp(c->pool, spec->name) != 0 && !is_number(s, c->pool, i))
            continue;
        if (try_set(spec, c, &why) == 0)
            return 0;
        if (!first.code)
            first = why;
    }
    return first.code ? err_set(err, ERR_USAGE, "%s: %s", where, first.msg) : 0;
}

static const struct pool_spec *swept_pool(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->pools; i++)
        if (*name ? strcmp(name, s->pool[i]->name) == 0 || is_number(s, name, i) : s->pools == 1)
            return s->pool[i];
    return NULL;
}

/* Checks that the variables of a sweep exist and accept all values given for them. A sweep that
 * names no pool applies to the only pool. */
static int check_sweep(const struct scenario *s, const struct command *c, const char *where,
                       struct err *err)
{
    struct sweep_spec sweep = {0};
    struct err why = {0};
    const struct pool_spec *pool = swept_pool(s, c->pool);
    if (!*c->pool && strcmp(c->text, "resume") == 0) /* resumes the last sweep, whatever its pool */
        return 0;
    if (!pool && *c->pool)
        return check_pool(s, c->pool, where, err);
    if (!pool)
        return err_set(err, ERR_USAGE, "%s: say which pool, there is not exactly one", where);
    int bad = sweep_spec_read(&sweep, c->text, &why, NULL);
    if (!bad)
        bad = sweep_spec_check(&sweep, pool, &why);
    return bad ? err_set(err, ERR_USAGE, "%s: %s", where, why.msg) : 0;
}

/* Checks the sweep of --sweep or of a scenario file. */
static int check_own_sweep(const struct scenario *s, struct err *err)
{
    char line[sizeof s->sweep + 16], where[120];
    struct command c;
    struct err why = {0};
    snprintf(line, sizeof line, "sweep %s", s->sweep);
    snprintf(where, sizeof where, "--sweep %.100s", s->sweep);
    int bad = command_parse(&c, line, &why, NULL);
    if (!bad && strcmp(c.text, "resume") == 0)
        bad = err_set(&why, ERR_USAGE, "sweep resume: there is none yet");
    return bad ? err_set(err, ERR_USAGE, "%s: %s", where, why.msg) : check_sweep(s, &c, where, err);
}

/* Is it the sweep of the only pool, where there may be one only when it is due? */
static bool is_of_later_pool(const struct scenario *s, const struct command *c, bool removes)
{
    return c->verb == VERB_SWEEP && !*c->pool && s->pools != 1 && (removes || !s->pools);
}

static int check_ats(const struct scenario *s, bool removes, struct err *err)
{
    struct command c;
    char where[120], shown[COMMAND_LINE_MAX];
    int bad = 0;
    for (unsigned i = 0; i < s->ats && !bad; i++) {
        if (command_parse(&c, s->at[i].text, NULL, NULL) < 0)
            continue;
        snprintf(where, sizeof where, "--at '%.100s'", command_shown(&c, shown, sizeof shown));
        bad = check_pool(s, c.pool, where, err);
        if (!bad && !is_of_later_pool(s, &c, removes))
            bad = c.verb == VERB_SWEEP ? check_sweep(s, &c, where, err)
                                       : check_set(s, &c, where, err);
    }
    return bad;
}

/* Refuses settings that need --allow-destructive before anything starts; pool_open checks what only
 * the server knows. */
static int check_destructive(const struct scenario *s, const struct pool_spec *spec,
                             struct err *err)
{
    const struct backend *b = spec->backend;
    const char *why = b->destructive && !s->limits.allow_destructive && !s->limits.read_only
                          ? b->destructive(&spec->options)
                          : NULL;
    return why ? err_set(err, ERR_USAGE, "%s: %s", spec->target.shown, why) : 0;
}

int scenario_check(const struct scenario *s, struct err *err)
{
    bool adds = false; /* the names of pools that are added later are not known yet */
    bool removes = false;
    int bad = 0;
    struct command c;
    for (unsigned i = 0; i < s->ats; i++)
        if (command_parse(&c, s->at[i].text, NULL, NULL) == 0) {
            adds = adds || c.verb == VERB_ADD;
            removes = removes || c.verb == VERB_REMOVE;
        }
    for (unsigned i = 0; i < s->thresholds && !bad && !adds; i++) {
        char where[sizeof s->threshold[i].expr + 16];
        snprintf(where, sizeof where, "--threshold %s", s->threshold[i].expr);
        bad = check_pool(s, s->threshold[i].pool, where, err);
    }
    if (!bad && !adds)
        bad = check_ats(s, removes, err);
    if (!bad && s->sweep[0] && s->pools)
        bad = check_own_sweep(s, err);
    for (unsigned i = 0; i < s->pools && !bad; i++) {
        struct err why = {0};
        const struct pool_spec *spec = s->pool[i];
        bad = limits_check(&s->limits, target_is_local(&spec->target), &spec->load, &why);
        if (bad)
            err_set(err, bad, "%s: %s", spec->name, why.msg);
        else
            bad = check_destructive(s, spec, err);
    }
    return bad;
}
