/* See sweep.h. A step executes the commands that set its values and then holds until there is a
 * plateau (or for `hold`, or at most 20 s, or 40 s while a backend's verdict is pending). Its
 * result is stored in its cell of the grid. */
#include "engine/control/sweep.h"
#include "engine/control/capacity.h"
#include "engine/state/engine_state.h"
#include "engine/control/grid.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/config/dial.h"
#include "engine/config/sweep_spec.h"
#include "engine/base/quantity.h"
#include "engine/config/command_text.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/plateau.h"
#include "engine/control/change.h"
#include "engine/pools/ceilings.h"
#include "engine/figures/events.h"
#include "engine/state/sweep_shown.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_MOST_NS (20 * NS_PER_S)
#define HOLD_VERDICT_NS (40 * NS_PER_S) /* while a backend's verdict is pending */
#define HOLD_LEAST_S 2.0
/* longest extension of a hold that is too short for a result */
#define HOLD_BRIEF_NS (3 * NS_PER_S)
#define DOWN_MOST_S 10
#define STEP_GUESS_S 4.0 /* estimated duration before the first step is done */
#define TURNED 0.95
#define TURNED_BELOW 2
#define TURNED_POINTS 5 /* fewest points for a fit */

struct sweep {
    struct sweep_spec spec;
    unsigned step, steps, measured;
    unsigned order[SWEEP_VALUES_MAX * SWEEP_VALUES_MAX];
    uint64_t started_ns, step_ns, down_ns;
    bool on, applied, done;
    bool turned; /* it ended because the curve had turned */
    struct grid grid;
    struct capacity_search search;
    char now[96], ended[160];
    double highest, highest_low; /* highest throughput so far, and the lower end of its interval */
    unsigned below, seen;        /* consecutive steps below it; steps of the curve */
    /* the last stored cell, whose plateau may still continue; -1: none */
    int last;
};

void sweep_free(struct sweep *s)
{
    if (s)
        grid_fini(&s->grid);
    free(s);
}

static void sweep_show(const struct sweep *, struct sweep_snapshot *, uint64_t now_ns);

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
    const struct engine_supervised *esup = engine_sup(e);
    if (*name)
        return engine_find_pool(e, name);
    struct pool *one = NULL;
    for (unsigned i = 0; i < esup->pools; i++)
        if (!pool_sup(esup->pool[i])->removed) {
            if (one)
                return NULL;
            one = esup->pool[i];
        }
    return one;
}

static bool resumable(const struct sweep *s)
{
    return s && !s->on && !s->spec.is_capacity &&
           (!s->done || grid_count(&s->grid, CELL_UNSTEADY) > 0);
}

/* Keeps the results of the last sweep for the report before another one starts. */
static void put_aside(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    struct sweep *old = esup->sweep;
    struct sweep_snapshot shown;
    esup->sweep = NULL;
    if (!old)
        return;
    sweep_show(old, &shown, engine_now(e));
    struct sweep_kept *k =
        shown.steady + shown.unsteady > 0 && !shown.is_capacity ? sweep_keep(&shown) : NULL;
    if (k) {
        if (esup->pasts == SWEEPS_PAST) {
            sweep_kept_release(esup->past[0]);
            memmove(esup->past, esup->past + 1, (SWEEPS_PAST - 1) * sizeof(struct sweep_kept *));
            esup->pasts--;
        }
        esup->past[esup->pasts++] = k;
    }
    sweep_free(old);
}

static void begin(struct engine *e, struct sweep *s, struct pool *p, const char *how,
                  enum origin by)
{
    s->started_ns = engine_now(e);
    s->on = true;
    s->done = s->applied = s->turned = false;
    s->step = s->measured = s->below = s->seen = 0;
    s->highest = s->highest_low = 0;
    s->down_ns = 0;
    s->ended[0] = '\0';
    s->last = -1;
    pool_sup(p)->figures->plateaus.brief =
        !s->spec.is_capacity && s->spec.hold_ns && s->spec.hold_ns < HOLD_BRIEF_NS;
    engine_event(e, p, EVENT_SWEEP, how, s->spec.text, by);
}

