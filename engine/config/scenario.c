/* Everything that defines a run, collected before the engine starts.
 *
 * The order of the parts does not matter: what refers to another part (a threshold's pool, a
 * ceiling over a pool's load) is checked once at the end, in scenario_check.c. Filled by the
 * command line (ui/cli/cli_scenario.c) and by the YAML reader (scenario_yaml.c). */
#include "engine/config/scenario.h"

#include "engine/backend.h"
#include "engine/config/command.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void scenario_init(struct scenario *s)
{
    *s = (struct scenario){0};
    limits_init(&s->limits);
}

void scenario_fini(struct scenario *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->pools; i++) {
        pool_spec_fini(s->pool[i]);
        free(s->pool[i]);
    }
    s->pools = 0;
    for (unsigned i = 0; i < s->ats; i++) {
        /* an `add` command may contain a password */
        explicit_bzero(s->at[i].text, strlen(s->at[i].text));
        free(s->at[i].text);
    }
    s->ats = 0;
}

static bool name_taken(const struct scenario *s, const char *name)
{
    for (unsigned i = 0; i < s->pools; i++)
        if (strcmp(s->pool[i]->name, name) == 0)
            return true;
    return false;
}

/* Gives the pool the first free name of redis, redis-2, redis-3 and so on. */
static void choose_name(const struct scenario *s, struct pool_spec *spec)
{
    copy_str(spec->name, sizeof spec->name, spec->backend->name);
    for (unsigned i = 2; name_taken(s, spec->name); i++)
        snprintf(spec->name, sizeof spec->name, "%.20s-%u", spec->backend->name, i);
}

int scenario_add(struct scenario *s, const char *url, enum option_origin origin,
                 const struct options *defaults, const struct backend *const *backends,
                 struct err *err)
{
    if (s->pools == POOLS_MAX)
        return err_set(err, ERR_USAGE, "at most %d pools are allowed at a time", POOLS_MAX);
    struct pool_spec *spec = calloc(1, sizeof *spec);
    if (!spec)
        abort();
    int bad = pool_spec_parse(spec, url, origin, defaults, backends, err);
    if (bad) {
        free(spec);
        return bad;
    }
    spec->named = spec->name[0] != '\0';
    if (!spec->named) {
        choose_name(s, spec);
    } else if (name_taken(s, spec->name)) {
        bad = pool_spec_name_taken(spec, err);
        pool_spec_fini(spec);
        free(spec);
        return bad;
    }
    s->pool[s->pools++] = spec;
    return 0;
}

int scenario_at(struct scenario *s, const char *text, enum option_origin origin, struct err *err)
{
    char when[32];
    struct command command;
    struct err why = {0};
    text += strspn(text, " \t");
    size_t len = strcspn(text, " \t");
    const char *rest = text + len + strspn(text + len, " \t");
    copy_part(when, sizeof when, text, len);
    if (s->ats == AT_MAX)
        return err_set(err, ERR_USAGE, "at most %d timed commands are allowed", AT_MAX);
    uint64_t at_ns;
    if (len >= sizeof when || parse_duration(when, &at_ns)) {
        char shown[61];
        return err_set(err, ERR_USAGE,
                       "at %s: it begins with a time after the start, with its unit "
                       "(30s redis threads +1)",
                       *text ? secret_masked(text, shown, sizeof shown) : "''");
    }
    int bad = command_parse(&command, rest, &why, NULL);
    if (bad)
        return err_set(err, bad, "at %s: %s", when, why.msg);
    char *own = strdup(rest);
    if (!own)
        abort();
    s->at[s->ats++] = (struct at){.at_ns = at_ns, .origin = origin, .text = own};
    return 0;
}

void ats_sort(struct at *at, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        struct at one = at[i];
        unsigned to = i;
        for (; to > 0 && at[to - 1].at_ns > one.at_ns; to--)
            at[to] = at[to - 1];
        at[to] = one;
    }
}
