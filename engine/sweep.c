/* See sweep.h. One step: carry out the commands that set its values, then hold until a plateau
 * stands (or for `hold`, or at most 20 s), then the next. The points are the pool's plateaus;
 * nothing is kept here twice. */
#include "engine/sweep.h"
#include "engine/capacity.h"
#include "engine/engine_private.h"
#include "engine/pool.h"
#include "engine/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 64
#define VALUE_MAX 32
#define AXES_MAX 2
#define HOLD_MOST_NS (20 * NS_PER_S)
#define HOLD_LEAST_S 2.0
#define DOWN_MOST_NS (30 * NS_PER_S)
#define TURNED 0.95
#define AUTO_MOST 4096

struct axis {
    char name[48];
    char value[VALUES_MAX][VALUE_MAX];
    unsigned values;
    bool automatic;
};

struct sweep {
    struct axis axis[AXES_MAX];
    unsigned axes, step, steps;
    unsigned order[VALUES_MAX * VALUES_MAX];
    uint64_t hold_ns, started_ns, step_ns, down_ns;
    bool on, random, applied, is_capacity;
    struct capacity_search search;
    char pool[POOL_NAME_MAX], spec[256], now[96];
    double highest;
    unsigned below;
};

/* ---- reading
 * ----------------------------------------------------------------------------------------- */

static bool add_value(struct axis *a, const char *text)
{
    if (a->values == VALUES_MAX || strlen(text) >= VALUE_MAX || !*text)
        return false;
    copy_str(a->value[a->values++], VALUE_MAX, text);
    return true;
}

static bool add_number(struct axis *a, double v)
{
    char text[VALUE_MAX];
    snprintf(text, sizeof text, "%.10g", v);
    return add_value(a, text);
}

/* `1..8`, `1..64*2`, `10..100+10`. */
static bool read_range(struct axis *a, const char *text)
{
    char low[VALUE_MAX], high[VALUE_MAX];
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
        if (!add_number(a, v))
            return false;
    return true;
}

static bool read_list(struct axis *a, char *text)
{
    if (!strcmp(text, "auto")) {
        a->automatic = true;
        return add_number(a, 1);
    }
    char *save = NULL;
    for (char *v = strtok_r(text, ",", &save); v; v = strtok_r(NULL, ",", &save))
        if (!(strstr(v, "..") ? read_range(a, v) : add_value(a, v)))
            return false;
    return a->values > 0;
}

static int read_word(struct sweep *s, char *word, struct err *err)
{
    char *is = strchr(word, '=');
    uint64_t ns;
    if (!strcmp(word, "capacity") && !s->axes) {
        s->is_capacity = true;
        return 0;
    }
    if (!is || is == word || !is[1])
        return err_set(err, ERR_USAGE,
                       "sweep: '%s' is not VAR=LIST, hold=T, order=random or capacity", word);
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
        double *to = !strcmp(word, "from") ? &s->search.from
                     : !strcmp(word, "to") ? &s->search.to
                                           : NULL;
        if (!to || parse_rate(is + 1, to) < 0 || *to <= 0)
            return err_set(err, ERR_USAGE,
                           "sweep capacity: '%s=%s': allowed are from=RATE, to=RATE and hold=T",
                           word, is + 1);
        return 0;
    }
    if (s->axes == AXES_MAX)
        return err_set(err, ERR_USAGE, "sweep: more than two variables ('%s')", word);
    struct axis *a = &s->axis[s->axes++];
    copy_str(a->name, sizeof a->name, word);
    if (!read_list(a, is + 1))
        return err_set(err, ERR_USAGE,
                       "sweep: %s=%s is no list: 1,2,4 or 1..8 or 1..64*2 or 10..100+10 or auto, "
                       "%u values at most",
                       word, is + 1, VALUES_MAX);
    return 0;
}

