/* Commands that change the load of one pool: dials, ramps, the mix, options, pause and stop; and
 * undo. */
#include "engine/control/change.h"

#include "engine/backend.h"
#include "engine/pools/ceilings.h"
#include "engine/pools/connected.h"
#include "engine/config/command_text.h"
#include "engine/config/dial.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/state/command_log.h"
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

#define SHARE_NEAR 1e-12 /* weights are decimals, and their products are rounded */

int command_refuse(struct engine *e, struct pool *p, const struct order *o, const struct err *err)
{
    char text[COMMAND_LINE_MAX];
    engine_say(e, "%s", err->msg);
    engine_event(e, p, EVENT_REFUSED, command_shown(o->command, text, sizeof text), err->msg,
                 o->by);
    return err->code;
}

/* Adds an undo to the log: the command (`fmt`, without the pool) that reverts what the order has
 * changed. Changes made by a sweep or by an undo get none. */
static void keep_undo(struct engine *e, const struct pool *p, const struct order *o,
                      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void keep_undo(struct engine *e, const struct pool *p, const struct order *o,
                      const char *fmt, ...)
{
    struct text what = {0};
    va_list args;
    if (o->by == BY_SWEEP || o->is_undo)
        return;
    va_start(args, fmt);
    text_vadd(&what, fmt, args);
    va_end(args);
    command_log_keep_undo(&e->commands, o->ticket, p, text_str(&what));
    text_free(&what);
}

/* The value of a dial from which a ramp or a step starts: the one in effect if it is not set. */
static double dial_now(const struct pool *p, enum dial d)
{
    if (d == DIAL_CONNECTIONS)
        return pool_connections_wanted(p);
    if (d == DIAL_DEPTH &&
        /* return the depth as requested, which pattern sync keeps for the next pattern */
        !pool_sup(p)->load.depth)
        return pool_depth(p);
    return dial_get(&pool_sup(p)->load, d);
}

/* Puts a value into a copy of the pool's description; 0, or ERR_REFUSED with why. */
static int put_amount(const struct engine *e, const struct pool *p, struct pool_spec *s,
                      enum dial d, double v, struct err *err)
{
    struct err why = {0};
    /* stepping down from 1 must not give 0, which means "as many as needed" */
    if (d == DIAL_CONNECTIONS && v < 1)
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

static double sum_of(const double weight[OPS_MAX])
{
    double sum = 0;
    for (unsigned i = 0; i < OPS_MAX; i++)
        sum += weight[i];
    return sum;
}

/* Does each operation have the same share? get:50,set:50 is get:1,set:1. */
static bool same_mix(const double a[OPS_MAX], const double b[OPS_MAX])
{
    double all_a = sum_of(a), all_b = sum_of(b);
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (fabs(a[i] * all_b - b[i] * all_a) > SHARE_NEAR * all_a * all_b)
            return false;
    return true;
}

static bool only_threads_differ(const struct load *a, const struct load *b)
{
    for (int d = 0; d < DIALS; d++)
        if (d != DIAL_THREADS && d != DIAL_OPS &&
            !same(dial_get(a, (enum dial)d), dial_get(b, (enum dial)d)))
            return false;
    return same_mix(a->weight, b->weight) && a->threads != b->threads;
}

/* Applies a new load to the pool. */
static int apply_load(struct pool *p, const struct load *load, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    bool threads_only = only_threads_differ(&sup->load, load);
    sup->load = *load;
    /* A thread's share of the rate or of --max-rate depends on the number of threads. */
    bool capped = pool_lock(p)->settings.cap_per_s > 0;
    pool_unlock(p);
    if (!threads_only || load->rate_per_s > 0 || capped || !sup->load_from_ns)
        pool_publish_settings(p);
    /* closed loop: the other threads are not affected */
    else
        pool_note_workers(p);
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

/* Is the dial of this verb at its automatic value (what the clients need, or the pattern's
 * default)? */
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

/* Begins a ramp (`over T`). */
static void begin_ramp(struct engine *e, struct pool *p, const struct order *o, const char *from,
                       double was, const struct load *wish)
{
    const struct command *c = o->command;
    enum dial d = (enum dial)dial_of_verb(c->verb);
    double v = dial_get(wish, d);
    char to[48], over[96], t[32];
    amount_text(to, sizeof to, wish, c->verb, v);
    start_ramp(p, c, was, v, o->by, engine_now(e));
    snprintf(over, sizeof over, "%s over %s", to, format_duration(t, sizeof t, (double)c->over_ns));
    pool_changed(e, p, EVENT_CHANGE, dial_option(d)->name, from, over, o->by);
}

/* Notes a new value. Where the number is the same, what changed is that it is set, or that it follows
 * the load again. */
static void note_amount(struct pool *p, const struct order *o, const char *from, const char *to,
                        bool was_auto)
{
    enum verb verb = o->command->verb;
    bool as_before = strcmp(from, to) == 0;
    pool_changed(p->engine, p, EVENT_CHANGE, dial_option((enum dial)dial_of_verb(verb))->name,
                 as_before && was_auto ? "auto" : from,
                 as_before && is_auto(&pool_sup(p)->load, verb) ? "auto" : to, o->by);
}

static int execute_amount(struct engine *e, struct pool *p, const struct order *o, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    const struct command *c = o->command;
    struct pool_spec wish = pool_spec_now(p); /* borrowed: only its load is changed */
    enum dial d = (enum dial)dial_of_verb(c->verb);
    const char *name = dial_option(d)->name;
    double was = dial_now(p, d), v = command_amount(c, was);
    bool was_auto = is_auto(&sup->load, c->verb);
    /* to stay at a value that a ramp is passing is a change */
    bool changed = sup->ramp[c->verb - VERB_THREADS].on;
    char from[48], to[48];
    int code = 0;
    amount_text(from, sizeof from, &sup->load, c->verb, was);
    bool unset = c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO;
    if (unset)
        dial_put(&wish.load, d, 0);
    else if (put_amount(e, p, &wish, d, v, err) < 0)
        return command_refuse(e, p, o, err);
    sup->ramp[c->verb - VERB_THREADS].on = false;
    if (c->over_ns && !unset) {
        changed = changed || !same(v, was);
        if (changed)
            begin_ramp(e, p, o, from, was, &wish.load);
    } else {
        if (apply_load(p, &wish.load, err) < 0)
            code = command_refuse(e, p, o, err);
        double now = dial_now(p, d);
        changed = changed || !same(now, was) || was_auto != is_auto(&sup->load, c->verb);
        amount_text(to, sizeof to, &sup->load, c->verb, now);
        if (changed)
            note_amount(p, o, from, to, was_auto);
    }
    if (c->verb == VERB_DEPTH && sup->load.pattern == PATTERN_SYNC && o->by != BY_SWEEP)
        engine_say(e, "%s: pattern sync has one in flight; depth counts with another pattern",
                   p->spec.name);
    if (changed)
        keep_undo(e, p, o, "%s %s", name, was_auto ? "auto" : from);
    return code;
}

void change_ramps(struct engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < engine_sup(e)->pools * RAMPS; i++) {
        struct pool *p = engine_sup(e)->pool[i / RAMPS];
        struct ramp *r = &pool_sup(p)->ramp[i % RAMPS];
        if (!r->on)
            continue;
        if (now_ns < r->start_ns) /* it began in this tick, after now_ns was read */
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

static int execute_pattern(struct engine *e, struct pool *p, const struct order *o, struct err *err)
{
    struct pool_spec wish = pool_spec_now(p); /* borrowed: only its load is changed */
    enum pattern was = pool_sup(p)->load.pattern, now = o->command->pattern;
    int code = 0;
    if (was == now)
        return 0;
    wish.load.pattern = now;
    if (spec_allowed(e, p, &wish, err) < 0)
        return command_refuse(e, p, o, err);
    if (apply_load(p, &wish.load, err) < 0)
        code = command_refuse(e, p, o, err);
    pool_changed(e, p, EVENT_CHANGE, "pattern", pattern_name(was), pattern_name(now), o->by);
    keep_undo(e, p, o, "pattern %s", pattern_name(was));
    return code;
}

static int execute_ops(struct engine *e, struct pool *p, const struct order *o, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    const struct op_type *types = sup->op_types;
    struct pool_spec wish = pool_spec_now(p); /* borrowed: only its load is changed */
    struct text from = {0}, to = {0};
    int code = 0;
    if (!sup->ops_known) {
        err_set(err, ERR_REFUSED, "which operations it has is known once it is open");
        return command_refuse(e, p, o, err);
    }
    if (ops_parse(types, p->spec.backend->name, o->command->text, wish.load.weight, err) < 0 ||
        spec_allowed(e, p, &wish, err) < 0 || pool_forbids(p, wish.load.weight, err) < 0 ||
        guard_fits(p, &p->spec.options, wish.load.weight, err) < 0)
        return command_refuse(e, p, o, err);
    if (same_mix(wish.load.weight, sup->load.weight))
        return 0;
    ops_add(&from, types, sup->load.weight);
    ops_add(&to, types, wish.load.weight);
    if (apply_load(p, &wish.load, err) < 0)
        code = command_refuse(e, p, o, err);
    pool_changed(e, p, EVENT_OPS, NULL, text_str(&from), text_str(&to), o->by);
    keep_undo(e, p, o, "ops %s", text_str(&from));
    text_free(&from);
    text_free(&to);
    return code;
}

static void option_changed(struct engine *e, struct pool *p, const struct order *o,
                           const char *from, const char *to)
{
    const char *name = o->command->option;
    if (pool_sup(p)->load_from_ns)
        pool_publish_settings(p);
    pool_changed(e, p, EVENT_CHANGE, name, from, to, o->by);
    keep_undo(e, p, o, "set %s %s", name, from);
}

/* Sets a dial that is changed by `set`, such as think. */
static int set_dial(struct engine *e, struct pool *p, const struct order *o, enum dial d,
                    struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    struct load wish = sup->load;
    char from[64], to[64];
    if (dial_read(&wish, d, o->command->text, err) < 0)
        return command_refuse(e, p, o, err);
    if (same(dial_get(&wish, d), dial_get(&sup->load, d)))
        return 0;
    dial_text(&sup->load, d, from, sizeof from);
    dial_text(&wish, d, to, sizeof to);
    sup->load = wish;
    option_changed(e, p, o, from, to);
    return 0;
}

/* Sets an option of the backend. */
static int set_option(struct engine *e, struct pool *p, const struct order *o, struct err *err)
{
    const struct command *c = o->command;
    struct options *options = &p->spec.options, wish;
    char from[64], to[64];
    options_copy(&wish, options);
    int bad = options_set(&wish, c->option, c->text, ORIGIN_ARGV, true, err);
    unsigned i = bad ? 0 : (unsigned)options_find(options->table, c->option);
    /* options that can be changed while running are scalars */
    bool changed = !bad && option_u64(&wish, i) != option_u64(options, i);
    if (changed)
        bad = guard_fits(p, &wish, pool_sup(p)->load.weight, err);
    options_text(options, i, from, sizeof from);
    options_text(&wish, i, to, sizeof to);
    options_fini(&wish);
    if (!bad)
        bad = options_set(options, c->option, c->text, ORIGIN_ARGV, true, err);
    if (bad)
        return command_refuse(e, p, o, err);
    if (!changed)
        return 0;
    if (options->table[i].flags & OPTION_REOPEN)
        pool_sup(p)->reopen_epoch++;
    option_changed(e, p, o, from, to);
    return 0;
}

static int execute_set(struct engine *e, struct pool *p, const struct order *o, struct err *err)
{
    int d = dial_find(o->command->option);
    if (d >= 0 && dial_is_plain_set((enum dial)d))
        return set_dial(e, p, o, (enum dial)d, err);
    return set_option(e, p, o, err);
}

static void stop_pool(struct engine *e, struct pool *p, enum origin by)
{
    uint64_t now = engine_now(e);
    if (!pool_sup(p)->wanted)
        return;
    connected_end(p, now);
    pool_sup(p)->wanted = false;
    pool_end_ramps(p);
    pool_note_pause(p, true, now); /* time does not count while the pool is stopped */
    pool_order_all(p, ORDER_DRAIN);
    pool_set_state(p, POOL_DRAINING, now, "%s", "stopped");
    pool_changed(e, p, EVENT_STOP, NULL, "", "", by);
}

static int start_pool(struct engine *e, struct pool *p, enum origin by, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    uint64_t now = engine_now(e);
    int code = 0;
    if (sup->wanted || sup->finishing || sup->removed)
        return 0;
    sup->wanted = true;
    sup->paused = sup->awaiting_consent;
    pool_note_pause(p, false, now);
    pool_set_state(p, sup->load_from_ns ? POOL_LOADING : POOL_OPENING, now, "%s", "");
    if (sup->load_from_ns) {
        pool_publish_settings(p);
        code = pool_resize(p, err);
        if (code < 0)
            engine_event(e, p, EVENT_REFUSED, "start", err->msg, by);
    }
    pool_changed(e, p, EVENT_START, NULL, "", "", by);
    return code;
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

/* ERR_REFUSED: this command must not start anything in this pool, because the user paused
 * everything and has not resumed it yet. A command sent by the user resumes the pool. */
static int command_halted(struct pool *p, const struct order *o, struct err *err)
{
    struct pool_supervised *sup = pool_sup(p);
    enum verb verb = o->command->verb;
    if (origin_is_hand(o->by) &&
        (verb == VERB_RESUME || verb == VERB_RESUME_ALL || verb == VERB_START))
        sup->halted = false;
    if (!sup->halted || o->by != BY_AT || !command_changes_load(o->command))
        return 0;
    err_set(err, ERR_REFUSED, "%s", command_halted_words);
    if (!sup->removed && sup->state != POOL_ENDED)
        command_refuse(p->engine, p, o, err);
    return err->code;
}

static int carry_out(struct engine *e, struct pool *p, const struct order *o, struct err *err)
{
    switch (o->command->verb) {
    case VERB_THREADS:
    case VERB_CLIENTS:
    case VERB_CONNECTIONS:
    case VERB_DEPTH:
    case VERB_RATE:
        return execute_amount(e, p, o, err);
    case VERB_PATTERN:
        return execute_pattern(e, p, o, err);
    case VERB_OPS:
        return execute_ops(e, p, o, err);
    case VERB_SET:
        return execute_set(e, p, o, err);
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERB_RESUME_ALL:
        return pool_pause(p, o->command->verb == VERB_PAUSE, o->by, err);
    case VERB_STOP:
        stop_pool(e, p, o->by);
        return 0;
    case VERB_START:
        return start_pool(e, p, o->by, err);
    case VERB_REMOVE:
        remove_pool(e, p, o->by);
        return 0;
    default:
        return 0;
    }
}

int execute_on_pool(struct engine *e, struct pool *p, struct order *o, struct err *err)
{
    int code = command_halted(p, o, err);
    if (!code)
        code = carry_out(e, p, o, err);
    if (!code)
        o->taken++;
    return code;
}

int execute_step(struct engine *e, struct pool *p, const struct command *c, struct err *err)
{
    struct order o = {.command = c, .by = BY_SWEEP, .origin = ORIGIN_ARGV};
    o.ticket = command_log_add(&e->commands, c, BY_SWEEP, engine_now(e));
    int code = execute_on_pool(e, p, &o, err);
    order_close(e, &o, code, err);
    return code;
}

void order_close(struct engine *e, const struct order *o, int code, const struct err *err)
{
    enum command_result result = code == 0  ? COMMAND_DONE
                                 : o->taken ? COMMAND_PARTLY
                                            : COMMAND_REFUSED;
    command_log_close(&e->commands, o->ticket, result, code ? err->msg : "");
}
