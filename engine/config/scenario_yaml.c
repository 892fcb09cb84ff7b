/* A scenario from a YAML file:
 *
 *   pools:
 *     - target: redis://localhost       # any option of the pool or of the backend may follow
 *       threads: 4
 *   thresholds: ["p99<5ms"]
 *
 * ui/help/scenario.txt describes the format, and changes with it.
 *
 * A pool's keys are made into the query of its URL, so they mean exactly what they mean there.
 * Options that weaken protection (allow-destructive, confirm, yes) are not accepted in a file.
 * Every message begins with file:line. Size, nesting, words and names of a file are limited before
 * its tree is built, because parts of libyaml take quadratic time. The document tree of libyaml is
 * used: a library with a schema would need all keys in advance, and ours come from the backends'
 * tables. */
#include "engine/config/scenario_yaml.h"

#include "engine/config/scenario.h"

#include "engine/config/command.h"
#include "engine/base/err.h"
#include "engine/os/plain_file.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define URL_MAX_BYTES ((size_t)1 << 16)
#define KEYS_MAX 256 /* most keys of a mapping: more than there are options */

#ifdef LOADTOP_HAVE_YAML

#include <yaml.h>

struct reader {
    struct scenario *s;
    const char *file;
    const struct options *defaults;
    const struct backend *const *backends;
    yaml_document_t *doc;
    struct err *err;
};

static unsigned long line_of(const yaml_node_t *node)
{
    return (unsigned long)node->start_mark.line + 1;
}

static int wrong(const struct reader *r, const yaml_node_t *node, const char *what)
{
    return err_set(r->err, ERR_USAGE, "%s:%lu: %s", r->file, line_of(node), what);
}

static int wrong_many(const struct reader *r, const yaml_node_t *node, unsigned most,
                      const char *what)
{
    return err_set(r->err, ERR_USAGE, "%s:%lu: at most %u %s are allowed", r->file, line_of(node),
                   most, what);
}

/* Passes on an error with the line before it. */
static int wrong_err(const struct reader *r, const yaml_node_t *node, const struct err *why)
{
    return err_set(r->err, why->code, "%s:%lu: %s", r->file, line_of(node), why->msg);
}

/* The text of a scalar, or NULL when it is none or holds a NUL. */
static const char *scalar(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return NULL;
    const char *s = (const char *)node->data.scalar.value;
    return strlen(s) == node->data.scalar.length ? s : NULL;
}

static yaml_node_t *node_at(const struct reader *r, int id)
{
    return yaml_document_get_node(r->doc, id);
}