/* The commands that set step values; also how a spec is checked. */
static int step_command(const struct sweep *s, const struct axis *a, const char *value,
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

static int read_spec(struct sweep *s, const char *spec, struct err *err)
{
    char text[256], *save = NULL;
    copy_str(text, sizeof text, spec);
    copy_str(s->spec, sizeof s->spec, spec);
    for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        if (read_word(s, word, err) < 0)
            return ERR_USAGE;
    if (!s->is_capacity && !s->axes)
        return err_set(err, ERR_USAGE,
                       "sweep: nothing to sweep: VAR=LIST (threads=1,2,4,8) or capacity");
    s->steps = s->is_capacity ? 0 : 1;
    for (unsigned i = 0; i < s->axes; i++) {
        struct command c;
        for (unsigned k = 0; k < s->axis[i].values; k++)
            if (step_command(s, &s->axis[i], s->axis[i].value[k], &c, err) < 0)
                return ERR_USAGE;
        s->steps *= s->axis[i].values;
        if (s->axis[i].automatic && s->axes > 1)
            return err_set(err, ERR_USAGE, "sweep: auto works for one variable alone");
    }
    return 0;
}

int sweep_check(const char *spec, struct err *err)
{
    struct sweep *s = calloc(1, sizeof *s);
    char text[300];
    struct command c;
    snprintf(text, sizeof text, "sweep %s", spec);
    int code =
        s ? command_parse(&c, text, err, NULL) : err_set(err, ERR_FAILED, "sweep: out of memory");
    if (code == 0)
        code = read_spec(s, c.text, err);
    free(s);
    return code;
}

/* ---- running
 * -----------------------------------------------------------------------------------------------
 */

void sweep_free(struct sweep *s)
{
    free(s);
}

static void shuffle(struct sweep *s, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, 77);
    for (unsigned i = s->steps; i > 1; i--) {
        unsigned k = (unsigned)rng_below(rng_next(&rng), i), swap = s->order[i - 1];
        s->order[i - 1] = s->order[k];
        s->order[k] = swap;
    }
}

static struct pool *the_pool(const struct engine *e, const char *name)
{
    if (*name)
        return engine_find_pool(e, name);
    struct pool *one = NULL;
    for (unsigned i = 0; i < e->pools; i++)
        if (!e->pool[i]->removed) {
            if (one)
                return NULL;
            one = e->pool[i];
        }
    return one;
}

int sweep_start(struct engine *e, const struct command *c, enum origin by, struct err *err)
{
    struct pool *p = the_pool(e, c->pool);
    if (!p)
        return err_set(err, ERR_USAGE,
                       *c->pool ? "sweep: no pool is called '%s'"
                                : "sweep: say which pool: there is not exactly one%s",
                       c->pool);
    struct sweep *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_FAILED, "sweep: out of memory");
    copy_str(s->pool, sizeof s->pool, p->spec.name);
    if (read_spec(s, c->text, err) < 0) {
        free(s);
        return ERR_USAGE;
    }
    if (e->sweep && e->sweep->on)
        sweep_stop(e, "another begins");
    free(e->sweep);
    e->sweep = s;
    for (unsigned i = 0; i < s->steps; i++)
        s->order[i] = i;
    if (s->random)
        shuffle(s, p->spec.seed);
    s->started_ns = engine_now(e);
    s->on = true;
    if (s->is_capacity)
        capacity_begin(&s->search, p, s->hold_ns);
    engine_event(e, p, "sweep", "", s->spec, by);
    return 0;
}

void sweep_stop(struct engine *e, const char *why)
{
    struct sweep *s = e->sweep;
    if (!s || !s->on)
        return;
    s->on = false;
    engine_event(e, the_pool(e, s->pool), "sweep end", "", why, BY_SWEEP);
    if (e->scenario.sweep[0]) /* --sweep: do it, then end */
        engine_end(e, END_DRAIN, "duration");
}

void sweep_disturbed(struct engine *e, const char *pool)
{
    struct sweep *s = e->sweep;
    if (!s || !s->on)
        return;
    const struct pool *p = engine_find_pool(e, s->pool),
                      *other = *pool ? engine_find_pool(e, pool) : p;
    if (p == other)
        sweep_stop(e, "ended: its pool was changed by hand; the points so far stay");
}

/* In auto: the next value doubles, until the curve has turned. False when there is no next one. */
static bool grow(struct sweep *s, struct pool *p, double x)
{
    struct axis *a = &s->axis[0];
    double last;
    s->below = x < TURNED * s->highest ? s->below + 1 : 0;
    s->highest = fmax(s->highest, x);
    if (s->below >= 2 || parse_real(a->value[a->values - 1], &last) < 0 || 2 * last > AUTO_MOST)
        return false;
    struct pool_spec wish = p->spec; /* borrowed: only for the ceilings */
    if (!strcmp(a->name, "threads"))
        wish.load.threads = (uint32_t)(2 * last);
    if (!strcmp(a->name, "clients"))
        wish.load.clients = (uint32_t)(2 * last);
    if (spec_allowed(p->engine, &wish, p->local, NULL) < 0 || !add_number(a, 2 * last))
        return false;
    s->order[s->steps] = s->steps;
    s->steps++;
    return true;
}

