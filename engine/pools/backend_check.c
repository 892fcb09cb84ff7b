/* Checks that backend descriptions are complete. Called for each backend when an engine is created,
 * so that the author of a backend learns what is missing before anything calls it. */
#include "engine/backend.h"

#include "engine/base/err.h"
#include "engine/config/option.h"
#include "engine/config/pool_spec.h"

#include <stdio.h>
#include <string.h>

#define FLAGS_KNOWN (BACKEND_TIMEOUTS | BACKEND_STREAMS | BACKEND_VIRTUAL | BACKEND_POOL_OPS)
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

static int refuse(const struct backend *b, const char *of, const char *what, struct err *err)
{
    return err_set(err, ERR_FAILED, "backend %.40s: %.60s%s%s", b->name ? b->name : "(unnamed)", of,
                   *of ? ": " : "", what);
}

static bool is_empty(const char *s)
{
    return !s || !*s;
}

/* Does the URL begin with one of the schemes, "redis rediss redis+unix"? */
static bool has_scheme(const char *schemes, const char *url)
{
    size_t n = strcspn(url, ":");
    for (const char *at = schemes; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (len == n && !memcmp(at, url, n))
            return true;
        at += len;
    }
    return false;
}

static int check_words(const struct backend *b, struct err *err)
{
    if (is_empty(b->name) || b->name[strspn(b->name, NAME_LETTERS)])
        return refuse(b, "", "a name of small letters, digits and _ is required", err);
    if (is_empty(b->summary))
        return refuse(b, "", "a summary is required", err);
    if (is_empty(b->schemes))
        return refuse(b, "", "a scheme is required", err);
    if (is_empty(b->example) || !has_scheme(b->schemes, b->example))
        return refuse(b, "", "an example is required, a URL of one of its schemes", err);
    if (b->flags & ~(unsigned)FLAGS_KNOWN)
        return refuse(b, "", "a flag is not known", err);
    return 0;
}

static bool is_called(const struct option_spec *o, const char *name)
{
    return !strcmp(o->name, name) || (o->alias && !strcmp(o->alias, name));
}

/* A name that two options have, now or formerly, would silently be the first one's. */
static int check_option_names(const struct backend *b, const struct option_spec *o, struct err *err)
{
    const char *former = o->alias ? o->alias : o->name;
    if (o->alias && (o->flags & OPTION_PREFIX || !*o->alias))
        return refuse(b, o->name, "a prefix has no alias, and an alias is not empty", err);
    for (const struct option_spec *before = b->options; before < o; before++)
        if (is_called(before, o->name) || is_called(before, former))
            return refuse(b, o->name, "two options have this name or alias", err);
    if (options_find(pool_option_table, o->name) >= 0 ||
        options_find(pool_option_table, former) >= 0)
        return refuse(b, o->name, "every pool has an option of this name or alias", err);
    return 0;
}

static int check_option(const struct backend *b, const struct option_spec *o, struct err *err)
{
    size_t len = strlen(o->name);
    if (is_empty(o->help))
        return refuse(b, o->name, "an option needs a sentence of help", err);
    if (o->type > OPTION_SECRET)
        return refuse(b, o->name, "an option's type is not known", err);
    if (o->type == OPTION_CHOICE && is_empty(o->choices))
        return refuse(b, o->name, "an option that is a choice needs its choices", err);
    if (o->min > o->max)
        return refuse(b, o->name, "an option's least value is above its greatest", err);
    if (!len || (o->flags & OPTION_PREFIX ? o->name[len - 1] != '.' : o->name[len - 1] == '.'))
        return refuse(b, o->name, "an option's name ends in '.' if, and only if, it is a prefix",
                      err);
    return check_option_names(b, o, err);
}

static int check_options(const struct backend *b, struct err *err)
{
    int bad = 0;
    unsigned n = 0;
    if (!b->options)
        return refuse(b, "", "a table of options is required, it may be empty", err);
    for (; !bad && n < OPTIONS_MAX && b->options[n].name; n++)
        bad = check_option(b, &b->options[n], err);
    if (!bad && n == OPTIONS_MAX && b->options[n].name)
        return refuse(b, "", "it has more than 64 options", err);
    return bad;
}

static int check_op(const struct backend *b, const struct op_type *op, struct err *err)
{
    int rows = op->bulk ? options_find(b->options, op->bulk) : 0;
    if (is_empty(op->name) || op->name[strcspn(op->name, ":, ")])
        return refuse(b, op->name, "an operation's name has no ':', ',' or blank", err);
    if (is_empty(op->help))
        return refuse(b, op->name, "an operation needs a sentence of help", err);
    if (is_empty(op->noun))
        return refuse(b, op->name, "an operation needs a noun: what one of it is called", err);
    if (!(op->weight >= 0))
        return refuse(b, op->name, "an operation's weight is 0 or more", err);
    if (op->bulk && (rows < 0 || b->options[rows].type != OPTION_COUNT))
        return refuse(b, op->name, "`bulk` names no option that is a count", err);
    for (const struct op_type *before = b->ops; before < op; before++)
        if (!strcmp(before->name, op->name))
            return refuse(b, op->name, "two operations have this name", err);
    return 0;
}

static int check_ops(const struct backend *b, struct err *err)
{
    double weight = 0;
    int bad = 0;
    unsigned n = 0;
    if (!b->ops || !b->ops[0].name)
        return refuse(b, "", "an operation is required", err);
    for (; !bad && n < OPS_MAX && b->ops[n].name; n++) {
        bad = check_op(b, &b->ops[n], err);
        weight += b->ops[n].weight;
    }
    if (bad)
        return bad;
    if (n == OPS_MAX && b->ops[n].name)
        return refuse(b, "", "it has more than 16 operations", err);
    return weight > 0 ? 0 : refuse(b, "", "no operation has weight in the default mix", err);
}

static int check_hooks(const struct backend *b, struct err *err)
{
    const char *missing = !b->depth    ? "depth() is required"
                          : !b->open   ? "open() is required"
                          : !b->submit ? "submit() is required"
                          : !b->close  ? "close() is required"
                                       : NULL;
    return missing ? refuse(b, "", missing, err) : 0;
}

int backend_check(const struct backend *b, struct err *err)
{
    int bad = check_words(b, err);
    if (!bad)
        bad = check_options(b, err);
    if (!bad)
        bad = check_ops(b, err);
    if (!bad && !b->unavailable)
        bad = check_hooks(b, err);
    return bad;
}