static unsigned pairs_of(const yaml_node_t *map)
{
    return (unsigned)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

static yaml_node_t *key_at(const struct reader *r, const yaml_node_t *map, unsigned i)
{
    return node_at(r, map->data.mapping.pairs.start[i].key);
}

static yaml_node_t *value_at(const struct reader *r, const yaml_node_t *map, unsigned i)
{
    return node_at(r, map->data.mapping.pairs.start[i].value);
}

/* Checks that every key of a mapping is a text and unique. */
static int check_keys(const struct reader *r, const yaml_node_t *map)
{
    if (pairs_of(map) > KEYS_MAX)
        return wrong_many(r, map, KEYS_MAX, "keys in a mapping");
    for (unsigned i = 0; i < pairs_of(map); i++) {
        const char *key = scalar(key_at(r, map, i));
        if (!key || !*key)
            return wrong(r, key_at(r, map, i), "a key must be a plain word");
        for (unsigned k = 0; k < i; k++)
            if (strcmp(scalar(key_at(r, map, k)), key) == 0) {
                char what[96];
                snprintf(what, sizeof what, "'%.60s' stands here twice", key);
                return wrong(r, key_at(r, map, i), what);
            }
    }
    return 0;
}

static int unknown_key(const struct reader *r, const yaml_node_t *key, const char *const *names)
{
    struct text list = {.limit = 120};
    for (unsigned i = 0; names[i]; i++)
        text_add(&list, "%s%s", i ? " " : "", names[i]);
    const char *near = nearest_name(scalar(key), names);
    err_set(r->err, ERR_USAGE, "%s:%lu: unknown key '%.40s'%s%s%s, allowed: %s", r->file,
            line_of(key), scalar(key), near ? " (did you mean '" : "", near ? near : "",
            near ? "'?)" : "", text_str(&list));
    text_free(&list);
    return ERR_USAGE;
}

static void add_encoded(struct text *url, const char *s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *s && !url->cut; s++) {
        unsigned char c = (unsigned char)*s;
        const char code[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (c <= ' ' || c == 0x7f || strchr("%&=?#", *s))
            text_put(url, code, sizeof code);
        else
            text_put(url, s, 1);
    }
}

/* The value of an option as text: a scalar, or a mapping of scalars as "a:1,b:2". */
static int add_value(const struct reader *r, const yaml_node_t *key, const yaml_node_t *value,
                     struct text *url)
{
    const char *s = scalar(value);
    if (s) {
        add_encoded(url, s);
        return 0;
    }
    if (value->type != YAML_MAPPING_NODE || strcmp(scalar(key), "ops") != 0)
        return wrong(r, value, "an option's value must be a plain word or number");
    if (pairs_of(value) > KEYS_MAX)
        return wrong_many(r, value, KEYS_MAX, "operations in ops");
    for (unsigned i = 0; i < pairs_of(value); i++) {
        const char *op = scalar(key_at(r, value, i)), *weight = scalar(value_at(r, value, i));
        if (!op || !weight)
            return wrong(r, value, "ops wants operations with weights: { get: 80, set: 20 }");
        text_add(url, "%s", i ? "," : "");
        add_encoded(url, op);
        text_add(url, ":");
        add_encoded(url, weight);
    }
    return 0;
}

/* The pool's URL with its first `upto` options. */
static int pool_url(const struct reader *r, const yaml_node_t *map, unsigned upto, struct text *url)
{
    const char *target = NULL;
    for (unsigned i = 0; i < pairs_of(map); i++)
        if (strcmp(scalar(key_at(r, map, i)), "target") == 0)
            target = scalar(value_at(r, map, i));
    if (!target)
        return wrong(r, map, "a pool wants a target (target: redis://localhost)");
    text_add(url, "%s", target);
    bool first = !strchr(target, '?');
    for (unsigned i = 0; i < pairs_of(map) && i < upto; i++) {
        const yaml_node_t *key = key_at(r, map, i);
        if (strcmp(scalar(key), "target") == 0)
            continue;
        text_add(url, "%s", first ? "?" : "&");
        first = false;
        add_encoded(url, scalar(key));
        text_add(url, "=");
        int bad = add_value(r, key, value_at(r, map, i), url);
        if (bad)
            return bad;
    }
    return 0;
}

/* Is the pool refused for the same reason when only its first `upto` options are given? */
static bool fails_alike(const struct reader *r, const yaml_node_t *map, unsigned upto,
                        const struct err *why)
{
    struct text url = {.limit = URL_MAX_BYTES};
    struct pool_spec spec;
    struct err err = {0};
    int bad = pool_url(r, map, upto, &url);
    if (!bad && pool_spec_parse(&spec, text_str(&url), ORIGIN_SCENARIO, r->defaults, r->backends,
                                &err) == 0)
        pool_spec_fini(&spec);
    text_free(&url);
    return err.code == why->code && strcmp(err.option, why->option) == 0;
}

/* Finds the key that the error `why` is about: removes options from the end of the mapping while
 * the pool is still refused for the same reason; the last one that cannot be removed is it. Returns
 * the whole mapping if there is none, or if the reason is outside of it (such as a name that
 * another pool has). */
static const yaml_node_t *failing_key(const struct reader *r, const yaml_node_t *map,
                                      const struct err *why)
{
    unsigned upto = pairs_of(map);
    if (!fails_alike(r, map, upto, why))
        return map;
    while (upto && fails_alike(r, map, upto - 1, why))
        upto--;
    return upto ? key_at(r, map, upto - 1) : map;
}

/* The scheme of "- null:", which is meant as a URL but in YAML is a mapping of "null" to nothing.
 * NULL: the node is something else. */
static const char *bare_scheme(const struct reader *r, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE || pairs_of(node) != 1)
        return NULL;
    const char *value = scalar(value_at(r, node, 0));
    return value && !*value ? scalar(key_at(r, node, 0)) : NULL;
}

static int read_pool(const struct reader *r, const yaml_node_t *node)
{
    struct text url = {.limit = URL_MAX_BYTES};
    struct err why = {0};
    int bad = 0;
    const yaml_node_t *where = node;
    const char *scheme = bare_scheme(r, node);
    if (scheme) {
        text_add(&url, "%s:", scheme);
    } else if (node->type == YAML_MAPPING_NODE) {
        bad = check_keys(r, node);
        if (!bad)
            bad = pool_url(r, node, UINT32_MAX, &url);
    } else if (scalar(node)) {
        text_add(&url, "%s", scalar(node));
    } else {
        bad = wrong(r, node, "a pool is a target's URL, or a mapping with a target");
    }
    if (!bad && url.cut)
        bad = wrong(r, node, "a pool's target with its options is longer than 64 KiB");
    if (!bad &&
        scenario_add(r->s, text_str(&url), ORIGIN_SCENARIO, r->defaults, r->backends, &why)) {
        if (node->type == YAML_MAPPING_NODE && !scheme)
            where = failing_key(r, node, &why);
        bad = wrong_err(r, where, &why);
    }
    text_free(&url);
    return bad;
}

