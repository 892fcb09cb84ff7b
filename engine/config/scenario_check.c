/* Checks a complete scenario before the run starts: see scenario_check.
 *
 * A timed command or a step of a sweep that names an unknown pool, option or value is refused now
 * rather than when it is due, and so is one above a ceiling that is known now. All of it is checked
 * again where commands are executed.
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

/* The pools that commands and thresholds can be addressed to: those of the scenario, then those
 * that timed `add` commands bring. */
struct known {
    const struct scenario *s;
    struct pool_spec *pool[POOLS_MAX + AT_MAX]; /* [pools]; those behind s->pools are owned */
    unsigned pools;
    bool removes; /* a timed command removes a pool */
};

/* Is that the name or the number of this pool? Of a pool that is added later both depend on what
 * else is added and removed until then: any that it may get is accepted. */
static bool is_called(const struct known *k, unsigned i, const char *name)
{
    const struct pool_spec *spec = k->pool[i];
    size_t len = strlen(spec->backend->name);
    uint64_t number;
    bool later = i >= k->s->pools;
    if (strcmp(name, spec->name) == 0)
        return true;
    if (parse_count(name, &number) == 0)
        return later ? number > k->s->pools && number <= k->pools : number == i + 1;
    return later && strncmp(name, spec->backend->name, len) == 0 && name[len] == '-';
}

/* Is it a known pool, by name or number? An empty name means all. */
static int check_pool(const struct known *k, const char *name, const char *where, struct err *err)
{
    const char *names[POOLS_MAX + AT_MAX + 1];
    struct text list = {.limit = 120};
    bool known = !*name;
    for (unsigned i = 0; i < k->pools; i++) {
        names[i] = k->pool[i]->name;
        text_add(&list, "%s%s", i ? " " : "", names[i]);
        known = known || is_called(k, i, name);
    }
    names[k->pools] = NULL;
    const char *near = nearest_name(name, names);
    if (!known)
        err_set(err, ERR_USAGE, "%.100s: no pool '%s'%s%s%s, there are: %s", where, name,
                near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
                text_str(&list));
    text_free(&list);
    return known ? 0 : ERR_USAGE;
}

static int try_ops(const struct limits *l, const struct pool_spec *spec, const struct command *c,
                   struct err *err)
{
    double weight[OPS_MAX];
    /* the operations of a pool's own table are known only when the command is due */
    if (spec->backend->flags & BACKEND_POOL_OPS)
        return 0;
    int bad = ops_parse(spec->op_types, spec->backend->name, c->text, weight, err);
    return bad ? bad : limits_check_mix(l, spec->op_types, weight, err);
}

static int try_set(const struct pool_spec *spec, const struct command *c, struct err *err)
{
    struct load load;
    int d = dial_find(c->option);
    return d >= 0 && dial_is_plain_set((enum dial)d)
               ? dial_read(&load, (enum dial)d, c->text, err)
               : pool_spec_takes(spec, c->option, c->text, err);
}

/* The result of a step (+10, *2) depends on the value when it is due. */
static int try_amount(const struct limits *l, const struct pool_spec *spec, const struct command *c,
                      struct err *err)
{
    struct load load = spec->load;
    if (c->kind != AMOUNT_SET)
        return 0;
    dial_put(&load, (enum dial)dial_of_verb(c->verb), c->amount);
    return limits_check(l, target_is_local(&spec->target), &load, err);
}

static int try_sweep(const struct limits *l, const struct pool_spec *spec, const struct command *c,
                     struct err *err)
{
    struct sweep_spec sweep = {0};
    int bad = sweep_spec_read(&sweep, c->text, err, NULL);
    return bad ? bad : sweep_spec_check(&sweep, spec, l, target_is_local(&spec->target), err);
}

/* Would the pool, as it is started, take the command? */
static int try_command(const struct limits *l, const struct pool_spec *spec,
                       const struct command *c, struct err *err)
{
    int d = dial_of_verb(c->verb);
    if (d >= 0 && dial_is_amount((enum dial)d))
        return try_amount(l, spec, c, err);
    switch (c->verb) {
    case VERB_OPS:
        return try_ops(l, spec, c, err);
    case VERB_SET:
        return try_set(spec, c, err);
    case VERB_SWEEP:
        return try_sweep(l, spec, c, err);
    default:
        return 0;
    }
}

/* At least one of the addressed pools must take the command. */
static int check_command(const struct known *k, const struct command *c, const char *where,
                         struct err *err)
{
    struct err why = {0}, first = {0};
    int bad = check_pool(k, c->pool, where, err);
    for (unsigned i = 0; i < k->pools && !bad; i++) {
        if (*c->pool && !is_called(k, i, c->pool))
            continue;
        if (try_command(&k->s->limits, k->pool[i], c, &why) == 0)
            return 0;
        if (!first.code)
            err_set(&first, why.code, "%s: %s", where, why.msg);
    }
    if (bad || !first.code)
        return bad;
    *err = first;
    return err->code;
}

/* Is it known now how many pools there are when a timed command is due? A dashboard without a pool
 * waits for one. */
static bool pools_stay(const struct known *k)
{
    return k->s->pools && k->pools == k->s->pools && !k->removes;
}

/* A sweep that names no pool applies to the only one. */
static int check_sweep(const struct known *k, const struct command *c, const char *where,
                       struct err *err)
{
    if (!*c->pool && strcmp(c->text, "resume") == 0) /* resumes the last sweep, whatever its pool */
        return 0;
    if (!*c->pool && k->pools != 1 && pools_stay(k))
        return err_set(err, ERR_USAGE, "%s: say which pool, there is not exactly one", where);
    return check_command(k, c, where, err);
}

