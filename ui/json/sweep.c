/* See sweep.h. */
#include "ui/json/sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "engine/state/sweep_shown.h"
#include "ui/json/part.h"

static json_t *vars_of(const struct pool_snapshot *p, const struct plateau *l)
{
    json_t *vars = json_object();
    json_put(vars, "threads", json_u64(l->vars.threads));
    json_put(vars, "clients", json_u64(l->vars.clients));
    json_put(vars, "connections",
             l->vars.connections ? json_u64(l->vars.connections) : json_null());
    json_put(vars, "pattern", json_words(pattern_name(l->vars.pattern)));
    json_put(vars, "depth", json_u64(pattern_depth(l->vars.pattern, l->vars.depth)));
    json_put(vars, "rate_per_s",
             l->vars.rate_per_s > 0 ? json_number(l->vars.rate_per_s) : json_null());
    json_put(vars, "rows", l->bulk ? json_u64(l->bulk) : json_null());
    json_put(vars, "think", json_duration_or_null(l->vars.think_ns));
    json_put(vars, "ops", json_mix(p->op_types, l->vars.weight));
    return vars;
}

static json_t *lights_of(const struct plateau *l)
{
    static const char *const state[] = {"", "ok", "caution", "bad"};
    json_t *o = json_object();
    for (int i = 0; i < LIGHTS; i++) {
        json_t *one = json_object();
        json_put(one, "state", json_words_or_null(state[l->light[i].state]));
        json_put(one, "value", json_share((double)l->light[i].value));
        json_put(o, light_name((enum light_id)i), one);
    }
    return o;
}

/* The name of the JSON member for a column, such as "wait_share". */
static char *column_key(char *buf, size_t size, const char *name)
{
    copy_str(buf, size, name);
    for (char *c = buf; *c; c++)
        *c = *c == ' ' ? '_' : *c;
    return buf;
}

static bool is_share(enum column_kind kind)
{
    return kind == COLUMN_SHARE || kind == COLUMN_HITS;
}

/* The backend's own columns. */
static json_t *columns_of(const struct pool_snapshot *p, const struct plateau *l)
{
    json_t *o = json_object();
    char key[40];
    for (unsigned i = 0; i < p->server.columns; i++)
        json_put(o, column_key(key, sizeof key, p->server.column[i].name),
                 is_share(p->server.column[i].kind) ? json_share(l->column[i])
                                                    : json_number(l->column[i]));
    if (l->verdict[0])
        json_put(o, "verdict", json_words(l->verdict));
    return o;
}

/* The names and units of the backend's own columns. */
static json_t *column_heads(const struct pool_snapshot *p)
{
    static const char *const unit[] = {[COLUMN_SHARE] = "share",
                                       [COLUMN_HITS] = "share",
                                       [COLUMN_COUNT] = "count",
                                       [COLUMN_PER_S] = "per_s",
                                       [COLUMN_BYTES] = "bytes"};
    json_t *list = json_array();
    char key[40];
    for (unsigned i = 0; i < p->server.columns; i++) {
        json_t *o = json_object();
        json_put(o, "key", json_words(column_key(key, sizeof key, p->server.column[i].name)));
        json_put(o, "name", json_words(p->server.column[i].name));
        json_put(o, "unit", json_words(unit[p->server.column[i].kind]));
        json_push(list, o);
    }
    if (p->server.verdict[0]) {
        json_t *o = json_object();
        json_put(o, "key", json_words("verdict"));
        json_put(o, "name", json_words("verdict"));
        json_put(o, "unit", json_words("word"));
        json_push(list, o);
    }
    return list;
}

/* The bottleneck and the share that decided it, see engine/figures/bottleneck.h. */
static json_t *limit_of(const struct plateau *l)
{
    json_t *o = json_object();
    json_put(o, "kind", json_words(bottleneck_name(l->bottleneck)));
    json_put(o, "share", json_share(l->bottleneck_share));
    json_put(o, "server_share_of_answer", json_share(l->answer_share));
    json_put(o, "why", json_words_or_null(l->bottleneck_why));
    return o;
}