/* Resumes the same sweep with its finished cells. False: it must start over. */
static bool resume(struct engine *e, struct pool *p, enum origin by)
{
    struct sweep *s = engine_sup(e)->sweep;
    unsigned stand = grid_count(&s->grid, CELL_STEADY);
    char how[48];
    if (s->grid.setting != grid_setting(p, s->spec.axis, s->spec.axes)) {
        engine_say(e, "sweep: %s was changed since, so it begins anew", s->spec.pool);
        return false;
    }
    /* resuming a turned curve means measuring the rest as well */
    s->spec.whole = s->spec.whole || s->turned;
    snprintf(how, sizeof how, "resumed with %u of %u", stand, s->steps);
    begin(e, s, p, how, by);
    return true;
}

static int start_resumed(struct engine *e, const struct command *c, enum origin by, struct err *err)
{
    struct engine_supervised *esup = engine_sup(e);
    struct pool *p = esup->sweep ? engine_find_pool(e, esup->sweep->spec.pool) : NULL;
    if (!esup->sweep || esup->sweep->on || !resumable(esup->sweep))
        return err_set(err, ERR_USAGE, "sweep resume: %s",
                       !esup->sweep      ? "there was none"
                       : esup->sweep->on ? "one is running"
                                         : "the last one is complete");
    if (!p || (*c->pool && p != engine_find_pool(e, c->pool)))
        return err_set(err, ERR_USAGE, "sweep resume: the last one was of '%s'",
                       esup->sweep->spec.pool);
    if (!resume(e, p, by))
        return err_set(err, ERR_USAGE,
                       "sweep resume: %s was changed since, so its points do not belong together; "
                       "`sweep %s` begins anew",
                       p->spec.name, esup->sweep->spec.text);
    return 0;
}

int sweep_start(struct engine *e, const struct command *c, enum origin by, struct err *err)
{
    struct engine_supervised *esup = engine_sup(e);
    if (!strcmp(c->text, "resume"))
        return start_resumed(e, c, by, err);
    struct pool *p = the_pool(e, c->pool);
    if (!p)
        return err_set(err, ERR_USAGE,
                       *c->pool ? "sweep: no pool is called '%s'"
                                : "sweep: say which pool: there is not exactly one%s",
                       c->pool);
    struct sweep *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_FAILED, "sweep: out of memory");
    copy_str(s->spec.pool, sizeof s->spec.pool, p->spec.name);
    struct pool_spec now = pool_spec_now(p);
    if (sweep_spec_read(&s->spec, c->text, err, NULL) < 0 ||
        sweep_spec_check(&s->spec, &now, &e->scenario.limits, pool_sup(p)->local, err) < 0 ||
        grid_resize(&s->grid, s->spec.steps) < 0) {
        sweep_free(s);
        return ERR_USAGE;
    }
    if (esup->sweep && esup->sweep->on)
        sweep_stop(e, "another begins");
    if (!s->spec.fresh && resumable(esup->sweep) && !strcmp(esup->sweep->spec.text, s->spec.text) &&
        !strcmp(esup->sweep->spec.pool, s->spec.pool) && resume(e, p, by)) {
        sweep_free(s);
        return 0;
    }
    put_aside(e);
    esup->sweep = s;
    s->steps = s->spec.steps;
    s->search.from = s->spec.from;
    s->search.to = s->spec.to;
    grid_mark_same(&s->grid, s->spec.axis, s->spec.axes);
    for (unsigned i = 0; i < s->steps; i++)
        s->order[i] = i;
    if (s->spec.random)
        shuffle(s, p->spec.seed);
    s->grid.setting = grid_setting(p, s->spec.axis, s->spec.axes);
    begin(e, s, p, "", by);
    if (s->spec.is_capacity)
        capacity_begin(&s->search, p, s->spec.hold_ns);
    return 0;
}

