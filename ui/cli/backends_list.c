/* Lists backends, their operations and options, as text or as JSON: see backends_list.h.
 *
 * Only tables are read, so nothing here knows a backend by name. */
#include "ui/cli/backends_list.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/config/scenario.h"
#include "ui/base/subcommand.h"
#include "ui/json/part.h"
#include "ui/json/run.h"

static const char *type_name(const struct option_spec *o)
{
    switch (o->type) {
    case OPTION_BOOL:
        return "yes|no";
    case OPTION_COUNT:
        return "count";
    case OPTION_REAL:
        return "number";
    case OPTION_DURATION:
        return "duration";
    case OPTION_SIZE:
        return "size";
    case OPTION_SPAN:
        return "size or low-high";
    case OPTION_CHOICE:
        return o->choices;
    case OPTION_TEXT:
        return "text";
    case OPTION_SECRET:
        return "secret";
    }
    return "text";
}

static bool has_range(const struct option_spec *o)
{
    return o->max > o->min || o->min > 0;
}

static void bound(char *buf, size_t size, const struct option_spec *o, double v)
{
    if (o->type == OPTION_DURATION)
        format_exact_duration(buf, size, (uint64_t)v);
    else
        snprintf(buf, size, "%.15g", v);
}

/* Writes a range: "1 to 4096", "1 and more", or "". */
static void range_text(char *buf, size_t size, const struct option_spec *o)
{
    char low[32], high[32];
    buf[0] = '\0';
    if (!has_range(o))
        return;
    bound(low, sizeof low, o, o->min);
    bound(high, sizeof high, o, o->max);
    if (o->max > o->min)
        snprintf(buf, size, "%s to %s", low, high);
    else
        snprintf(buf, size, "%s and more", low);
}

/* ---- Text ---- */

static void add_options(struct text *t, const struct option_spec *table)
{
    char range[80], left[64];
    for (const struct option_spec *o = table; o->name; o++) {
        range_text(range, sizeof range, o);
        snprintf(left, sizeof left, "%s%s", o->name, o->flags & OPTION_PREFIX ? "NAME" : "");
        text_add(t, "    %-18s %s%s%s", left, type_name(o), range[0] ? ", " : "", range);
        if (o->def && *o->def)
            text_add(t, ", default %s", o->def);
        if (o->flags & OPTION_LIVE)
            text_add(t, ", can change while it runs");
        if (o->alias)
            text_add(t, ", formerly %s", o->alias);
        text_add(t, "\n    %-18s   %s\n", "", o->help ? o->help : "");
    }
}

static void add_ops(struct text *t, const struct op_type *ops)
{
    for (const struct op_type *op = ops; op->name; op++) {
        text_add(t, "    %-18s ", op->name);
        if (op->receives)
            text_add(t, "arrives unasked");
        else if (op->weight > 0)
            text_add(t, "weight %g in the default mix", op->weight);
        else
            text_add(t, "only when asked for");
        text_add(t, "%s", op->reads ? ", only reads" : "");
        if (op->bulk)
            text_add(t, ", %s= of them in a request", op->bulk);
        text_add(t, "\n    %-18s   %s\n", "", op->help ? op->help : "");
    }
}

static void add_backend(struct text *t, const struct backend *b)
{
    text_add(t, "%s: %s\n", b->name, b->summary);
    if (b->unavailable)
        text_add(t, "  not built in: %s\n", b->unavailable);
    text_add(t, "  URL        %s\n", b->url_forms ? b->url_forms : b->schemes);
    if (b->default_port)
        text_add(t, "  port       %u\n", b->default_port);
    if (b->example)
        text_add(t, "  example    loadtop '%s'\n", b->example);
    if (b->connections)
        text_add(t, "  connections of a thread, by default: %s\n", b->connections);
    text_add(t, "  operations\n");
    add_ops(t, b->ops);
    text_add(t, "  options (in the URL's query, or as flags)\n");
    add_options(t, b->options);
}

void backends_overview(struct text *t, const struct backend *const *backends)
{
    for (unsigned i = 0; backends[i]; i++) {
        const struct backend *b = backends[i];
        text_add(t, "  %-10s %s\n", b->name, b->summary);
        if (b->unavailable)
            text_add(t, "  %-10s not built in: %s\n", "", b->unavailable);
        else if (b->example)
            text_add(t, "  %-10s loadtop '%s'\n", "", b->example);
    }
}

/* ---- JSON ---- */