static bool apply(struct engine *e, struct sweep *s, uint64_t now_ns)
{
    unsigned at = s->order[s->step];
    struct text t = {0};
    for (unsigned i = s->axes; i-- > 0;) { /* the last variable moves fastest */
        struct axis *a = &s->axis[i];
        struct command c;
        struct err err = {0};
        const char *value = a->value[at % a->values];
        at /= a->values;
        if (step_command(s, a, value, &c, &err) < 0) {
            text_free(&t);
            return false;
        }
        uint64_t refused = e->message_serial;
        execute(e, &c, BY_SWEEP);
        if (e->message_serial != refused) {
            text_free(&t);
            return false;
        }
        text_add(&t, "%s%s %s", t.len ? ", " : "", a->name, value);
    }
    copy_str(s->now, sizeof s->now, text_str(&t));
    text_free(&t);
    struct pool *p = engine_find_pool(e, s->pool);
    plateau_restart(p, engine_seconds(e, now_ns)); /* also when the value was there already */
    s->applied = true;
    s->step_ns = now_ns;
    return true;
}

static bool thresholds_fail(const struct engine *e, const struct pool *p)
{
    for (unsigned i = 0; i < e->scenario.thresholds; i++)
        if (!capacity_holds(p, &e->scenario.threshold[i]))
            return true;
    return false;
}

static void next_step(struct engine *e, struct sweep *s, struct pool *p)
{
    const struct plateau *pl = plateau_present(p);
    double x = pl ? pl->throughput_per_s : stretch_rate(p);
    bool failed = thresholds_fail(e, p);
    s->step++;
    s->applied = false;
    if (failed)
        sweep_stop(e, "a threshold failed");
    else if (s->axis[0].automatic && !grow(s, p, x))
        sweep_stop(e, s->below >= 2 ? "the curve has turned" : "the ceiling is reached");
    else if (s->step == s->steps)
        sweep_stop(e, "done");
}

static void tick_steps(struct engine *e, struct sweep *s, struct pool *p, uint64_t now_ns)
{
    if (!s->applied) {
        if (!apply(e, s, now_ns))
            sweep_stop(e, e->message);
        return;
    }
    uint64_t held = now_ns - s->step_ns;
    const struct plateau *pl = plateau_present(p);
    bool steady = pl && pl->end_s - pl->start_s >= HOLD_LEAST_S;
    if (s->hold_ns ? held >= s->hold_ns : steady || held >= HOLD_MOST_NS)
        next_step(e, s, p);
}

void sweep_tick(struct engine *e, uint64_t now_ns)
{
    struct sweep *s = e->sweep;
    if (!s || !s->on)
        return;
    struct pool *p = engine_find_pool(e, s->pool);
    if (!p || p->finishing || (!p->wanted && p->state != POOL_OPENING)) {
        sweep_stop(e, "its pool ended");
        return;
    }
    if (p->state != POOL_LOADING) { /* opening, paused or down: the step begins anew afterwards */
        s->applied = s->applied && s->is_capacity;
        s->down_ns = p->state == POOL_DOWN ? (s->down_ns ? s->down_ns : now_ns) : 0;
        if (s->down_ns && now_ns - s->down_ns > DOWN_MOST_NS)
            sweep_stop(e, "the target was down for 30 s; the points so far stay");
        return;
    }
    s->down_ns = 0;
    if (p->paused || now_ns < p->record_from_ns)
        return;
    if (!s->is_capacity) {
        tick_steps(e, s, p, now_ns);
        return;
    }
    if (!capacity_tick(e, &s->search, p, now_ns))
        return;
    p->capacity = s->search.found;
    sweep_stop(e, s->search.why);
}

void sweep_fill(const struct engine *e, struct snapshot *snap, uint64_t now_ns)
{
    const struct sweep *s = e->sweep;
    struct sweep_snapshot *o = &snap->sweep;
    o->left_s = NAN;
    if (!s)
        return;
    o->on = s->on;
    copy_str(o->pool, sizeof o->pool, s->pool);
    copy_str(o->spec, sizeof o->spec, s->spec);
    copy_str(o->now, sizeof o->now, s->is_capacity ? s->search.now : s->now);
    o->step = s->is_capacity ? s->search.probes : s->step;
    o->steps = s->axes && s->axis[0].automatic ? 0 : s->steps;
    if (s->on && o->steps && s->step) {
        double each = (double)(s->step_ns - s->started_ns) / 1e9 / s->step;
        double spent = (double)(now_ns - s->step_ns) / 1e9;
        o->left_s = fmax(0, each * (s->steps - s->step) - spent);
    }
}