/* p: its pool; NULL: it is gone. */
static void end(struct engine *e, struct sweep *s, struct pool *p, const char *why)
{
    s->on = false;
    if (!s->spec.is_capacity && s->step < s->steps)
        grid_forget(&s->grid, s->order[s->step]);
    copy_str(s->ended, sizeof s->ended, why);
    if (p)
        pool_sup(p)->figures->plateaus.brief = false;
    engine_event(e, p, EVENT_SWEEP_END, "", why, BY_SWEEP);
    if (e->scenario.sweep[0]) /* --sweep: end the run when the sweep is done */
        engine_end(e, END_DRAIN, END_BY_DURATION);
}

struct pool *sweep_pool(const struct engine *e)
{
    const struct sweep *s = engine_sup(e)->sweep;
    return s && s->on ? engine_find_pool(e, s->spec.pool) : NULL;
}

void sweep_stop(struct engine *e, const char *why)
{
    struct sweep *s = engine_sup(e)->sweep;
    if (s && s->on)
        end(e, s, sweep_pool(e), why);
}

void sweep_stop_on(struct engine *e, const struct pool *p, const char *why)
{
    if (!p || sweep_pool(e) != p)
        return;
    if (e->scenario.sweep[0]) /* --sweep: the sweep is not complete */
        engine_end(e, END_DRAIN, END_BY_ERROR);
    sweep_stop(e, why);
}

void sweep_disturbed(struct engine *e, struct pool *p, const struct command *c)
{
    struct sweep *s = engine_sup(e)->sweep;
    char what[64], why[96];
    if (!s || !s->on)
        return;
    snprintf(why, sizeof why, "its pool was changed by hand (%.30s); the points so far stay",
             command_shown(c, what, sizeof what));
    end(e, s, p, why);
}

/* Does each step put more in flight, so that the curve can turn? */
static bool climbs(const struct sweep *s)
{
    const struct sweep_axis *a = &s->spec.axis[0];
    double v, last = 0;
    int d = dial_find(a->name);
    if (s->spec.axes != 1 || s->spec.random || d < 0 || !dial_table[d].in_flight)
        return false;
    for (unsigned i = 0; i < a->values; i++, last = v)
        if (parse_real(a->value[i], &v) < 0 || v <= last)
            return false;
    return true;
}

/* Updates the position on the curve after a step. */
static void follow_curve(struct sweep *s, const struct plateau *at)
{
    double x = at->throughput_per_s, half = isnan(at->ci95) ? 0 : at->ci95;
    bool less = x < TURNED * s->highest && x + half < s->highest_low;
    s->below = less ? s->below + 1 : 0;
    s->seen++;
    if (x > s->highest) {
        s->highest = x;
        s->highest_low = x - half;
    }
}

static bool has_turned(const struct sweep *s)
{
    if (s->below < TURNED_BELOW)
        return false;
    return s->spec.automatic || (!s->spec.whole && s->seen >= TURNED_POINTS && climbs(s));
}

/* With auto: adds the next, doubled value. False when there is none. */
static bool grow(struct sweep *s, struct pool *p)
{
    struct sweep_axis *a = &s->spec.axis[0];
    double last;
    if (parse_real(a->value[a->values - 1], &last) < 0 || 2 * last > SWEEP_AUTO_MAX)
        return false;
    struct pool_spec wish = pool_spec_now(p); /* borrowed: only for the ceilings */
    int d = dial_find(a->name);
    if (d >= 0 && dial_set_amount(&wish.load, (enum dial)d, 2 * last, NULL) < 0)
        return false;
    if (spec_allowed(p->engine, p, &wish, NULL) < 0 || !sweep_axis_add(a, 2 * last))
        return false;
    if (grid_resize(&s->grid, s->steps + 1) < 0)
        return false;
    s->order[s->steps] = s->steps;
    s->steps++;
    return true;
}