/* Calls each for every item of a sequence, or for the node itself if it is not a sequence. */
static int for_each(const struct reader *r, const yaml_node_t *node,
                    int (*each)(const struct reader *, const yaml_node_t *))
{
    int bad = 0;
    if (node->type != YAML_SEQUENCE_NODE)
        return each(r, node);
    for (yaml_node_item_t *i = node->data.sequence.items.start;
         !bad && i < node->data.sequence.items.top; i++)
        bad = each(r, node_at(r, *i));
    return bad;
}

static int read_at(const struct reader *r, const yaml_node_t *node)
{
    struct err why = {0};
    const char *text = scalar(node);
    if (!text)
        return wrong(r, node, "at wants commands as texts: [\"30s redis threads +1\"]");
    return scenario_at(r->s, text, ORIGIN_SCENARIO, &why) ? wrong_err(r, node, &why) : 0;
}

static int read_threshold(const struct reader *r, const yaml_node_t *node)
{
    struct err why = {0};
    const char *text = scalar(node);
    if (!text)
        return wrong(r, node, "thresholds wants texts: [\"p99<5ms\"]");
    if (r->s->thresholds == THRESHOLDS_MAX)
        return wrong_many(r, node, THRESHOLDS_MAX, "thresholds");
    if (threshold_parse(&r->s->threshold[r->s->thresholds], text, &why))
        return wrong_err(r, node, &why);
    r->s->thresholds++;
    return 0;
}

static int read_goal(const struct reader *r, const yaml_node_t *node)
{
    const char *text = scalar(node);
    if (!text || parse_rate(text, &r->s->goal_per_s) || !rate_in_range(r->s->goal_per_s))
        return wrong(r, node, "goal: not a rate from " RATE_RANGE " (250k/s)");
    return 0;
}

static int read_sweep(const struct reader *r, const yaml_node_t *node)
{
    struct err why = {0};
    struct command c;
    struct text line = {0};
    const char *text = scalar(node);
    if (!text || strlen(text) >= sizeof r->s->sweep)
        return wrong(r, node, "sweep wants a text (threads=1,2,4,8)");
    text_add(&line, "sweep %s", text);
    int bad = command_parse(&c, text_str(&line), &why, NULL);
    text_free(&line);
    if (bad)
        return wrong_err(r, node, &why);
    copy_str(r->s->sweep, sizeof r->s->sweep, text);
    return 0;
}

static int read_limits(const struct reader *r, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE)
        return wrong(r, node, "limits is a mapping: { max-threads: 16 }");
    struct options o;
    options_init(&o, limit_table);
    int bad = check_keys(r, node);
    for (unsigned i = 0; !bad && i < pairs_of(node); i++) {
        struct err why = {0};
        const yaml_node_t *key = key_at(r, node, i), *value = value_at(r, node, i);
        /* set options one by one, so that an error has the line of its key */
        if (!scalar(value))
            bad = wrong(r, value, "a limit is a plain word or number");
        else if (options_set(&o, scalar(key), scalar(value), ORIGIN_SCENARIO, false, &why) < 0 ||
                 limits_take(&r->s->limits, &o, false, &why) < 0)
            bad = wrong_err(r, key, &why);
    }
    options_fini(&o);
    return bad;
}

static int read_pools(const struct reader *r, const yaml_node_t *node)
{
    return for_each(r, node, read_pool);
}

static int read_ats(const struct reader *r, const yaml_node_t *node)
{
    return for_each(r, node, read_at);
}

static int read_thresholds(const struct reader *r, const yaml_node_t *node)
{
    return for_each(r, node, read_threshold);
}

static int read_document(const struct reader *r, const yaml_node_t *root)
{
    static const char *const names[] = {"pools", "at",     "thresholds", "goal",
                                        "sweep", "limits", NULL};
    static int (*const readers[])(const struct reader *, const yaml_node_t *) = {
        read_pools, read_ats, read_thresholds, read_goal, read_sweep, read_limits};
    if (root->type != YAML_MAPPING_NODE)
        return wrong(r, root,
                     "a scenario is a mapping with pools, at, thresholds, goal, sweep, limits");
    int bad = check_keys(r, root);
    for (unsigned i = 0; !bad && i < pairs_of(root); i++) {
        const yaml_node_t *key = key_at(r, root, i);
        unsigned k = 0;
        while (names[k] && strcmp(names[k], scalar(key)) != 0)
            k++;
        bad = names[k] ? readers[k](r, value_at(r, root, i)) : unknown_key(r, key, names);
    }
    return bad;
}

/* ---- Bounds of a file ---- */

