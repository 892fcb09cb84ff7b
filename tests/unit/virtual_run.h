/* Runs the null service on virtual time: hours in seconds, without a real clock. For unit tests. */
#ifndef LOADTOP_TESTS_VIRTUAL_RUN_H
#define LOADTOP_TESTS_VIRTUAL_RUN_H

#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/state/snapshot.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

/* The backends of the run; a test may have one of its own. */
#ifndef VIRTUAL_BACKENDS
#define VIRTUAL_BACKENDS backends
#endif

/* A scenario with one pool for each of the NULL-terminated urls. */
static void virtual_scenario(struct scenario *s, const char *const *urls)
{
    struct options defaults;
    struct err err = {0};
    scenario_init(s);
    options_init(&defaults, pool_option_table);
    for (; *urls; urls++)
        if (scenario_add(s, *urls, ORIGIN_ARGV, &defaults, VIRTUAL_BACKENDS, &err) < 0)
            fail_msg("%s", err.msg);
    options_fini(&defaults);
}

/* Its engine, started. */
static struct engine *virtual_begin(const struct scenario *s)
{
    struct err err = {0};
    struct engine *e = engine_new(s, VIRTUAL_BACKENDS, true, &err);
    if (!e || engine_start(e, &err) < 0)
        fail_msg("%s", err.msg);
    return e;
}

/* Both at once; threshold may be NULL. */
static struct engine *virtual_start_with(struct scenario *s, const char *const *urls,
                                         const char *threshold)
{
    struct err err = {0};
    virtual_scenario(s, urls);
    if (threshold && threshold_parse(&s->threshold[s->thresholds++], threshold, &err) < 0)
        fail_msg("%s", err.msg);
    return virtual_begin(s);
}

__attribute__((unused)) static struct engine *virtual_start(struct scenario *s,
                                                            const char *const *urls)
{
    return virtual_start_with(s, urls, NULL);
}

/* How often to do what is repeated for its statistics: all of it, or, under a sanitizer, which
 * looks at memory and is slow, a fifth. */
__attribute__((unused)) static unsigned virtual_repeats(unsigned all)
{
    const char *sanitizers = getenv("LOADTOP_SANITIZE");
    return sanitizers && *sanitizers ? all / 5 : all;
}

static void virtual_end(struct engine *e, struct scenario *s)
{
    engine_free(e);
    scenario_fini(s);
}

#endif
