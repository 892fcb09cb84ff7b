/* Checks a complete scenario before the run starts: see scenario_check.
 *
 * The timed commands are gone through in the order in which they are due, twice: which pools there
 * are at each moment, then whether each command could be carried out at its own. What cannot be is
 * refused now rather than when it is due. Without a screen nothing else changes the run until then,
 * so that locks, sweeps and loads are known as well; where the user may have intervened, only what
 * holds in any case is checked. All of it is checked again where commands are executed.
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

#define NEVER_REMOVED AT_MAX
#define ANY_TIME (AT_MAX + 1)

/* A pool that commands and thresholds can be addressed to. */
struct known_pool {
    struct pool_spec *spec; /* owned if the pool is added */
    /* The timed commands that it takes, as places in known.at: from `first` to the one that removes
     * it. */
    unsigned first, last;
    struct load load; /* at the moment that is looked at, unless it is not known */
    bool load_known;
    bool paused, stopped;
};

struct known {
    const struct scenario *s;
    struct at at[AT_MAX]; /* [s->ats], borrowed, in the order in which they are due */
    /* [pools]: those of the scenario, then those that timed commands add; the number of a pool is
     * its place and one */
    struct known_pool pool[POOLS_MAX + AT_MAX];
    unsigned pools;
    unsigned now;     /* the timed command that is looked at; ANY_TIME: one is as good as another */
    bool attended;    /* the user may change the run at any time */
    bool locked;      /* unless the user has unlocked it */
    unsigned changes; /* of load by commands before, at most, that an undo could take back */
    const struct known_pool *swept; /* the sweep before that could be resumed was of this pool */
};

static bool is_there(const struct known *k, const struct known_pool *p)
{
    return k->now == ANY_TIME || (k->now >= p->first && k->now <= p->last);
}

static unsigned pools_there(const struct known *k)
{
    unsigned n = 0;
    for (unsigned i = 0; i < k->pools; i++)
        n += is_there(k, &k->pool[i]);
    return n;
}

/* Is that the name or the number of this pool? */
static bool is_called(const struct known *k, const struct known_pool *p, const char *name)
{
    uint64_t number;
    return strcmp(name, p->spec->name) == 0 ||
           (parse_count(name, &number) == 0 && number == (uint64_t)(p - k->pool) + 1);
}

static struct known_pool *find_pool(struct known *k, const char *name)
{
    for (struct known_pool *p = k->pool; p < k->pool + k->pools; p++)
        if (is_there(k, p) && is_called(k, p, name))
            return p;
    return NULL;
}

/* Says when a pool of this name is there, if it is at another time. */
static const char *other_time(const struct known *k, const char *name, char *buf, size_t size)
{
    buf[0] = '\0';
    for (const struct known_pool *p = k->pool; p < k->pool + k->pools; p++) {
        bool later = k->now < p->first;
        char when[48];
        if (!is_called(k, p, name))
            continue;
        format_exact_duration(when, sizeof when, k->at[later ? p->first - 1 : p->last].at_ns);
        snprintf(buf, size, " then: it is %s at %s", later ? "added" : "removed", when);
    }
    return buf;
}