static json_t *option_json(const struct option_spec *o)
{
    json_t *one = json_object();
    json_put(one, "name", json_words(o->name));
    json_put(one, "type",
             json_words(o->type == OPTION_CHOICE ? "choice"
                        : o->type == OPTION_BOOL ? "bool"
                        : o->type == OPTION_SPAN ? "span"
                                                 : type_name(o)));
    json_put(one, "default", o->def ? json_words(o->def) : json_null());
    json_put(one, "min", has_range(o) ? json_share(o->min) : json_null());
    json_put(one, "max", o->max > o->min ? json_share(o->max) : json_null());
    json_t *choices = o->choices ? json_array() : json_null();
    for (const char *at = o->choices; at && *at;) {
        size_t len = strcspn(at, "|");
        json_push(choices, json_stringn(at, len));
        at += len + (at[len] == '|');
    }
    json_put(one, "choices", choices);
    json_put(one, "live", json_boolean(o->flags & OPTION_LIVE));
    json_put(one, "prefix", json_boolean(o->flags & OPTION_PREFIX));
    json_put(one, "help", json_words_or_null(o->help));
    return one;
}

static json_t *options_json(const struct option_spec *table)
{
    json_t *list = json_array();
    for (; table->name; table++)
        json_push(list, option_json(table));
    return list;
}

static json_t *backend_json(const struct backend *b)
{
    json_t *o = json_object(), *ops = json_array();
    json_put(o, "name", json_words(b->name));
    json_put(o, "summary", json_words(b->summary));
    json_put(o, "built_in", json_boolean(!b->unavailable));
    json_put(o, "unavailable", json_words_or_null(b->unavailable));
    json_put(o, "schemes", json_words(b->schemes));
    json_put(o, "default_port", b->default_port ? json_u64(b->default_port) : json_null());
    json_put(o, "example", json_words_or_null(b->example));
    json_put(o, "connections", json_words_or_null(b->connections));
    for (const struct op_type *op = b->ops; op->name; op++) {
        json_t *one = json_object();
        json_put(one, "name", json_words(op->name));
        json_put(one, "help", json_words_or_null(op->help));
        json_put(one, "weight", json_number(op->weight));
        json_put(one, "reads", json_boolean(op->reads));
        json_put(one, "receives", json_boolean(op->receives));
        json_put(one, "bulk", json_words_or_null(op->bulk));
        json_push(ops, one);
    }
    json_put(o, "ops", ops);
    json_put(o, "options", options_json(b->options));
    return o;
}

static void add_json(struct text *t, const struct backend *const *backends,
                     const struct backend *only)
{
    size_t len;
    json_t *list = json_array(), *all = json_object();
    for (unsigned i = 0; backends[i]; i++)
        if (!only || only == backends[i])
            json_push(list, backend_json(backends[i]));
    json_put(all, "loadtop", json_words(LOADTOP_VERSION));
    json_put(all, "backends", list);
    json_put(all, "pool_options", options_json(pool_option_table));
    char *text = json_text(all, &len);
    text_put(t, text, len);
    free(text);
    json_decref(all);
}

/* ---- The verb ---- */

static int find(const char *name, const struct backend *const *backends,
                const struct backend **found, struct err *err)
{
    const char *names[64];
    struct text list = {.limit = 120};
    unsigned n = 0;
    for (unsigned i = 0; backends[i] && n < 63; i++) {
        if (strcmp(backends[i]->name, name) == 0)
            *found = backends[i];
        names[n++] = backends[i]->name;
        text_add(&list, "%s%s", i ? " " : "", backends[i]->name);
    }
    names[n] = NULL;
    const char *near = nearest_name(name, names);
    if (!*found)
        err_set(err, ERR_USAGE, "backends %.60s: no such backend%s%s%s, allowed: %s", name,
                near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
                text_str(&list));
    text_free(&list);
    return *found ? 0 : ERR_USAGE;
}

int backends_list(struct text *t, int argc, char *const *argv,
                  const struct backend *const *backends, struct err *err)
{
    const struct backend *only = NULL;
    struct sub_words w;
    if (subcommand_read(&w, "backends", argc, argv, err) < 0 ||
        (w.words && find(w.word[0], backends, &only, err) < 0))
        return ERR_USAGE;
    if (sub_value(&w, "--json")) {
        add_json(t, backends, only);
        return 0;
    }
    for (unsigned i = 0; backends[i]; i++) {
        if (only && only != backends[i])
            continue;
        add_backend(t, backends[i]);
        text_add(t, "\n");
    }
    text_add(t, "Options of every pool\n");
    add_options(t, pool_option_table);
    return 0;
}
