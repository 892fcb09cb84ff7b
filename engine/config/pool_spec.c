/* One pool as it is to be started: a URL, flags and a backend's table read into a pool_spec.
 *
 * Precedence is default, then flag, then the URL's query. Every value is checked here, before
 * anything starts, also those that are texts in the option table (rate, ops, name). pool_spec_url
 * is the inverse; its result holds no secrets, so a repeated command asks for passwords again. */
#include "engine/config/pool_spec.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_NS 3600e9
#define WEIGHT_MAX 1000000000 /* largest weight of an operation in a mix */
#define YEAR_NS (8760 * HOUR_NS)

const struct option_spec pool_option_table[] = {
    [POOL_THREADS] = {"threads", OPTION_COUNT, OPTION_LIVE, "1", 1, THREADS_MAX, NULL,
                      "Threads (workers) of the pool."},
    [POOL_CLIENTS] = {"clients", OPTION_COUNT, OPTION_LIVE, "1", 1, CLIENTS_MAX, NULL,
                      "Clients (virtual users) of each thread."},
    [POOL_CONNECTIONS] = {"connections", OPTION_COUNT, OPTION_LIVE, "0", 0, CONNECTIONS_MAX, NULL,
                          "Connections of each thread, leased by its clients; 0: "
                          "as many as they need."},
    [POOL_PATTERN] = {"pattern", OPTION_CHOICE, OPTION_LIVE, "sync", 0, 0, PATTERN_CHOICES,
                      "How a client keeps requests in flight."},
    [POOL_DEPTH] = {"depth", OPTION_COUNT, OPTION_LIVE, NULL, 1, DEPTH_MAX, NULL,
                    "Requests in flight for each client; unset: 1 for sync, 16 for the others."},
    [POOL_RATE] = {"rate", OPTION_TEXT, OPTION_LIVE, NULL, 0, 0, NULL,
                   "Open arrival: operations a second of the pool (5000/s, 10k/s); unset: closed."},
    [POOL_ARRIVAL] = {"arrival", OPTION_CHOICE, OPTION_LIVE, "constant", 0, 0, "constant|poisson",
                      "How the starts of an open arrival are spaced."},
    [POOL_THINK] = {"think", OPTION_DURATION, OPTION_LIVE, "0", 0, HOUR_NS, NULL,
                    "Pause of a client between its operations (its batches, for pattern batch)."},
    [POOL_COUNT] = {"count", OPTION_COUNT, 0, NULL, 1, 1e18, NULL,
                    "Stop after exactly this many operations of the pool."},
    [POOL_DURATION] = {"duration", OPTION_DURATION, 0, NULL, 1e6, YEAR_NS, NULL,
                       "Stop after this time."},
    [POOL_OPS] = {"ops", OPTION_TEXT, OPTION_LIVE, NULL, 0, 0, NULL,
                  "Operation mix with weights: get:80,set:20."},
    [POOL_TIMEOUT] = {"timeout", OPTION_DURATION, 0, "5s", 1e6, HOUR_NS, NULL,
                      "An operation without an answer by then is a timeout."},
    [POOL_SEED] = {"seed", OPTION_COUNT, 0, "1", 0, 0, NULL,
                   "Seed of the generator: the same seed makes the same data."},
    [POOL_NAME] = {"name", OPTION_TEXT, 0, NULL, 0, 0, NULL, "The pool's name on the screen."},
    [POOL_WARMUP] = {"warmup", OPTION_DURATION, 0, "0", 0, YEAR_NS, NULL,
                     "Load from the start, recorded from then on."},
    [POOL_OPTIONS] = {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};

bool pool_name_ok(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_' && (unsigned char)*name < 0x80)
        return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c) && (unsigned char)*c < 0x80)
            return false;
    return strlen(name) < POOL_NAME_MAX;
}

/* Does the space-separated list hold this scheme? */
static bool has_scheme(const struct backend *b, const char *scheme)
{
    size_t len = strlen(scheme);
    for (const char *at = b->schemes; *at;) {
        size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, scheme, len) == 0)
            return true;
        at += word + strspn(at + word, " ");
    }
    return false;
}

