/* A pool_spec written as the URL that starts the same pool again.
 *
 * It contains only what differs from the defaults, so that it stays readable. Passwords and
 * other secrets are left out. Used for `command` in the JSON, for sessions and for "add the same
 * again". */
#include "engine/config/pool_url.h"

#include "engine/config/scenario.h"

#include "engine/backend.h"
#include "engine/config/command.h"
#include "engine/base/text.h"
#include "engine/base/secret.h"
#include "engine/config/command_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Percent-encodes characters that would end a part of the URL or cannot be typed. */
static void add_encoded(struct text *out, const char *s, const char *also_plain)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (isalnum(c) || c >= 0x80 || strchr("-._~", *s) || strchr(also_plain, *s))
            text_put(out, s, 1);
        else
            text_add(out, "%%%02X", c);
    }
}

static void add_target(struct text *out, const struct target *t)
{
    text_add(out, "%s:", t->scheme);
    if (t->hosts || t->path[0] || t->user[0])
        text_add(out, "//");
    if (t->user[0]) {
        add_encoded(out, t->user, "");
        text_add(out, "@");
    }
    for (unsigned i = 0; i < t->hosts; i++) {
        bool v6 = strchr(t->host[i].name, ':') != NULL;
        text_add(out, "%s%s", i ? "," : "", v6 ? "[" : "");
        add_encoded(out, t->host[i].name, ":"); /* an IPv6 zone begins with '%' */
        text_add(out, "%s", v6 ? "]" : "");
        if (t->host[i].port)
            text_add(out, ":%u", t->host[i].port);
    }
    add_encoded(out, t->path, t->hosts ? "/:,+=" : "/:,+@=");
}

static void add_option(struct text *out, bool *first, const char *name, const char *value)
{
    text_add(out, "%s", *first ? "?" : "&");
    *first = false;
    add_encoded(out, name, "");
    text_add(out, "=");
    add_encoded(out, value, "/:,+@*=");
}

static bool is_default_mix(const struct pool_spec *spec)
{
    double usual[OPS_MAX];
    if (ops_parse(spec->op_types, spec->backend->name, NULL, usual, NULL))
        return false;
    for (unsigned i = 0; i < OPS_MAX; i++)
        if (usual[i] != spec->load.weight[i])
            return false;
    return true;
}

static void add_load(struct text *out, bool *first, const struct pool_spec *spec)
{
    const struct load *load = &spec->load;
    char value[512];
    struct options o;
    options_init(&o, pool_option_table);
    const uint64_t wanted[POOL_OPTIONS] = {
        [POOL_THREADS] = load->threads,
        [POOL_CLIENTS] = load->clients,
        [POOL_CONNECTIONS] = load->connections,
        [POOL_PATTERN] = load->pattern,
        [POOL_DEPTH] = load->depth,
        [POOL_ARRIVAL] = load->arrival,
        [POOL_THINK] = load->think_ns,
        [POOL_COUNT] = spec->count,
        [POOL_DURATION] = spec->duration_ns,
        [POOL_TIMEOUT] = spec->timeout_ns,
        [POOL_SEED] = spec->seed,
        [POOL_WARMUP] = spec->warmup_ns,
    };
    for (unsigned i = 0; i < POOL_OPTIONS; i++) {
        if (o.table[i].type == OPTION_TEXT || wanted[i] == option_u64(&o, i))
            continue;
        atomic_store_explicit(&o.scalar[i], wanted[i], memory_order_relaxed);
        add_option(out, first, o.table[i].name, options_text(&o, i, value, sizeof value));
    }
    options_fini(&o);
    if (load->rate_per_s > 0) {
        struct command rate = {.verb = VERB_RATE, .amount = load->rate_per_s};
        command_text(&rate, value, sizeof value);
        add_option(out, first, "rate", value + strlen("rate "));
    }
    if (spec->ops_pending) {
        add_option(out, first, "ops", spec->ops_pending);
    } else if (!is_default_mix(spec)) {
        struct text mix = {0};
        ops_add(&mix, spec->op_types, load->weight);
        add_option(out, first, "ops", text_str(&mix));
        text_free(&mix);
    }
    if (spec->name[0] && strcmp(spec->name, spec->backend->name) != 0)
        add_option(out, first, "name", spec->name);
}

/* kafka.linger.ms=5&kafka.acks=1; values that options_text hides are secrets and are left out. */
static void add_lines(struct text *out, bool *first, const char *prefix, const char *lines)
{
    for (const char *at = lines; *at;) {
        size_t len = strcspn(at, "\n"), name_len = strcspn(at, "=");
        if (name_len < len && !is_secret_name(at, name_len)) {
            struct text name = {0}, value = {0};
            text_add(&name, "%s%.*s", prefix, (int)name_len, at);
            text_put(&value, at + name_len + 1, len - name_len - 1);
            add_option(out, first, text_str(&name), text_str(&value));
            text_free(&name);
            text_free(&value);
        }
        at += len + (at[len] == '\n');
    }
}

static void add_backend_options(struct text *out, bool *first, const struct options *o)
{
    char value[512];
    struct options usual;
    options_init(&usual, o->table);
    for (unsigned i = 0; i < o->n; i++) {
        const struct option_spec *spec = &o->table[i];
        if (spec->type == OPTION_SECRET)
            continue;
        if (spec->flags & OPTION_PREFIX)
            add_lines(out, first, spec->name, option_str(o, i));
        else if (strcmp(option_str(o, i), option_str(&usual, i)) != 0)
            add_option(out, first, spec->name, option_str(o, i));
        else if (option_u64(o, i) != option_u64(&usual, i))
            add_option(out, first, spec->name, options_text(o, i, value, sizeof value));
    }
    options_fini(&usual);
}

char *pool_spec_url(const struct pool_spec *spec, char *buf, size_t size)
{
    struct text out = {.limit = size ? size - 1 : 1};
    bool first = true;
    add_target(&out, &spec->target);
    add_load(&out, &first, spec);
    add_backend_options(&out, &first, &spec->options);
    copy_str(buf, size, text_str(&out));
    text_free(&out);
    return buf;
}