/* Makes the command that sets one value of an axis; the parser has accepted the value. */
static int step_command(const struct sweep *s, const struct sweep_axis *a, const char *value,
                        struct command *c, struct err *err)
{
    struct load load = {0};
    int d = dial_find(a->name), bad = 0;
    *c = (struct command){.verb = d < 0 ? VERB_SET : dial_table[d].verb};
    copy_str(c->pool, sizeof c->pool, s->spec.pool);
    if (c->verb == VERB_SET || c->verb == VERB_OPS) {
        copy_str(c->option, sizeof c->option, c->verb == VERB_SET ? a->name : "");
        copy_str(c->text, sizeof c->text, value);
        return 0;
    }
    bad = dial_read(&load, (enum dial)d, value, err);
    c->pattern = load.pattern;
    if (!bad && dial_is_amount((enum dial)d))
        c->amount = dial_get(&load, (enum dial)d);
    if ((d == DIAL_CONNECTIONS || d == DIAL_DEPTH) && c->amount <= 0)
        c->kind = AMOUNT_AUTO;
    return bad;
}

/* Sets the values of the present step. */
static int apply(struct engine *e, struct sweep *s, uint64_t now_ns, struct err *err)
{
    unsigned at = s->order[s->step];
    struct text t = {0};
    struct pool *p = engine_find_pool(e, s->spec.pool);
    for (unsigned i = s->spec.axes; i-- > 0;) { /* the last variable moves fastest */
        struct sweep_axis *a = &s->spec.axis[i];
        struct command c;
        const char *value = a->value[at % a->values];
        at /= a->values;
        if (step_command(s, a, value, &c, err) < 0 || execute_step(e, p, &c, err) < 0) {
            text_free(&t);
            return err->code;
        }
        text_add(&t, "%s%s %s", t.len ? ", " : "", a->name, value);
    }
    copy_str(s->now, sizeof s->now, text_str(&t));
    text_free(&t);
    plateau_restart(p, engine_seconds(e, now_ns)); /* also if the value was set already */
    s->applied = true;
    s->step_ns = now_ns;
    return 0;
}

static const struct threshold *threshold_that_fails(const struct engine *e, const struct pool *p)
{
    for (unsigned i = 0; i < e->scenario.thresholds; i++)
        if (!capacity_holds(p, &e->scenario.threshold[i]))
            return &e->scenario.threshold[i];
    return NULL;
}

static void finish(struct engine *e, struct sweep *s, const char *why)
{
    s->done = true;
    sweep_stop(e, why);
}

static void next_step(struct engine *e, struct sweep *s, struct pool *p, uint64_t now_ns)
{
    unsigned at = s->order[s->step];
    /* storing the cell ends its period */
    const struct threshold *failed = threshold_that_fails(e, p);
    char why[160];
    grid_take(&s->grid, at, p, engine_seconds(e, now_ns));
    follow_curve(s, &s->grid.cell[at].at);
    s->last = (int)at;
    s->step++;
    s->measured++;
    s->applied = false;
    if (failed) {
        snprintf(why, sizeof why, "a threshold failed at %.50s: %.60s", s->now, failed->expr);
        finish(e, s, why);
    } else if (has_turned(s) && (s->spec.automatic || s->step < s->steps)) {
        finish(e, s,
               s->spec.automatic ? "the curve has turned"
                                 : "the curve has turned; `sweep resume` measures the rest");
        s->done = s->spec.automatic;
        s->turned = true;
    } else if (s->spec.automatic && s->step == s->steps && !grow(s, p)) {
        finish(e, s, "the ceiling is reached");
    } else if (s->step == s->steps) {
        finish(e, s,
               grid_count(&s->grid, CELL_UNSTEADY) ? "done; some steps were never steady" : "done");
    }
}