static int find_backend(const struct target *t, const struct backend *const *backends,
                        const struct backend **found, struct err *err)
{
    const char *names[64];
    struct text list = {.limit = 160};
    unsigned n = 0;
    for (unsigned i = 0; backends[i]; i++) {
        if (has_scheme(backends[i], t->scheme)) {
            *found = backends[i];
            text_free(&list);
            if (backends[i]->unavailable)
                return err_set(err, ERR_FAILED, "%s: %s", backends[i]->name,
                               backends[i]->unavailable);
            return 0;
        }
        text_add(&list, "%s%s", i ? " " : "", backends[i]->schemes);
        if (n < 63)
            names[n++] = backends[i]->name;
    }
    names[n] = NULL;
    const char *near = nearest_name(t->scheme, names);
    err_set(err, ERR_USAGE, "%s: unknown kind of target '%s'%s%s%s, allowed: %s", t->shown,
            t->scheme, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
            text_str(&list));
    text_free(&list);
    return ERR_USAGE;
}

struct query {
    struct options *pool, *backend;
    enum option_origin origin;
    struct err *err;
};

static int unknown_option(const struct query *q, const char *name)
{
    const char *names[POOL_OPTIONS + OPTIONS_MAX + 1];
    unsigned n = 0;
    for (unsigned i = 0; i < q->backend->n; i++)
        names[n++] = q->backend->table[i].name;
    for (unsigned i = 0; i < POOL_OPTIONS; i++)
        names[n++] = pool_option_table[i].name;
    names[n] = NULL;
    return option_unknown(name, names, q->err);
}

static int set_from_query(const char *name, const char *value, void *ctx)
{
    const struct query *q = ctx;
    if (options_find(pool_option_table, name) >= 0)
        return options_set(q->pool, name, value, q->origin, false, q->err);
    if (options_find(q->backend->table, name) >= 0)
        return options_set(q->backend, name, value, q->origin, false, q->err);
    return unknown_option(q, name);
}

static int check_rate(const char *text, struct err *err)
{
    double rate;
    if (parse_rate(text, &rate))
        return err_set(err, ERR_USAGE,
                       "rate %.60s: not a rate, allowed: 5000/s, 10k/s, 1.5M/s, or off", text);
    if (!rate_in_range(rate))
        return err_set(err, ERR_USAGE,
                       "rate %.60s: out of range, allowed " RATE_RANGE ", or off for a closed pool",
                       text);
    return 0;
}

int pool_options_check(const struct options *o, struct err *err)
{
    const char *text = option_str(o, POOL_RATE);
    if (option_given(o, POOL_RATE) && strcmp(text, "off") != 0 && check_rate(text, err) < 0)
        return err_of_option(err, pool_option_table[POOL_RATE].name);
    text = option_str(o, POOL_NAME);
    if (!option_given(o, POOL_NAME) || pool_name_ok(text))
        return 0;
    err_set(err, ERR_USAGE,
            "name %.60s: a pool's name begins with a letter and has at most %d letters, "
            "digits, '.', '_' or '-'",
            *text ? text : "''", POOL_NAME_MAX - 1);
    return err_of_option(err, pool_option_table[POOL_NAME].name);
}

/* A name that the backend's table lacks may be in the table that the pool sets later. */
static int resolve_ops(struct pool_spec *spec, const char *mix, struct err *err)
{
    const struct backend *b = spec->backend;
    spec->op_types = b->ops;
    int bad = ops_parse(b->ops, b->name, mix, spec->load.weight, err);
    if (!bad)
        return 0;
    if (!mix || !(b->flags & BACKEND_POOL_OPS))
        return err_of_option(err, pool_option_table[POOL_OPS].name);
    *err = (struct err){0};
    spec->ops_pending = strdup(mix);
    return spec->ops_pending ? 0 : err_set(err, ERR_FAILED, "out of memory");
}

