/* Commands that change the load of one pool: dials, ramps, the mix, options, pause and stop; and
 * what of it can be undone. */
#include "engine/control/change.h"

#include "engine/backend.h"
#include "engine/pools/ceilings.h"
#include "engine/config/command_text.h"
#include "engine/config/dial.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/figures/events.h"
#include "engine/figures/monitor.h"
#include "engine/config/pattern.h"
#include "engine/state/pool.h"
#include "engine/pools/pool_change.h"
#include "engine/state/pool_figures.h"
#include "engine/pools/pool_workers.h"
#include "engine/base/quantity.h"
#include "engine/pools/room.h"
#include "engine/load/workers.h"
#include "engine/figures/plateau.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void command_refuse(struct engine *e, struct pool *p, const struct command *c, enum origin by,
                    const char *why)
{
    char text[COMMAND_SHORT_MAX];
    engine_say(e, "%s", why);
    engine_event(e, p, EVENT_REFUSED, command_shown(c, text, sizeof text), why, by);
}

static void push_undo(struct engine *e, const struct pool *p, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void push_undo(struct engine *e, const struct pool *p, const char *fmt, ...)
{
    struct engine_supervised *esup = engine_sup(e);
    if (esup->undos == UNDO_MAX) {
        memmove(esup->undo, esup->undo + 1, (UNDO_MAX - 1) * sizeof esup->undo[0]);
        esup->undos--;
    }
    char what[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    struct undo *u = &esup->undo[esup->undos++];
    snprintf(u->text, sizeof u->text, "%u %s", p->number, what);
    snprintf(u->shown, sizeof u->shown, "%.31s %s", p->spec.name, what);
}

/* A dial that a ramp or a step starts from: what is in force where nothing was asked for. */
static double dial_now(const struct pool *p, enum dial d)
{
    if (d == DIAL_CONNECTIONS)
        return pool_connections_wanted(p);
    if (d == DIAL_DEPTH &&
        !pool_sup(p)->load.depth) /* as asked for: sync keeps it for the next pattern */
        return pool_depth(p);
    return dial_get(&pool_sup(p)->load, d);
}

/* Puts a value into a copy of the pool's description; 0, or ERR_REFUSED with why. */
static int put_amount(const struct engine *e, const struct pool *p, struct pool_spec *s,
                      enum dial d, double v, struct err *err)
{
    struct err why = {0};
    if (d == DIAL_CONNECTIONS && v < 1) /* a step down from one must not become as many as needed */
        return err_set(err, ERR_REFUSED,
                       "%s: connections 0: at least 1 stays; 'connections auto' takes as many as "
                       "the clients need",
                       p->spec.name);
    if (dial_set_amount(&s->load, d, v, &why) < 0)
        return err_set(err, ERR_REFUSED, "%s: %s", p->spec.name, why.msg);
    return spec_allowed(e, p, s, err);
}

static bool same(double a, double b)
{
    return a <= b && a >= b;
}

static bool only_threads_differ(const struct load *a, const struct load *b)
{
    for (int d = 0; d < DIALS; d++)
        if (d != DIAL_THREADS && d != DIAL_OPS &&
            !same(dial_get(a, (enum dial)d), dial_get(b, (enum dial)d)))
            return false;
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (!same(a->weight[i], b->weight[i]))
            return false;
    return a->threads != b->threads;
}

/* Carries out a new load of the pool. */
static int apply_load(struct pool *p, const struct load *load, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    bool threads_only = only_threads_differ(&sup->load, load);
    sup->load = *load;
    /* A thread's share of the rate, or of --max-rate, is another with each number of threads. */
    bool capped = pool_lock(p)->settings.cap_per_s > 0;
    pool_unlock(p);
    if (!threads_only || load->rate_per_s > 0 || capped || !sup->load_from_ns)
        pool_publish_settings(p);
    else
        pool_note_workers(p); /* closed: nobody else has to know */
    if (sup->load_from_ns && sup->wanted)
        return pool_resize(p, err);
    return 0;
}

static void amount_text(char *buf, size_t size, const struct load *load, enum verb verb, double v)
{
    if (verb == VERB_RATE && load->rate_per_s <= 0)
        snprintf(buf, size, "off");
    else if (verb == VERB_RATE)
        snprintf(buf, size, "%.10g/s", v);
    else
        snprintf(buf, size, "%.0f", v);
}

/* Never set, or given back: what the clients need, or the pattern's default. */
static bool is_auto(const struct load *load, enum verb verb)
{
    return (verb == VERB_CONNECTIONS && !load->connections) || (verb == VERB_DEPTH && !load->depth);
}

static void start_ramp(struct pool *p, const struct command *c, double from, double to,
                       enum origin by, uint64_t now_ns)
{
    pool_sup(p)->ramp[c->verb - VERB_THREADS] = (struct ramp){.on = true,
                                                              .verb = c->verb,
                                                              .from = from,
                                                              .to = to,
                                                              .start_ns = now_ns,
                                                              .end_ns = now_ns + c->over_ns,
                                                              .by = by};
}

static void execute_amount(struct engine *e, struct pool *p, const struct command *c,
                           enum origin by)
{
    struct pool_supervised *sup = pool_sup(p);
    struct err err = {0};
    struct pool_spec wish = pool_spec_now(p); /* borrowed: only its load is changed */
    enum dial d = (enum dial)dial_of_verb(c->verb);
    double was = dial_now(p, d), v = command_amount(c, was);
    const char *name = dial_option(d)->name;
    char from[48], to[48];
    amount_text(from, sizeof from, &sup->load, c->verb, was);
    bool was_auto = is_auto(&sup->load, c->verb);
    if (c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO) {
        dial_put(&wish.load, d, 0);
    } else if (put_amount(e, p, &wish, d, v, &err) < 0) {
        command_refuse(e, p, c, by, err.msg);
        return;
    }
    sup->ramp[c->verb - VERB_THREADS].on = false;
    if (c->over_ns && c->kind != AMOUNT_OFF && c->kind != AMOUNT_AUTO) {
        amount_text(to, sizeof to, &wish.load, c->verb, v);
        start_ramp(p, c, was, v, by, engine_now(e));
        char over[96], t[32];
        snprintf(over, sizeof over, "%s over %s", to,
                 format_duration(t, sizeof t, (double)c->over_ns));
        pool_changed(e, p, EVENT_CHANGE, name, from, over, by);
    } else {
        if (apply_load(p, &wish.load, &err) < 0)
            command_refuse(e, p, c, by, err.msg);
        amount_text(to, sizeof to, &sup->load, c->verb, dial_now(p, d));
        if (strcmp(from, to) || was_auto != is_auto(&sup->load, c->verb))
            pool_changed(e, p, EVENT_CHANGE, name, from, to, by);
    }
    if (c->verb == VERB_DEPTH && sup->load.pattern == PATTERN_SYNC && by != BY_SWEEP)
        engine_say(e, "%s: pattern sync has one in flight; depth counts with another pattern",
                   p->spec.name);
    if (by != BY_SWEEP && strcmp(from, to))
        push_undo(e, p, "%s %s", name, was_auto ? "auto" : from);
}

void change_ramps(struct engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < engine_sup(e)->pools * RAMPS; i++) {
        struct pool *p = engine_sup(e)->pool[i / RAMPS];
        struct ramp *r = &pool_sup(p)->ramp[i % RAMPS];
        if (!r->on)
            continue;
        if (now_ns < r->start_ns) /* begun in this very turn, after its time was read */
            continue;
        double part = now_ns >= r->end_ns
                          ? 1
                          : (double)(now_ns - r->start_ns) / (double)(r->end_ns - r->start_ns);
        double v = r->from + part * (r->to - r->from);
        struct pool_spec wish = pool_spec_now(p);
        struct err err = {0};
        if (r->verb != VERB_RATE)
            v = floor(v + 1e-9);
        double least = r->verb == VERB_RATE ? 1 : r->from < r->to ? r->from : r->to;
        if (v < least)
            v = least;
        pool_sup(p)->figures->monitor.resized_in_second = true;
        plateau_restart(p, engine_seconds(e, now_ns));
        enum dial d = (enum dial)dial_of_verb(r->verb);
        if (!same(v, dial_now(p, d)) &&
            (put_amount(e, p, &wish, d, v, &err) < 0 || apply_load(p, &wish.load, &err) < 0)) {
            engine_say(e, "%s", err.msg);
            engine_event(e, p, EVENT_REFUSED, dial_option(d)->name, err.msg, r->by);
            r->on = false;
        }
        if (part >= 1)
            r->on = false;
    }
}

static void execute_pattern(struct engine *e, struct pool *p, const struct command *c,
                            enum origin by)
{
    struct load load = pool_sup(p)->load;
    struct err err = {0};
    enum pattern was = load.pattern;
    if (was == c->pattern)
        return;
    load.pattern = c->pattern;
    struct pool_spec wish = pool_spec_now(p); /* borrowed: only its load is changed */
    wish.load = load;
    if (spec_allowed(e, p, &wish, &err) < 0) {
        command_refuse(e, p, c, by, err.msg);
        return;
    }
    apply_load(p, &load, &err);
    pool_changed(e, p, EVENT_CHANGE, "pattern", pattern_name(was), pattern_name(c->pattern), by);
    if (by != BY_SWEEP)
        push_undo(e, p, "pattern %s", pattern_name(was));
}

static void execute_ops(struct engine *e, struct pool *p, const struct command *c, enum origin by)
{
    struct pool_supervised *sup = pool_sup(p);
    struct pool_spec wish = pool_spec_now(p);
    struct err err = {0};
    char from[64], to[64];
    if (!sup->ops_known) {
        command_refuse(e, p, c, by, "which operations it has is known once it is open");
        return;
    }
    if (ops_parse(sup->op_types, p->spec.backend->name, c->text, wish.load.weight, &err) < 0 ||
        spec_allowed(e, p, &wish, &err) < 0 || pool_forbids(p, wish.load.weight, &err) < 0 ||
        guard_fits(p, &p->spec.options, wish.load.weight, &err) < 0) {
        command_refuse(e, p, c, by, err.msg);
        return;
    }
    ops_text(sup->op_types, sup->load.weight, from, sizeof from);
    ops_text(sup->op_types, wish.load.weight, to, sizeof to);
    apply_load(p, &wish.load, &err);
    pool_changed(e, p, EVENT_OPS, NULL, from, to, by);
    if (by != BY_SWEEP)
        push_undo(e, p, "ops %s", from);
}

/* Would the data still fit with the option as it is to be? An option that cannot be set is not
 * judged. */
static int option_fits(struct pool *p, const struct command *c, struct err *err)
{
    struct options wish;
    int bad = 0;
    options_copy(&wish, &p->spec.options);
    if (options_set(&wish, c->option, c->text, ORIGIN_ARGV, true, NULL) == 0)
        bad = guard_fits(p, &wish, pool_sup(p)->load.weight, err);
    options_fini(&wish);
    return bad;
}

static void execute_set(struct engine *e, struct pool *p, const struct command *c, enum origin by)
{
    struct pool_supervised *sup = pool_sup(p);
    struct err err = {0};
    char from[64] = "", to[64] = "";
    struct options *o = &p->spec.options;
    int i = options_find(o->table, c->option);
    int d = dial_find(c->option);
    if (d >= 0 && dial_is_plain_set((enum dial)d)) {
        dial_text(&sup->load, (enum dial)d, from, sizeof from);
        if (dial_read(&sup->load, (enum dial)d, c->text, &err) < 0) {
            command_refuse(e, p, c, by, err.msg);
            return;
        }
        dial_text(&sup->load, (enum dial)d, to, sizeof to);
    } else {
        if (i >= 0)
            options_text(o, (unsigned)i, from, sizeof from);
        if (option_fits(p, c, &err) < 0 ||
            options_set(o, c->option, c->text, ORIGIN_ARGV, true, &err) < 0) {
            command_refuse(e, p, c, by, err.msg);
            return;
        }
        options_text(o, (unsigned)i, to, sizeof to);
        if (o->table[i].flags & OPTION_REOPEN && strcmp(from, to) != 0)
            sup->anew++;
    }
    if (sup->load_from_ns)
        pool_publish_settings(p);
    pool_changed(e, p, EVENT_CHANGE, c->option, from, to, by);
    if (by != BY_SWEEP)
        push_undo(e, p, "set %.47s %s", c->option, from);
}

static void stop_pool(struct engine *e, struct pool *p, enum origin by)
{
    uint64_t now = engine_now(e);
    if (!pool_sup(p)->wanted)
        return;
    pool_sup(p)->wanted = false;
    pool_end_ramps(p);
    pool_note_pause(p, true, now); /* a stopped pool counts no time */
    pool_order_all(p, ORDER_DRAIN);
    pool_set_state(p, POOL_DRAINING, now, "%s", "stopped");
    pool_changed(e, p, EVENT_STOP, NULL, "", "", by);
}

static void start_pool(struct engine *e, struct pool *p, enum origin by)
{
    struct pool_supervised *sup = pool_sup(p);
    struct err err = {0};
    uint64_t now = engine_now(e);
    if (sup->wanted || sup->finishing || sup->removed)
        return;
    sup->wanted = true;
    sup->paused = sup->held;
    pool_note_pause(p, false, now);
    pool_set_state(p, sup->load_from_ns ? POOL_LOADING : POOL_OPENING, now, "%s", "");
    if (sup->load_from_ns) {
        pool_publish_settings(p);
        if (pool_resize(p, &err) < 0)
            engine_event(e, p, EVENT_REFUSED, "start", err.msg, by);
    }
    pool_changed(e, p, EVENT_START, NULL, "", "", by);
}

static void remove_pool(struct engine *e, struct pool *p, enum origin by)
{
    pool_changed(e, p, EVENT_CHANGE, "remove", p->spec.target.shown, "", by);
    pool_sup(p)->removed = true;
    pool_finish(p, END_BY_USER, ORDER_DRAIN, engine_now(e));
}

bool origin_is_hand(enum origin by)
{
    return by == BY_KEY || by == BY_COMMAND;
}

const char command_halted_words[] =
    "all load was paused by hand: what is scheduled starts nothing before a resume";

/* May this command not start anything in this pool, because a person paused all and has not resumed
 * it? A person's own command is the resume. */
bool command_is_halted(struct pool *p, const struct command *c, enum origin by)
{
    struct pool_supervised *sup = pool_sup(p);
    if (origin_is_hand(by) &&
        (c->verb == VERB_RESUME || c->verb == VERB_RESUME_ALL || c->verb == VERB_START))
        sup->halted = false;
    bool halted = sup->halted && by == BY_AT && command_changes_load(c);
    if (halted && !sup->removed && sup->state != POOL_ENDED)
        command_refuse(p->engine, p, c, by, command_halted_words);
    return halted;
}

void execute_on_pool(struct engine *e, struct pool *p, const struct command *c, enum origin by)
{
    if (command_is_halted(p, c, by))
        return;
    switch (c->verb) {
    case VERB_THREADS:
    case VERB_CLIENTS:
    case VERB_CONNECTIONS:
    case VERB_DEPTH:
    case VERB_RATE:
        execute_amount(e, p, c, by);
        break;
    case VERB_PATTERN:
        execute_pattern(e, p, c, by);
        break;
    case VERB_OPS:
        execute_ops(e, p, c, by);
        break;
    case VERB_SET:
        execute_set(e, p, c, by);
        break;
    case VERB_PAUSE:
    case VERB_RESUME:
        pool_pause(p, c->verb == VERB_PAUSE, by);
        break;
    case VERB_STOP:
        stop_pool(e, p, by);
        break;
    case VERB_START:
        start_pool(e, p, by);
        break;
    case VERB_REMOVE:
        remove_pool(e, p, by);
        break;
    default:
        break;
    }
}
