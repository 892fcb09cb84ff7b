/* Removes what a saved run left behind: see clean.h.
 *
 * Each pool of the file is read back from its URL, gets its password like a new run would (it is
 * never in the file), and is checked against targets.conf before its backend connects. Pools are
 * independent: one that fails does not keep the others from being cleaned. Called by main. */
#include "ui/clean.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/err.h"
#include "engine/scenario.h"
#include "engine/text.h"
#include "ui/access.h"
#include "ui/cli.h"
#include "ui/export/json.h"
#include "ui/outcome.h"

static int clean_with(const struct cli *c, struct scenario *s, const json_t *left, struct err *err)
{
    struct pool_spec *spec = s->pool[0];
    if (!spec->backend->clean)
        return err_set(err, ERR_FAILED, "%s cannot remove what it leaves", spec->backend->name);
    int bad = access_check(s, false, err);
    if (!bad)
        bad = access_passwords(c, s, err);
    return bad ? bad : spec->backend->clean(&spec->target, &spec->options, left, err);
}

/* What the file never has, such as a token; a setting of another pool's backend is none of this
 * one's. */
static int take_settings(const struct cli *c, struct pool_spec *spec, struct err *err)
{
    int bad = 0;
    for (unsigned i = 0; i < c->settings && !bad; i++)
        if (options_find(spec->backend->options, c->setting[i].name) >= 0)
            bad = options_set(&spec->options, c->setting[i].name, c->setting[i].value, false, err);
    return bad;
}

/* What is gone now, in the words of the file: this time, or before. */
static void say_gone(struct text *t, const char *name, const json_t *left)
{
    char count[32];
    for (size_t i = 0; i < json_array_size(left); i++) {
        const json_t *one = json_array_get(left, i), *n = json_object_get(one, "count");
        const char *kind = json_string_value(json_object_get(one, "kind"));
        const char *what = json_string_value(json_object_get(one, "what"));
        text_add(t, "%s: nothing is left of", name);
        if (json_is_integer(n) && json_integer_value(n) >= 0)
            text_add(t, " %s", format_count(count, sizeof count, (uint64_t)json_integer_value(n)));
        text_add(t, " %s %s\n", kind ? kind : "", what ? what : "");
    }
}

static int clean_pool(const struct cli *c, const json_t *pool,
                      const struct backend *const *backends, struct text *t)
{
    const char *name = json_string_value(json_object_get(pool, "name"));
    const char *url = json_string_value(json_object_get(pool, "url"));
    const json_t *left = json_object_get(pool, "left_behind");
    struct scenario s;
    struct err err = {0};
    if (!name || !url || (left && !json_is_array(left))) {
        complain("clean: a pool of the file has no name, url or list of what it left behind");
        return EXIT_WRONG_USAGE;
    }
    if (json_array_size(left) == 0) {
        text_add(t, "%s: left nothing behind\n", name);
        return EXIT_DONE;
    }
    scenario_init(&s);
    copy_str(s.limits.confirm, sizeof s.limits.confirm, cli_text(c, OWN_CONFIRM));
    int bad = scenario_add(&s, url, NULL, backends, &err);
    if (!bad)
        bad = take_settings(c, s.pool[0], &err);
    if (!bad)
        bad = clean_with(c, &s, left, &err);
    if (bad)
        complain("clean: %s: %s", name, err.msg);
    else
        say_gone(t, name, left);
    scenario_fini(&s);
    return exit_of_error(bad);
}

int clean_run(const struct cli *c, const struct backend *const *backends)
{
    struct err err = {0};
    struct text t = {0};
    if (c->words != 1) {
        complain("clean needs one file: loadtop clean RUN.json");
        return EXIT_WRONG_USAGE;
    }
    json_t *run = json_load_run(c->word[0], &err);
    if (!run) {
        complain("clean: %s", err.msg);
        return exit_of_error(err.code);
    }
    const json_t *pools = json_object_get(run, "pools");
    int code = EXIT_DONE;
    for (size_t i = 0; i < json_array_size(pools); i++)
        code = exit_worse(code, clean_pool(c, json_array_get(pools, i), backends, &t));
    json_decref(run);
    if (!cli_flag(c, OWN_QUIET))
        code = exit_worse(code, print_stdout(text_str(&t), t.len));
    text_free(&t);
    return code;
}