/* Copies the pool's options into the spec and parses those that are texts. */
static int resolve(struct pool_spec *spec, const struct options *o, struct err *err)
{
    struct load *load = &spec->load;
    int bad = pool_options_check(o, err);
    if (bad)
        return bad;
    load->threads = (uint32_t)option_u64(o, POOL_THREADS);
    load->clients = (uint32_t)option_u64(o, POOL_CLIENTS);
    load->connections = (uint32_t)option_u64(o, POOL_CONNECTIONS);
    load->pattern = (enum pattern)option_u64(o, POOL_PATTERN);
    load->depth = (uint32_t)option_u64(o, POOL_DEPTH);
    load->arrival = (enum arrival)option_u64(o, POOL_ARRIVAL);
    load->think_ns = option_u64(o, POOL_THINK);
    if (parse_rate(option_str(o, POOL_RATE), &load->rate_per_s))
        load->rate_per_s = 0;
    spec->count = option_u64(o, POOL_COUNT);
    spec->duration_ns = option_u64(o, POOL_DURATION);
    spec->warmup_ns = option_u64(o, POOL_WARMUP);
    spec->timeout_ns = option_u64(o, POOL_TIMEOUT);
    spec->seed = option_u64(o, POOL_SEED);
    copy_str(spec->name, sizeof spec->name, option_str(o, POOL_NAME));
    return resolve_ops(spec, option_given(o, POOL_OPS) ? option_str(o, POOL_OPS) : NULL, err);
}

static int check_target(const struct pool_spec *spec, struct err *err)
{
    const struct target *t = &spec->target;
    if (spec->backend->default_port && !t->hosts && !strstr(t->scheme, "+unix"))
        return err_set(err, ERR_USAGE, "%s: a host is missing (e.g. %s)", t->shown,
                       spec->backend->example);
    return spec->backend->check ? spec->backend->check(t, &spec->options, err) : 0;
}

int pool_spec_parse(struct pool_spec *spec, const char *url, enum option_origin origin,
                    const struct options *defaults, const struct backend *const *backends,
                    struct err *err)
{
    *spec = (struct pool_spec){0};
    int bad = target_parse(&spec->target, url, err);
    if (bad)
        return bad;
    bad = find_backend(&spec->target, backends, &spec->backend, err);
    if (bad) {
        target_doubt(url, err);
        pool_spec_fini(spec);
        return bad;
    }
    struct options pool;
    options_init(&spec->options, spec->backend->options);
    spec->options.properties = spec->backend->properties;
    if (defaults)
        options_copy(&pool, defaults);
    else
        options_init(&pool, pool_option_table);
    struct query q = {&pool, &spec->options, origin, err};
    bad = target_query(&spec->target, set_from_query, &q, err);
    if (!bad)
        bad = resolve(spec, &pool, err);
    if (!bad)
        bad = check_target(spec, err);
    options_fini(&pool);
    if (bad) {
        target_doubt(url, err);
        pool_spec_fini(spec);
    }
    return bad;
}

int pool_spec_takes(const struct pool_spec *spec, const char *name, const char *value,
                    struct err *err)
{
    struct options copy;
    options_copy(&copy, &spec->options);
    int bad = options_set(&copy, name, value, ORIGIN_ARGV, true, err);
    options_fini(&copy);
    return bad;
}

uint32_t connections_needed(const struct load *load, uint32_t capacity)
{
    if (capacity == CONN_DEPTH_UNBOUNDED && load->pattern != PATTERN_UNTHROTTLED)
        return 1;
    if (load->pattern == PATTERN_UNTHROTTLED)
        return load->clients;
    uint64_t depth = load->depth, carries = capacity < depth ? capacity : depth;
    uint64_t needed = (load->clients * depth + carries - 1) / carries;
    return needed > UINT32_MAX ? UINT32_MAX : needed < 1 ? 1 : (uint32_t)needed;
}

uint32_t pool_spec_connections(const struct pool_spec *spec, const struct load *load)
{
    struct load now = *load;
    if (load->connections)
        return load->connections;
    now.depth = pattern_depth(load->pattern, load->depth);
    uint32_t depth = load->pattern == PATTERN_UNTHROTTLED ? UINT32_MAX : now.depth;
    /* a scenario is checked before its backends are (backend_check) */
    uint32_t carries =
        spec->backend->depth ? spec->backend->depth(&spec->options, load->weight, depth) : depth;
    return connections_needed(&now, carries);
}