/* Is it a pool that is there, by name or number? An empty name means all. */
static int check_pool(struct known *k, const char *name, const char *where, struct err *err)
{
    const char *names[POOLS_MAX + AT_MAX + 1];
    struct text list = {.limit = 120};
    unsigned n = 0;
    char when[96];
    if (!*name || find_pool(k, name))
        return 0;
    for (unsigned i = 0; i < k->pools; i++)
        if (is_there(k, &k->pool[i])) {
            text_add(&list, "%s%s", n ? " " : "", k->pool[i].spec->name);
            names[n++] = k->pool[i].spec->name;
        }
    names[n] = NULL;
    other_time(k, name, when, sizeof when);
    const char *near = *when ? NULL : nearest_name(name, names);
    err_set(err, ERR_USAGE, "%.100s: no pool '%s'%s%s%s%s, there %s %s", where, name, when,
            near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", n ? "are:" : "is",
            n ? text_str(&list) : "none");
    text_free(&list);
    return ERR_USAGE;
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

/* A changed load against the ceilings. */
static int try_load(const struct limits *l, const struct pool_spec *spec, const struct load *load,
                    struct err *err)
{
    bool local = target_is_local(&spec->target);
    int bad = limits_check(l, local, load, err);
    return bad || local ? bad : limits_check_connections(l, spec, load, err);
}

/* The result of a step (+10, *2) is not looked at before it is due. */
static int try_amount(const struct limits *l, const struct pool_spec *spec, const struct command *c,
                      struct err *err)
{
    struct load load = spec->load;
    if (c->kind == AMOUNT_ADD || c->kind == AMOUNT_SUB || c->kind == AMOUNT_MUL ||
        c->kind == AMOUNT_DIV)
        return 0;
    dial_put(&load, (enum dial)dial_of_verb(c->verb), c->amount);
    return try_load(l, spec, &load, err);
}

static int try_pattern(const struct limits *l, const struct pool_spec *spec,
                       const struct command *c, struct err *err)
{
    struct load load = spec->load;
    load.pattern = c->pattern;
    return try_load(l, spec, &load, err);
}

static int try_sweep(const struct limits *l, const struct pool_spec *spec, const struct command *c,
                     struct err *err)
{
    struct sweep_spec sweep = {0};
    int bad = sweep_spec_read(&sweep, c->text, err, NULL);
    return bad ? bad : sweep_spec_check(&sweep, spec, l, target_is_local(&spec->target), err);
}

/* Would the pool, with this load, take the command? */
static int try_command(const struct limits *l, const struct pool_spec *spec,
                       const struct command *c, struct err *err)
{
    int d = dial_of_verb(c->verb);
    if (d >= 0 && dial_is_amount((enum dial)d))
        return try_amount(l, spec, c, err);
    switch (c->verb) {
    case VERB_PATTERN:
        return try_pattern(l, spec, c, err);
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

/* The pool as it is at that moment. Where its load is not known, each value is the one with the
 * fewest connections. Borrowed from the pool. */
static struct pool_spec spec_then(const struct known *k, const struct known_pool *p)
{
    struct pool_spec spec = *p->spec;
    spec.load = p->load;
    if (k->attended || !p->load_known) {
        spec.load.threads = spec.load.clients = spec.load.connections = 1;
        spec.load.pattern = PATTERN_SYNC;
        spec.load.rate_per_s = 0;
    }
    return spec;
}

/* Would the command leave this pool as it is, so that there is nothing to undo? */
static bool changes_nothing(const struct known_pool *p, const struct command *c)
{
    int d = dial_of_verb(c->verb);
    bool sets = c->kind == AMOUNT_SET || c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO;
    struct load load = p->load;
    if (d < 0)
        return c->verb != VERB_SET;
    if (!p->load_known)
        return false;
    if (c->verb == VERB_PATTERN)
        return p->load.pattern == c->pattern;
    if (!dial_is_amount((enum dial)d) || !sets || c->over_ns)
        return false;
    dial_put(&load, (enum dial)d, c->amount);
    double is = dial_get(&p->load, (enum dial)d), will_be = dial_get(&load, (enum dial)d);
    return is <= will_be && is >= will_be;
}

/* Notes what becomes of a pool by a command that it takes. */
static void follow(struct known *k, struct known_pool *p, const struct command *c)
{
    int d = dial_of_verb(c->verb);
    bool amount = d >= 0 && dial_is_amount((enum dial)d);
    bool sets = c->kind == AMOUNT_SET || c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO;
    k->changes += !changes_nothing(p, c);
    if (c->verb == VERB_PAUSE || c->verb == VERB_PAUSE_ALL)
        p->paused = true;
    if (c->verb == VERB_STOP)
        p->stopped = true;
    if (c->verb == VERB_RESUME || c->verb == VERB_RESUME_ALL || c->verb == VERB_START)
        p->paused = p->stopped = false;
    if (amount && sets && !c->over_ns)
        dial_put(&p->load, (enum dial)d, c->amount);
    else if (c->verb == VERB_PATTERN)
        p->load.pattern = c->pattern;
    else if (amount || c->verb == VERB_OPS || c->verb == VERB_SET || c->verb == VERB_SWEEP ||
             c->verb == VERB_UNDO)
        p->load_known = false;
}

/* At least one of the addressed pools must take the command. */
static int check_command(struct known *k, const struct command *c, const char *where,
                         struct err *err)
{
    struct err why = {0}, first = {0};
    bool taken = false;
    int bad = check_pool(k, c->pool, where, err);
    for (struct known_pool *p = k->pool; p < k->pool + k->pools && !bad; p++) {
        if (!is_there(k, p) || (*c->pool && !is_called(k, p, c->pool)))
            continue;
        struct pool_spec spec = spec_then(k, p);
        if (try_command(&k->s->limits, &spec, c, &why) == 0) {
            taken = true;
            follow(k, p, c);
        } else if (!first.code) {
            err_set(&first, why.code, "%s: %s", where, why.msg);
        }
    }
    if (bad || taken || !first.code)
        return bad;
    *err = first;
    return err->code;
}

static int check_resume(const struct known *k, const struct command *c, const char *where,
                        struct err *err)
{
    if (k->attended)
        return 0;
    if (!k->swept)
        return err_set(err, ERR_USAGE, "%s: there is no sweep before that could be resumed", where);
    if (!is_there(k, k->swept) || (*c->pool && !is_called(k, k->swept, c->pool)))
        return err_set(err, ERR_USAGE, "%s: the sweep before is of '%s'", where,
                       k->swept->spec->name);
    return 0;
}

/* Does a later command let this pool go on? */
static bool goes_on(const struct known *k, const struct known_pool *p)
{
    for (unsigned i = k->now + 1; i < k->s->ats && i <= p->last; i++) {
        struct command c;
        if (command_parse(&c, k->at[i].text, NULL, NULL) == 0 &&
            (c.verb == VERB_RESUME || c.verb == VERB_RESUME_ALL || c.verb == VERB_START) &&
            (!*c.pool || is_called(k, p, c.pool)))
            return true;
    }
    return false;
}

/* Without a screen no user lets a pool go on, and its sweep would wait without end. */
static int check_loads(const struct known *k, const struct command *c, const char *where,
                       struct err *err)
{
    for (const struct known_pool *p = k->pool; p < k->pool + k->pools && !k->attended; p++)
        if (is_there(k, p) && (!*c->pool || is_called(k, p, c->pool)) &&
            (p->paused || p->stopped) && !goes_on(k, p))
            return err_set(err, ERR_USAGE, "%s: '%s' is %s then, and no %s comes after it", where,
                           p->spec->name, p->stopped ? "stopped" : "paused",
                           p->stopped ? "start" : "resume");
    return 0;
}

/* A sweep that names no pool applies to the only one. A dashboard without a pool waits for one. */
static int check_sweep(struct known *k, const struct command *c, const char *where, struct err *err)
{
    unsigned there = pools_there(k);
    if (strcmp(c->text, "resume") == 0) {
        int bad = check_pool(k, c->pool, where, err);
        if (!bad)
            bad = check_resume(k, c, where, err);
        return bad ? bad : check_loads(k, c, where, err);
    }
    if (!*c->pool && there != 1 && !(k->attended && there == 0))
        return err_set(err, ERR_USAGE, "%s: say which pool, there is not exactly one", where);
    int bad = check_command(k, c, where, err);
    if (!bad)
        bad = check_loads(k, c, where, err);
    if (bad)
        return bad;
    k->swept = NULL;
    for (struct known_pool *p = k->pool; p < k->pool + k->pools; p++)
        if (is_there(k, p) && (!*c->pool || is_called(k, p, c->pool)) &&
            strncmp(c->text, "capacity", strlen("capacity")) != 0)
            k->swept = p;
    return 0;
}

/* Checks the sweep of --sweep or of a scenario file, which begins with the run. */
static int check_own_sweep(struct known *k, struct err *err)
{
    char line[sizeof k->s->sweep + 16], where[120];
    struct command c;
    struct err why = {0};
    snprintf(line, sizeof line, "sweep %s", k->s->sweep);
    snprintf(where, sizeof where, "--sweep %.100s", k->s->sweep);
    int bad = command_parse(&c, line, &why, NULL);
    if (!bad && strcmp(c.text, "resume") == 0)
        bad = err_set(&why, ERR_USAGE, "sweep resume: there is none yet");
    if (!bad && k->locked)
        bad = err_set(&why, ERR_USAGE, "locked: load cannot be changed (--locked)");
    return bad ? err_set(err, ERR_USAGE, "%s: %s", where, why.msg) : check_sweep(k, &c, where, err);
}

/* "--at 'threads 4'", in buf; secrets are masked. */
static const char *where_at(const struct command *c, char *buf, size_t size)
{
    char shown[COMMAND_LINE_MAX];
    snprintf(buf, size, "--at '%.100s'", command_shown(c, shown, sizeof shown));
    return buf;
}

/* Locks and undo, which are not about a pool. */
static int check_run(struct known *k, const struct command *c, bool trusted, const char *where,
                     struct err *err)
{
    if (c->verb == VERB_UNLOCK && !trusted)
        return err_set(err, ERR_USAGE, "%s: a scenario file does not take a lock away", where);
    if (c->verb == VERB_LOCK || c->verb == VERB_UNLOCK)
        k->locked = c->verb == VERB_LOCK;
    if (k->attended || !command_changes_load(c))
        return 0;
    if (k->locked)
        return err_set(err, ERR_USAGE,
                       "%s: locked: load cannot be changed, and there is no unlock before it "
                       "(--at 'T unlock')",
                       where);
    if (c->verb == VERB_UNDO && !k->changes)
        return err_set(err, ERR_USAGE, "%s: there is no change before it to undo", where);
    k->changes -= c->verb == VERB_UNDO;
    return 0;
}

static int check_at(struct known *k, const struct at *at, struct err *err)
{
    struct command c;
    char where[120];
    if (command_parse(&c, at->text, NULL, NULL) < 0)
        return 0;
    where_at(&c, where, sizeof where);
    int bad = check_run(k, &c, origin_is_trusted(at->origin), where, err);
    if (bad)
        return bad;
    return c.verb == VERB_SWEEP ? check_sweep(k, &c, where, err) : check_command(k, &c, where, err);
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
    int bad = try_load(l, spec, &spec->load, &why);
    if (!bad && !spec->ops_pending)
        bad = limits_check_mix(l, spec->op_types, spec->load.weight, &why);
    if (bad)
        return err_set(err, bad, "%s: %s", spec->name, why.msg);
    return check_destructive(l, spec, err);
}

static void add_known(struct known *k, struct pool_spec *spec, unsigned first)
{
    k->pool[k->pools++] = (struct known_pool){.spec = spec,
                                              .first = first,
                                              .last = NEVER_REMOVED,
                                              .load = spec->load,
                                              .load_known = true};
}

/* Adds the pool of a timed command, under the name that the engine gives it. Takes the spec
 * over. */
static void add_later(struct known *k, struct pool_spec *spec)
{
    for (unsigned n = 2; find_pool(k, spec->name); n++)
        snprintf(spec->name, sizeof spec->name, "%.20s-%u", spec->backend->name, n);
    add_known(k, spec, k->now + 1);
}

/* Reads the target of a timed `add`, as execute_add does when it is due. */
static int read_add(struct known *k, const struct at *at, const struct command *c,
                    const struct backend *const *backends, struct err *err)
{
    struct options defaults;
    struct scenario one;
    struct err why = {0};
    char where[120];
    options_init(&defaults, pool_option_table);
    scenario_init(&one);
    int bad = 0;
    if (pools_there(k) >= POOLS_MAX)
        bad =
            err_set(&why, ERR_USAGE,
                    "at most %d pools are allowed at a time (`remove POOL` makes room)", POOLS_MAX);
    else if (k->pools >= POOLS_RUN_MAX)
        bad = err_set(&why, ERR_USAGE, "at most %d pools are allowed in one run", POOLS_RUN_MAX);
    if (!bad)
        bad = scenario_add(&one, c->text, at->origin, &defaults, backends, &why);
    if (!bad && one.pool[0]->named && find_pool(k, one.pool[0]->name))
        bad = pool_spec_name_taken(one.pool[0], &why);
    if (!bad)
        bad = check_start(&k->s->limits, one.pool[0], &why);
    if (bad)
        err_set(err, bad, "%s: %s", where_at(c, where, sizeof where), why.msg);
    else
        add_later(k, one.pool[--one.pools]);
    scenario_fini(&one);
    options_fini(&defaults);
    return bad;
}

/* Finds out which pools there are at each moment. */
static int read_pools(struct known *k, const struct backend *const *backends, struct err *err)
{
    int bad = 0;
    for (k->now = 0; k->now < k->s->ats && !bad; k->now++) {
        const struct at *at = &k->at[k->now];
        struct command c;
        if (command_parse(&c, at->text, NULL, NULL) < 0)
            continue;
        struct known_pool *gone = c.verb == VERB_REMOVE ? find_pool(k, c.pool) : NULL;
        if (gone)
            gone->last = k->now;
        if (c.verb == VERB_ADD)
            bad = read_add(k, at, &c, backends, err);
    }
    return bad;
}

static int check_thresholds(struct known *k, struct err *err)
{
    int bad = 0;
    k->now = ANY_TIME;
    for (unsigned i = 0; i < k->s->thresholds && !bad; i++) {
        char where[sizeof k->s->threshold[i].expr + 16];
        snprintf(where, sizeof where, "--threshold %s", k->s->threshold[i].expr);
        bad = check_pool(k, k->s->threshold[i].pool, where, err);
    }
    return bad;
}

/* Goes through what is scheduled, in its order. */
static int check_schedule(struct known *k, struct err *err)
{
    int bad = 0;
    k->now = 0;
    if (k->s->sweep[0] && k->s->pools)
        bad = check_own_sweep(k, err);
    for (k->now = 0; k->now < k->s->ats && !bad; k->now++)
        bad = check_at(k, &k->at[k->now], err);
    return bad;
}

int scenario_check(const struct scenario *s, const struct backend *const *backends, struct err *err)
{
    struct known *k = calloc(1, sizeof *k);
    if (!k)
        abort();
    *k = (struct known){.s = s, .attended = s->limits.ask_names, .locked = s->limits.locked};
    memcpy(k->at, s->at, s->ats * sizeof *k->at);
    ats_sort(k->at, s->ats);
    for (unsigned i = 0; i < s->pools; i++)
        add_known(k, s->pool[i], 0);
    int bad = read_pools(k, backends, err);
    if (!bad)
        bad = check_thresholds(k, err);
    for (unsigned i = 0; i < s->pools && !bad; i++)
        bad = check_start(&s->limits, s->pool[i], err);
    if (!bad)
        bad = check_schedule(k, err);
    for (unsigned i = s->pools; i < k->pools; i++) {
        pool_spec_fini(k->pool[i].spec);
        free(k->pool[i].spec);
    }
    free(k);
    return bad;
}
