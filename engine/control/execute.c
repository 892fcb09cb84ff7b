/* Where commands are carried out: ceilings, lock, read-only and undo hold here, for whoever sent
 * them. */
#include "engine/control/execute.h"

#include "engine/control/change.h"
#include "engine/state/engine_state.h"
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
    if (!p || !pool_sup(p)->held || e->scenario.limits.look)
        return;
    int stage = atomic_load(&p->atomic.open_stage);
    if (stage != OPEN_LOOKED && stage != OPEN_DONE && !atomic_load(&p->atomic.room_short)) {
        engine_say(e, "%s: it was not reached yet: it is asked about once it answers",
                   p->spec.name);
        return;
    }
    if (engine_sup(e)->locked) {
        engine_say(e, "%s: locked: load cannot be started (L or `unlock`)", p->spec.name);
        return;
    }
    atomic_store(&p->atomic.consented, true);
    pool_sup(p)->held = pool_sup(p)->halted = false;
    engine_event(e, p, EVENT_CONSENT, "", "its first load was allowed", BY_KEY);
    pool_pause(p, false, BY_KEY);
    pool_wake_thread(p); /* it may wait for this to connect */
}

static void execute_add(struct engine *e, const struct command *c, enum origin by,
                        enum option_origin origin)
{
    struct scenario one;
    struct options defaults;
    struct err err = {0};
    char from[8] = "";
    scenario_init(&one);
    options_init(&defaults, pool_option_table);
    struct pool *p = NULL;
    if (scenario_add(&one, c->text, origin, &defaults, e->backends, &err) == 0) {
        struct pool_spec *spec = one.pool[0];
        for (unsigned n = 2; engine_find_pool(e, spec->name); n++)
            snprintf(spec->name, sizeof spec->name, "%.20s-%u", spec->backend->name, n);
        p = engine_add_pool(e, spec, &err);
        if (p && pool_start(p, &err) < 0)
            pool_sup(p)->removed = true;
    }
    if (p && !pool_sup(p)->removed)
        pool_changed(e, p, EVENT_CHANGE, "add", from, p->spec.target.shown, by);
    else
        command_refuse(e, NULL, c, by, err.msg);
    options_fini(&defaults);
    scenario_fini(&one);
}

static void execute_undo(struct engine *e, enum origin by)
{
    struct engine_supervised *esup = engine_sup(e);
    if (!esup->undos) {
        engine_say(e, "undo: nothing to undo");
        return;
    }
    struct undo u = esup->undo[--esup->undos];
    unsigned left = esup->undos;
    struct command c;
    struct err err = {0};
    if (command_parse(&c, u.text, &err, NULL) == 0 && engine_find_pool(e, c.pool))
        execute(e, &c, by, ORIGIN_ARGV);
    if (esup->undos > left)
        esup->undos = left; /* an undo is not undone by the next one */
}

static void for_screen(struct engine *e, const struct command *c, enum origin by)
{
    struct engine_queue *queue = engine_lock_queue(e);
    bool full = queue->screens == SCREEN_MAX;
    if (!full)
        queue->screen[(queue->screen_first + queue->screens++) % SCREEN_MAX] = *c;
    engine_unlock_queue(e);
    if (full)
        command_refuse(e, NULL, c, by, "too many commands for the screen wait already");
}

/* Does it name a file, to be written or read? A theme's name without a slash is none. */
static bool names_file(const struct command *c)
{
    return c->text[0] && c->verb != VERB_QUIT && (c->verb != VERB_THEME || strchr(c->text, '/'));
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

/* From now on nothing changes load but a pause or a stop, nor does what is under way. */
static void lock(struct engine *e)
{
    struct engine_supervised *esup = engine_sup(e);
    esup->locked = true;
    sweep_stop(e, "locked");
    for (unsigned i = 0; i < esup->pools; i++)
        pool_end_ramps(esup->pool[i]);
}

static bool execute_on_engine(struct engine *e, const struct command *c, enum origin by,
                              enum option_origin origin)
{
    struct engine_supervised *esup = engine_sup(e);
    switch (c->verb) {
    case VERB_PAUSE_ALL:
        sweep_stop(e, "pause all");
        for (unsigned i = 0; i < esup->pools; i++) {
            pool_sup(esup->pool[i])->halted = pool_sup(esup->pool[i])->halted || origin_is_hand(by);
            pool_pause(esup->pool[i], true, by);
        }
        return true;
    case VERB_RESUME_ALL:
        for (unsigned i = 0; i < esup->pools; i++)
            if (!command_is_halted(esup->pool[i], c, by))
                pool_pause(esup->pool[i], false, by);
        return true;
    case VERB_UNDO:
        execute_undo(e, by);
        return true;
    case VERB_LOCK:
    case VERB_UNLOCK:
        if (c->verb == VERB_LOCK)
            lock(e);
        else
            esup->locked = false;
        engine_event(e, NULL, esup->locked ? EVENT_LOCK : EVENT_UNLOCK, "", "", by);
        return true;
    case VERB_ADD:
        execute_add(e, c, by, origin);
        return true;
    case VERB_MARK:
        engine_event(e, *c->pool ? engine_find_pool(e, c->pool) : NULL, EVENT_MARK, "", c->text,
                     by);
        return true;
    case VERB_SWEEP: {
        struct err err = {0};
        if (sweep_start(e, c, by, &err) < 0)
            command_refuse(e, NULL, c, by, err.msg);
        return true;
    }
    case VERB_SWEEP_STOP:
        sweep_stop(e, "stopped");
        return true;
    default:
        return false;
    }
}

void execute(struct engine *e, const struct command *c, enum origin by, enum option_origin origin)
{
    struct engine_supervised *esup = engine_sup(e);
    if (command_is_for_screen(c)) {
        if (!origin_is_own(origin) && names_file(c))
            command_refuse(e, NULL, c, by,
                           "a file is named by the command line or the keyboard only");
        else
            for_screen(e, c, by);
        return;
    }
    if (c->verb == VERB_UNLOCK && !origin_is_own(origin)) {
        command_refuse(e, NULL, c, by, "a scenario file does not take a lock away");
        return;
    }
    if (esup->locked && command_changes_load(c)) {
        command_refuse(e, NULL, c, by,
                       "locked: load cannot be changed (L or `unlock`); pause and stop still work");
        return;
    }
    bool starts = c->verb == VERB_ADD || c->verb == VERB_SWEEP || c->verb == VERB_UNDO;
    if (by == BY_AT && starts && any_halted(e)) {
        command_refuse(e, NULL, c, by, command_halted_words);
        return;
    }
    if (execute_on_engine(e, c, by, origin))
        return;
    if (by != BY_SWEEP)
        sweep_disturbed(e, c);
    if (*c->pool) {
        struct pool *p = engine_find_pool(e, c->pool);
        if (p) {
            execute_on_pool(e, p, c, by);
            return;
        }
        char why[96];
        snprintf(why, sizeof why, "no pool is called '%.31s'", c->pool);
        command_refuse(e, NULL, c, by, why);
        return;
    }
    for (unsigned i = 0; i < esup->pools; i++)
        if (!pool_sup(esup->pool[i])->removed)
            execute_on_pool(e, esup->pool[i], c, by);
}