/* Finished cells of the resumed sweep are not measured again, but count for the curve. */
static bool skip_standing(struct engine *e, struct sweep *s, struct pool *p)
{
    while (s->step < s->steps && (s->grid.cell[s->order[s->step]].state == CELL_STEADY ||
                                  s->grid.cell[s->order[s->step]].state == CELL_SAME)) {
        if (s->grid.cell[s->order[s->step]].state == CELL_STEADY)
            follow_curve(s, &s->grid.cell[s->order[s->step]].at);
        s->step++;
        if (s->spec.automatic && s->step == s->steps && (has_turned(s) || !grow(s, p)))
            break;
    }
    if (s->step < s->steps)
        return false;
    finish(e, s,
           grid_count(&s->grid, CELL_UNSTEADY) ? "done; some steps were never steady" : "done");
    return true;
}

static bool still_measuring(struct pool *p)
{
    struct pool_shared *shared = pool_lock(p);
    bool measuring = shared->stats.measuring;
    pool_unlock(p);
    return measuring;
}

static void tick_steps(struct engine *e, struct sweep *s, struct pool *p, uint64_t now_ns)
{
    if (!s->applied) {
        struct err err = {0};
        if (!skip_standing(e, s, p) && apply(e, s, now_ns, &err) < 0)
            sweep_stop(e, err.msg);
        return;
    }
    uint64_t elapsed = now_ns - s->step_ns;
    if (s->spec.hold_ns && elapsed >= s->spec.hold_ns)
        plateau_judge_now(p, engine_seconds(e, now_ns));
    const struct plateau *pl = plateau_present(p);
    bool measuring = still_measuring(p);
    bool steady = pl && pl->end_s - pl->start_s >= HOLD_LEAST_S && !measuring;
    uint64_t longest = measuring ? HOLD_VERDICT_NS : HOLD_MOST_NS;
    /* a brief step may need longer */
    uint64_t most = pool_sup(p)->figures->plateaus.brief ? HOLD_BRIEF_NS : s->spec.hold_ns;
    if (s->spec.hold_ns ? elapsed >= most || (pl && elapsed >= s->spec.hold_ns)
                        : steady || elapsed >= longest)
        next_step(e, s, p, now_ns);
    else
        grid_now(&s->grid, s->order[s->step], p, engine_seconds(e, now_ns));
}

/* Updates the last cell from its plateau, which continues while nothing changes, and may become
 * invalid. */
static void follow_last(struct sweep *s, const struct pool *p)
{
    if (!p || s->last < 0 || (unsigned)s->last >= s->grid.cells)
        return;
    const struct plateaus *found = &pool_sup(p)->figures->plateaus;
    if (!found->n)
        return;
    struct sweep_cell *c = &s->grid.cell[s->last];
    const struct plateau *pl = &found->list[found->n - 1];
    if (c->state == CELL_STEADY && fabs(pl->start_s - c->at.start_s) < 1e-9)
        c->at = *pl;
}

void sweep_tick(struct engine *e, uint64_t now_ns)
{
    struct sweep *s = engine_sup(e)->sweep;
    if (s)
        follow_last(s, engine_find_pool(e, s->spec.pool));
    if (!s || !s->on)
        return;
    struct pool *p = engine_find_pool(e, s->spec.pool);
    if (!p || pool_sup(p)->finishing ||
        (!pool_sup(p)->wanted && pool_sup(p)->state != POOL_OPENING)) {
        sweep_stop(e, "its pool ended");
        return;
    }
    /* Opening, paused or down: the step starts over afterwards. */
    if (pool_sup(p)->state != POOL_LOADING) {
        s->applied = s->applied && s->spec.is_capacity;
        s->down_ns = pool_sup(p)->state == POOL_DOWN ? (s->down_ns ? s->down_ns : now_ns) : 0;
        if (s->down_ns && now_ns - s->down_ns > DOWN_MOST_S * NS_PER_S) {
            char why[80];
            snprintf(why, sizeof why, "the target was down for %d s; the points so far stay",
                     DOWN_MOST_S);
            sweep_stop(e, why);
        }
        return;
    }
    s->down_ns = 0;
    if (pool_sup(p)->paused || now_ns < pool_sup(p)->record_from_ns)
        return;
    if (!s->spec.is_capacity) {
        tick_steps(e, s, p, now_ns);
        return;
    }
    if (!capacity_tick(e, &s->search, p, now_ns))
        return;
    pool_sup(p)->figures->capacity = s->search.found;
    memcpy(pool_sup(p)->figures->at_capacity, s->search.value,
           sizeof pool_sup(p)->figures->at_capacity);
    sweep_stop(e, s->search.why);
}

