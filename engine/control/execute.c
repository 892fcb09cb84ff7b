/* Executes commands; ceilings, lock, read-only and undo are enforced here for every sender. */
#include "engine/control/execute.h"

#include "engine/control/change.h"
#include "engine/state/command_log.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/pools/guard.h"
#include "engine/state/pool.h"
#include "engine/control/sweep.h"
#include "engine/base/quantity.h"
#include "engine/config/command_text.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/plateau.h"
#include "engine/figures/events.h"
#include "engine/pools/pool_change.h"
#include "engine/pools/pool_life.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void execute_consent(struct engine *e, unsigned number)
{
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    struct pool *p = engine_find_pool(e, name);
    if (!p || !pool_sup(p)->awaiting_consent || e->scenario.limits.inspect_only)
        return;
    int stage = atomic_load(&p->atomic.open_stage);
    if (stage != OPEN_INSPECTED && stage != OPEN_DONE && !atomic_load(&p->atomic.room_short)) {
        engine_say(e, "%s: it was not reached yet: it is asked about once it answers",
                   p->spec.name);
        return;
    }
    if (engine_sup(e)->locked) {
        engine_say(e, "%s: locked: load cannot be started (L or `unlock`)", p->spec.name);
        return;
    }
    atomic_store(&p->atomic.consented, true);
    pool_sup(p)->awaiting_consent = pool_sup(p)->halted = false;
    engine_event(e, p, EVENT_CONSENT, "", "its first load was allowed", BY_KEY);
    pool_pause(p, false, BY_KEY, NULL);
    pool_wake_thread(p); /* the pool's thread may be waiting for this before it connects */
}

static int execute_add(struct engine *e, const struct order *o, struct err *err)
{
    struct scenario one;
    struct options defaults;
    scenario_init(&one);
    options_init(&defaults, pool_option_table);
    struct pool *p = NULL;
    int code = scenario_add(&one, o->command->text, o->origin, &defaults, e->backends, err);
    if (!code && one.pool[0]->named && engine_find_pool(e, one.pool[0]->name))
        code = pool_spec_name_taken(one.pool[0], err);
    if (!code) {
        struct pool_spec *spec = one.pool[0];
        for (unsigned n = 2; engine_find_pool(e, spec->name); n++)
            snprintf(spec->name, sizeof spec->name, "%.20s-%u", spec->backend->name, n);
        p = engine_add_pool(e, spec, err);
        code = p ? pool_start(p, err) : err->code;
        if (p && code < 0)
            pool_sup(p)->removed = true;
    }
    if (code < 0)
        command_refuse(e, NULL, o, err);
    else
        pool_changed(e, p, EVENT_CHANGE, "add", "", p->spec.target.shown, o->by);
    options_fini(&defaults);
    scenario_fini(&one);
    return code;
}

/* Refuses an undo with a message on the screen only, not an event. */
static int refuse_undo(struct engine *e, const struct err *err)
{
    engine_say(e, "%s", err->msg);
    return err->code;
}

static int execute_undo(struct engine *e, struct order *o, struct err *err)
{
    struct undo *u = command_log_take_undo(&e->commands);
    struct command c;
    if (!u) {
        err_set(err, ERR_REFUSED, "undo: nothing to undo");
        return refuse_undo(e, err);
    }
    struct order back = {
        .command = &c, .by = o->by, .origin = ORIGIN_ARGV, .ticket = o->ticket, .is_undo = true};
    int code = command_parse(&c, u->text, err, NULL);
    if (!code)
        snprintf(c.pool, sizeof c.pool, "%u", u->pool);
    if (!code && !engine_find_pool(e, c.pool))
        code = err_set(err, ERR_REFUSED, "undo: %s was removed", u->name);
    code = code ? refuse_undo(e, err) : execute(e, &back, err);
    undo_free(u);
    return code;
}

static int for_screen(struct engine *e, const struct order *o, struct err *err)
{
    struct engine_queue *queue = engine_lock_queue(e);
    bool full = queue->screens == SCREEN_MAX;
    if (!full)
        queue->screen[(queue->screen_first + queue->screens++) % SCREEN_MAX] = *o->command;
    engine_unlock_queue(e);
    if (!full)
        return 0;
    err_set(err, ERR_FAILED, "too many commands for the screen wait already");
    return command_refuse(e, NULL, o, err);
}

static bool any_halted(const struct engine *e)
{
    const struct engine_supervised *esup = engine_sup(e);
    for (unsigned i = 0; i < esup->pools; i++)
        if (pool_sup(esup->pool[i])->halted && !pool_sup(esup->pool[i])->removed &&
            pool_sup(esup->pool[i])->state != POOL_ENDED)
            return true;
    return false;
}