/* Checks the sweep of --sweep or of a scenario file, which begins before a pool is added. */
static int check_own_sweep(const struct known *all, struct err *err)
{
    char line[sizeof all->s->sweep + 16], where[120];
    struct command c;
    struct err why = {0};
    struct known own = *all;
    own.pools = own.s->pools;
    own.removes = false;
    snprintf(line, sizeof line, "sweep %s", own.s->sweep);
    snprintf(where, sizeof where, "--sweep %.100s", own.s->sweep);
    int bad = command_parse(&c, line, &why, NULL);
    if (!bad && strcmp(c.text, "resume") == 0)
        bad = err_set(&why, ERR_USAGE, "sweep resume: there is none yet");
    return bad ? err_set(err, ERR_USAGE, "%s: %s", where, why.msg)
               : check_sweep(&own, &c, where, err);
}

/* "--at 'threads 4'", in buf; secrets are masked. */
static const char *where_at(const struct command *c, char *buf, size_t size)
{
    char shown[COMMAND_LINE_MAX];
    snprintf(buf, size, "--at '%.100s'", command_shown(c, shown, sizeof shown));
    return buf;
}

static int check_ats(const struct known *k, struct err *err)
{
    struct command c;
    char where[120];
    int bad = 0;
    for (unsigned i = 0; i < k->s->ats && !bad; i++) {
        if (command_parse(&c, k->s->at[i].text, NULL, NULL) < 0)
            continue;
        where_at(&c, where, sizeof where);
        bad = c.verb == VERB_SWEEP ? check_sweep(k, &c, where, err)
                                   : check_command(k, &c, where, err);
    }
    return bad;
}

/* Refuses settings that need --allow-destructive before anything starts; pool_open checks what only
 * the server knows. */
static int check_destructive(const struct limits *l, const struct pool_spec *spec, struct err *err)
{
    const struct backend *b = spec->backend;
    const char *why = b->destructive && !l->allow_destructive && !l->read_only
                          ? b->destructive(&spec->options)
                          : NULL;
    return why ? err_set(err, ERR_USAGE, "%s: %s", spec->target.shown, why) : 0;
}

/* Checks a pool as it is to be started against the ceilings. */
static int check_start(const struct limits *l, const struct pool_spec *spec, struct err *err)
{
    struct err why = {0};
    int bad = limits_check(l, target_is_local(&spec->target), &spec->load, &why);
    if (!bad && !spec->ops_pending)
        bad = limits_check_mix(l, spec->op_types, spec->load.weight, &why);
    if (bad)
        return err_set(err, bad, "%s: %s", spec->name, why.msg);
    return check_destructive(l, spec, err);
}

/* Adds a pool that is added later, under the name that the engine gives it if nothing is removed
 * before. Takes the spec over. */
static void add_later(struct known *k, struct pool_spec *spec)
{
    bool taken = true;
    for (unsigned n = 2; taken; n++) {
        taken = false;
        for (unsigned i = 0; i < k->pools; i++)
            taken = taken || strcmp(k->pool[i]->name, spec->name) == 0;
        if (taken)
            snprintf(spec->name, sizeof spec->name, "%.20s-%u", spec->backend->name, n);
    }
    k->pool[k->pools++] = spec;
}

/* Reads the targets of timed `add` commands, as execute_add does when they are due. */
static int read_adds(struct known *k, const struct backend *const *backends, struct err *err)
{
    struct options defaults;
    struct command c;
    char where[120];
    int bad = 0;
    options_init(&defaults, pool_option_table);
    for (unsigned i = 0; i < k->s->ats && !bad; i++) {
        const struct at *at = &k->s->at[i];
        struct scenario one;
        struct err why = {0};
        if (command_parse(&c, at->text, NULL, NULL) < 0)
            continue;
        k->removes = k->removes || c.verb == VERB_REMOVE;
        if (c.verb != VERB_ADD)
            continue;
        scenario_init(&one);
        bad = scenario_add(&one, c.text, at->origin, &defaults, backends, &why);
        if (!bad)
            bad = check_start(&k->s->limits, one.pool[0], &why);
        if (bad)
            err_set(err, bad, "%s: %s", where_at(&c, where, sizeof where), why.msg);
        else
            add_later(k, one.pool[--one.pools]);
        scenario_fini(&one);
    }
    options_fini(&defaults);
    return bad;
}

int scenario_check(const struct scenario *s, const struct backend *const *backends, struct err *err)
{
    struct known k = {.s = s, .pools = s->pools};
    memcpy(k.pool, s->pool, s->pools * sizeof *k.pool);
    int bad = read_adds(&k, backends, err);
    for (unsigned i = 0; i < s->thresholds && !bad; i++) {
        char where[sizeof s->threshold[i].expr + 16];
        snprintf(where, sizeof where, "--threshold %s", s->threshold[i].expr);
        bad = check_pool(&k, s->threshold[i].pool, where, err);
    }
    if (!bad)
        bad = check_ats(&k, err);
    if (!bad && s->sweep[0] && s->pools)
        bad = check_own_sweep(&k, err);
    for (unsigned i = 0; i < s->pools && !bad; i++)
        bad = check_start(&s->limits, s->pool[i], err);
    for (unsigned i = s->pools; i < k.pools; i++) {
        pool_spec_fini(k.pool[i]);
        free(k.pool[i]);
    }
    return bad;
}