#define DEPTH_MAX_YAML 16
#define WORDS_MAX 32768  /* tokens: more than 64 pools with all their options need */
#define ANCHORS_MAX 256  /* libyaml compares each anchor with all previous ones */
#define DIRECTIVES_MAX 8 /* the same */

struct counts {
    unsigned depth, words, anchors, directives;
};

/* Counts a token. Returns the name of an exceeded limit, or NULL. */
static const char *count_token(struct counts *n, yaml_token_type_t type)
{
    n->words++;
    switch (type) {
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
    case YAML_BLOCK_MAPPING_START_TOKEN:
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN:
        n->depth++;
        break;
    case YAML_BLOCK_END_TOKEN:
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN:
        n->depth -= n->depth > 0;
        break;
    case YAML_ANCHOR_TOKEN:
        n->anchors++;
        break;
    case YAML_VERSION_DIRECTIVE_TOKEN:
    case YAML_TAG_DIRECTIVE_TOKEN:
        n->directives++;
        break;
    default:
        break;
    }
    return n->depth > DEPTH_MAX_YAML        ? "16 lists and mappings in each other"
           : n->anchors > ANCHORS_MAX       ? "256 anchors"
           : n->directives > DIRECTIVES_MAX ? "8 directives"
           : n->words > WORDS_MAX           ? "32768 words and marks"
                                            : NULL;
}

/* Scans the whole text without building a tree. Invalid YAML is reported later by the parser. */
static int check_bounds(const char *text, size_t len, const char *file, struct err *err)
{
    yaml_parser_t parser;
    struct counts n = {0};
    bool more = true;
    const char *many = NULL;
    unsigned long line = 0;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (more && !many) {
        yaml_token_t token;
        if (!yaml_parser_scan(&parser, &token))
            break;
        more = token.type != YAML_STREAM_END_TOKEN && token.type != YAML_NO_TOKEN;
        many = count_token(&n, token.type);
        line = (unsigned long)token.start_mark.line + 1;
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&parser);
    return many ? err_set(err, ERR_USAGE, "%s:%lu: more than %s: a scenario is smaller", file, line,
                          many)
                : 0;
}

/* Loads the next document; an empty one has no root. */
static int load(struct reader *r, yaml_parser_t *parser, yaml_document_t *doc)
{
    if (yaml_parser_load(parser, doc))
        return 0;
    return err_set(r->err, ERR_USAGE, "%s:%lu: not YAML: %s", r->file,
                   (unsigned long)parser->problem_mark.line + 1,
                   parser->problem ? parser->problem : "it cannot be read");
}

int scenario_load_text(struct scenario *s, const char *text, size_t len, const char *file,
                       const struct options *defaults, const struct backend *const *backends,
                       struct err *err)
{
    yaml_parser_t parser;
    yaml_document_t doc, second;
    struct reader r = {s, file, defaults, backends, &doc, err};
    int bad = check_bounds(text, len, file, err);
    if (bad)
        return bad;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    bad = load(&r, &parser, &doc);
    if (!bad) {
        const yaml_node_t *root = yaml_document_get_root_node(&doc);
        if (!root)
            bad = err_set(err, ERR_USAGE, "%s: the file is empty", file);
        else
            bad = read_document(&r, root);
        yaml_document_delete(&doc);
    }
    if (!bad) {
        bad = load(&r, &parser, &second);
        if (!bad) {
            if (yaml_document_get_root_node(&second))
                bad = err_set(err, ERR_USAGE, "%s: only one document is allowed in a file", file);
            yaml_document_delete(&second);
        }
    }
    yaml_parser_delete(&parser);
    return bad;
}

#else

int scenario_load_text(struct scenario *s, const char *text, size_t len, const char *file,
                       const struct options *defaults, const struct backend *const *backends,
                       struct err *err)
{
    (void)s;
    (void)text;
    (void)len;
    (void)defaults;
    (void)backends;
    return err_set(err, ERR_FAILED,
                   "%s: scenario files are not built in: install libyaml-dev and build again",
                   file);
}

#endif

int scenario_load(struct scenario *s, const char *file, const struct options *defaults,
                  const struct backend *const *backends, struct err *err)
{
    /* It may contain a password: allocated once at full size, so that no copies are left and it can
     * be wiped. */
    struct text text = {.limit = FILE_MAX_BYTES + 1, .room = FILE_MAX_BYTES + 2};
    text.s = calloc(1, text.room);
    if (!text.s)
        abort();
    /* Signals are not blocked yet, so a signal ends the wait for a pipe's writer. */
    int bad = plain_file_read(file, true, FILE_MAX_BYTES, file, &text, err);
    if (!bad)
        bad = scenario_load_text(s, text_str(&text), text.len, file, defaults, backends, err);
    explicit_bzero(text.s, text.room);
    text_free(&text);
    return bad;
}