/* Locks the load: from now on only a pause or a stop changes it. Ends running ramps and sweeps. */
static void lock(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    esup->locked = true;
    sweep_stop(e, "locked");
    for (unsigned i = 0; i < esup->pools; i++)
        pool_end_ramps(esup->pool[i]);
}

static void pause_all(struct engine *e, enum origin by)
{
    struct engine_supervised *esup = engine_sup(e);
    sweep_stop(e, "pause all");
    for (unsigned i = 0; i < esup->pools; i++) {
        pool_sup(esup->pool[i])->halted = pool_sup(esup->pool[i])->halted || origin_is_hand(by);
        pool_pause(esup->pool[i], true, by, NULL);
    }
}

static int on_every_pool(struct engine *e, struct order *o, struct err *err)
{
    struct engine_supervised *esup = engine_sup(e);
    int code = 0;
    for (unsigned i = 0; i < esup->pools; i++) {
        struct err why = {0};
        if (pool_sup(esup->pool[i])->removed || execute_on_pool(e, esup->pool[i], o, &why) == 0 ||
            code)
            continue;
        *err = why; /* the first one's */
        code = why.code;
    }
    return code;
}

static void mark(struct engine *e, const struct order *o)
{
    const struct command *c = o->command;
    engine_event(e, *c->pool ? engine_find_pool(e, c->pool) : NULL, EVENT_MARK, "", c->text, o->by);
}

static void set_lock(struct engine *e, const struct order *o)
{
    if (engine_sup(e)->locked == (o->command->verb == VERB_LOCK))
        return;
    if (o->command->verb == VERB_LOCK)
        lock(e);
    else
        engine_sup(e)->locked = false;
    engine_event(e, NULL, engine_sup(e)->locked ? EVENT_LOCK : EVENT_UNLOCK, "", "", o->by);
}

static int on_addressed_pools(struct engine *e, struct order *o, struct err *err)
{
    const struct command *c = o->command;
    if (!*c->pool)
        return on_every_pool(e, o, err);
    struct pool *p = engine_find_pool(e, c->pool);
    if (p)
        return execute_on_pool(e, p, o, err);
    err_set(err, ERR_REFUSED, "no pool is called '%.31s'", c->pool);
    return command_refuse(e, NULL, o, err);
}

/* Executes a command that is addressed to pools. A sweep ends when its pool is changed, not when a
 * command is refused or sets what is set. */
static int execute_on_pools(struct engine *e, struct order *o, struct err *err)
{
    struct pool *swept = sweep_pool(e);
    unsigned before = swept ? pool_sup(swept)->changes : 0;
    int code = on_addressed_pools(e, o, err);
    if (swept && pool_sup(swept)->changes != before)
        sweep_disturbed(e, swept, o->command);
    return code;
}

static int carry_out(struct engine *e, struct order *o, struct err *err)
{
    switch (o->command->verb) {
    case VERB_PAUSE_ALL:
        pause_all(e, o->by);
        return 0;
    case VERB_RESUME_ALL:
        return on_every_pool(e, o, err);
    case VERB_UNDO:
        return execute_undo(e, o, err);
    case VERB_LOCK:
    case VERB_UNLOCK:
        set_lock(e, o);
        return 0;
    case VERB_ADD:
        return execute_add(e, o, err);
    case VERB_MARK:
        mark(e, o);
        return 0;
    case VERB_SWEEP:
        return sweep_start(e, o->command, o->by, err) < 0 ? command_refuse(e, NULL, o, err) : 0;
    case VERB_SWEEP_STOP:
        sweep_stop(e, "stopped");
        return 0;
    default:
        return execute_on_pools(e, o, err);
    }
}

/* The checks that every command passes, from any sender. */
static int check(const struct engine *e, const struct order *o, struct err *err)
{
    const struct command *c = o->command;
    bool starts = c->verb == VERB_ADD || c->verb == VERB_SWEEP || c->verb == VERB_UNDO;
    if (!origin_is_trusted(o->origin) && command_names_file(c))
        return err_set(err, ERR_REFUSED,
                       "a file is named by the command line or the keyboard only");
    if (c->verb == VERB_UNLOCK && !origin_is_trusted(o->origin))
        return err_set(err, ERR_REFUSED, "a scenario file does not take a lock away");
    if (engine_sup(e)->locked && command_changes_load(c))
        return err_set(err, ERR_REFUSED,
                       "locked: load cannot be changed (L or `unlock`); pause and stop still work");
    if (o->by == BY_AT && starts && any_halted(e))
        return err_set(err, ERR_REFUSED, "%s", command_halted_words);
    return 0;
}

int execute(struct engine *e, struct order *o, struct err *err)
{
    if (check(e, o, err) < 0)
        return command_refuse(e, NULL, o, err);
    return command_is_for_screen(o->command) ? for_screen(e, o, err) : carry_out(e, o, err);
}