/* Estimates the remaining seconds from the steps so far, from `hold`, or from the usual duration of
 * a step. */
static double left_s(const struct sweep *s, uint64_t now_ns)
{
    unsigned waiting = 0;
    for (unsigned i = s->step; i < s->steps; i++)
        waiting += s->grid.cell[s->order[i]].state != CELL_STEADY &&
                   s->grid.cell[s->order[i]].state != CELL_SAME;
    double each = s->spec.hold_ns ? (double)s->spec.hold_ns / 1e9 + 0.2 : STEP_GUESS_S;
    if (!s->spec.hold_ns && s->measured)
        each = (double)(s->step_ns - s->started_ns) / 1e9 / s->measured;
    double spent = s->applied ? (double)(now_ns - s->step_ns) / 1e9 : 0;
    return waiting ? fmax(0, each - spent) + each * (waiting - 1) : 0;
}

static void sweep_show(const struct sweep *s, struct sweep_snapshot *o, uint64_t now_ns)
{
    memset(o, 0, sizeof *o);
    o->left_s = NAN;
    o->on = s->on;
    o->is_capacity = s->spec.is_capacity;
    o->resumable = resumable(s);
    copy_str(o->pool, sizeof o->pool, s->spec.pool);
    copy_str(o->spec, sizeof o->spec, s->spec.text);
    copy_str(o->now, sizeof o->now, s->spec.is_capacity ? s->search.now : s->now);
    copy_str(o->ended, sizeof o->ended, s->ended);
    o->step = s->spec.is_capacity ? s->search.probes : s->step;
    o->steps = s->spec.automatic ? 0 : s->steps;
    o->steady = grid_count(&s->grid, CELL_STEADY);
    o->unsteady = grid_count(&s->grid, CELL_UNSTEADY);
    o->same = grid_count(&s->grid, CELL_SAME);
    o->axes = s->spec.axes;
    memcpy(o->axis, s->spec.axis, sizeof o->axis);
    o->cell = s->grid.cell;
    o->cells = s->grid.cells;
    if (s->on && o->steps)
        o->left_s = left_s(s, now_ns);
}

void sweep_fill(const struct engine *e, struct snapshot *snap, uint64_t now_ns)
{
    const struct engine_supervised *esup = engine_sup(e);
    const struct sweep *s = esup->sweep;
    struct sweep_snapshot *o = &snap->sweep;
    o->left_s = NAN;
    for (unsigned i = 0; i < esup->pasts; i++) {
        atomic_fetch_add(&esup->past[i]->refs, 1);
        snap->past[snap->pasts++] = &esup->past[i]->shown;
    }
    if (!s)
        return;
    sweep_show(s, o, now_ns);
    struct sweep_cell *cell = o->cells ? malloc(o->cells * sizeof *cell) : NULL;
    if (cell)
        memcpy(cell, o->cell, o->cells * sizeof *cell);
    else
        o->cells = 0;
    o->cell = cell;
    const struct pool *p = engine_find_pool(e, s->spec.pool);
    if (s->on && s->applied && p && !s->spec.is_capacity)
        text_append(o->now, sizeof o->now, strlen(o->now), ", held %.0f s%s%s",
                    (double)(now_ns - s->step_ns) / 1e9,
                    pool_sup(p)->figures->plateaus.drifting ? ": " : "",
                    pool_sup(p)->figures->plateaus.drifting ? pool_sup(p)->figures->plateaus.why
                                                            : "");
}