void pool_spec_copy(struct pool_spec *to, const struct pool_spec *from)
{
    copy_str(to->name, sizeof to->name, from->name);
    to->backend = from->backend;
    to->op_types = from->op_types;
    to->ops_pending = from->ops_pending ? strdup(from->ops_pending) : NULL;
    to->load = from->load;
    to->count = from->count;
    to->duration_ns = from->duration_ns;
    to->warmup_ns = from->warmup_ns;
    to->timeout_ns = from->timeout_ns;
    to->seed = from->seed;
    target_copy(&to->target, &from->target);
    options_copy(&to->options, &from->options);
}

int pool_spec_name_taken(const struct pool_spec *spec, struct err *err)
{
    int code = err_set(err, ERR_USAGE,
                       "name %s: a pool has this name already; give each target its own "
                       "(?name=...)",
                       spec->name);
    err_of_option(err, pool_option_table[POOL_NAME].name);
    return code;
}

void pool_spec_fini(struct pool_spec *spec)
{
    if (!spec)
        return;
    free(spec->ops_pending);
    spec->ops_pending = NULL;
    target_fini(&spec->target);
    options_fini(&spec->options);
}

static unsigned ops_names(const struct op_type *types, const char *names[OPS_MAX + 1],
                          struct text *list)
{
    unsigned n = 0;
    for (; n < OPS_MAX && types[n].name; n++) {
        names[n] = types[n].name;
        text_add(list, "%s%s", n ? " " : "", names[n]);
    }
    names[n] = NULL;
    return n;
}

/* Reads "get" or "get:80", of len bytes. */
static int read_weight(const struct op_type *types, const char *backend, const char *at, size_t len,
                       double weight[OPS_MAX], struct err *err)
{
    char word[64], names_text[200];
    const char *names[OPS_MAX + 1];
    struct text list = {.limit = sizeof names_text - 1};
    unsigned n = ops_names(types, names, &list);
    copy_str(names_text, sizeof names_text, text_str(&list));
    text_free(&list);
    if (len >= sizeof word)
        return err_set(err, ERR_USAGE, "ops %.40s...: too long for an operation and its weight",
                       at);
    copy_part(word, sizeof word, at, len);
    char *colon = strchr(word, ':');
    double v = 1;
    if (colon)
        *colon++ = '\0';
    if (colon && (parse_real(colon, &v) || v < 0 || v > WEIGHT_MAX))
        return err_set(err, ERR_USAGE, "ops %s:%s: a weight is a number from 0 to %d", word, colon,
                       WEIGHT_MAX);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(names[i], word) == 0) {
            weight[i] += v;
            return 0;
        }
    const char *near = nearest_name(word, names);
    return err_set(err, ERR_USAGE, "ops %s: %s has no operation '%s'%s%s%s, allowed: %s",
                   *word ? word : "''", backend, word, near ? " (did you mean '" : "",
                   near ? near : "", near ? "'?)" : "", names_text);
}

int ops_parse(const struct op_type *types, const char *backend, const char *mix,
              double weight[OPS_MAX], struct err *err)
{
    double sum = 0, read[OPS_MAX] = {0};
    for (const char *at = mix; at; at = strchr(at, ',')) {
        at += *at == ',';
        int bad = read_weight(types, backend, at, strcspn(at, ","), read, err);
        if (bad)
            return bad;
    }
    for (unsigned i = 0; !mix && i < OPS_MAX && types[i].name; i++)
        read[i] = types[i].weight;
    for (unsigned i = 0; i < OPS_MAX; i++)
        sum += read[i];
    if (sum <= 0)
        return err_set(err, ERR_USAGE, "ops %.60s: every weight is 0, at least one must be above 0",
                       mix ? mix : "");
    memcpy(weight, read, sizeof read);
    return 0;
}

void ops_add(struct text *out, const struct op_type *types, const double weight[OPS_MAX])
{
    const char *comma = "";
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++) {
        if (!(weight[i] > 0))
            continue;
        char number[40];
        text_add(out, "%s%s:%s", comma, types[i].name,
                 format_exact_number(number, sizeof number, weight[i]));
        comma = ",";
    }
}

char *ops_text(const struct op_type *types, const double weight[OPS_MAX], char *buf, size_t size)
{
    struct text out = {.limit = size ? size - 1 : 1};
    ops_add(&out, types, weight);
    copy_str(buf, size, text_str(&out));
    text_free(&out);
    return buf;
}