json_t *json_plateau(const struct pool_snapshot *p, const struct plateau *l)
{
    json_t *o = json_object();
    json_put(o, "start_s", json_number(l->start_s));
    json_put(o, "end_s", json_number(l->end_s));
    json_put(o, "vars", vars_of(p, l));
    json_put(o, "in_flight", json_number(l->in_flight));
    json_put(o, "throughput_per_s", json_number(l->throughput_per_s));
    json_put(o, "ci95", json_number(l->ci95));
    json_put(o, "p50_us", json_us(l->p50));
    json_put(o, "p99_us", json_us(l->p99));
    json_put(o, "response", json_latency(&l->response));
    json_put(o, "cpu_share", json_share(l->cpu_share));
    json_put(o, "server_cpu_share", json_share(l->server_cpu_share));
    json_put(o, "bottleneck", limit_of(l));
    json_put(o, "rss_bytes", json_u64(l->rss_bytes));
    json_put(o, "anon_bytes", json_number(l->anon_bytes));
    json_put(o, "connections_up", json_u64(l->connections_up));
    json_put(o, "connections_wanted", json_u64(l->connections_wanted));
    json_put(o, "valid", json_boolean(l->valid));
    json_put(o, "why_not", json_words_or_null(l->why_not));
    json_put(o, "caution", json_words_or_null(l->caution));
    json_put(o, "lights", lights_of(l));
    json_put(o, "columns", p->server.columns ? columns_of(p, l) : json_null());
    return o;
}

static json_t *values_of(const struct sweep_snapshot *s, unsigned cell)
{
    json_t *o = json_object();
    for (unsigned i = s->axes; i-- > 0;) {
        unsigned values = s->axis[i].values ? s->axis[i].values : 1;
        json_put(o, s->axis[i].name, json_words(s->axis[i].value[cell % values]));
        cell /= values;
    }
    return o;
}

static json_t *cell_of(const struct sweep_snapshot *s, unsigned i, const struct pool_snapshot *p)
{
    static const char *const state[] = {"waiting", "waiting", "steady", "unsteady", "same"};
    const struct sweep_cell *c = &s->cell[i];
    bool measured = c->state == CELL_STEADY || c->state == CELL_UNSTEADY;
    json_t *o = measured ? json_plateau(p, &c->at) : json_object(), *relative = json_object(),
           *sound = json_object();
    json_t *index = json_null();
    for (unsigned k = 0; measured && k < p->plateaus; k++)
        if (fabs(p->plateau[k].start_s - c->at.start_s) < 1e-9)
            index = json_u64(k);
    for (unsigned k = 0; k < s->axes; k++) {
        bool both;
        json_put(relative, s->axis[k].name, json_share(sweep_relative(s, i, k, &both)));
        json_put(sound, s->axis[k].name, json_boolean(both));
    }
    json_put(o, "at", values_of(s, i));
    json_put(o, "state", json_words(state[c->state]));
    json_put(o, "plateau", index);
    json_put(o, "relative", relative);
    json_put(o, "relative_valid", sound);
    return o;
}

static json_t *json_sweep(const struct sweep_snapshot *s, const struct pool_snapshot *p)
{
    json_t *o = json_object(), *vars = json_array(), *cells = json_array();
    for (unsigned i = 0; i < s->axes; i++) {
        json_t *var = json_object(), *values = json_array();
        for (unsigned k = 0; k < s->axis[i].values; k++)
            json_push(values, json_words(s->axis[i].value[k]));
        json_put(var, "name", json_words(s->axis[i].name));
        json_put(var, "values", values);
        json_put(var, "relative",
                 json_words(sweep_axis_scales(&s->axis[i]) ? "efficiency" : "gain"));
        json_push(vars, var);
    }
    for (unsigned i = 0; i < s->cells; i++)
        json_push(cells, cell_of(s, i, p));
    json_put(o, "spec", json_words(s->spec));
    json_put(o, "ended_by", json_words_or_null(s->ended));
    json_put(o, "resumable", json_boolean(s->resumable));
    json_put(o, "vars", vars);
    json_put(o, "columns", column_heads(p));
    json_put(o, "cells", cells);
    return o;
}

json_t *json_sweeps(const struct snapshot *s, const struct pool_snapshot *p)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < s->pasts; i++)
        if (!strcmp(s->past[i]->pool, p->name))
            json_push(list, json_sweep(s->past[i], p));
    if (s->sweep.axes && !strcmp(s->sweep.pool, p->name))
        json_push(list, json_sweep(&s->sweep, p));
    return list;
}
