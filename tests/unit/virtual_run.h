/* Runs the null service on virtual time: hours in seconds, without a real clock. For unit tests. */
#ifndef LOADTOP_TESTS_VIRTUAL_RUN_H
#define LOADTOP_TESTS_VIRTUAL_RUN_H

#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/engine.h"
#include "engine/err.h"
#include "engine/snapshot.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* A started engine with one pool for each of the NULL-terminated urls. */
static struct engine *virtual_start(struct scenario *s, const char *const *urls)
{
    struct options defaults;
    struct err err = {0};
    scenario_init(s);
    options_init(&defaults, pool_option_table);
    for (; *urls; urls++)
        if (scenario_add(s, *urls, &defaults, backends, &err) < 0)
            fail_msg("%s", err.msg);
    options_fini(&defaults);
    struct engine *e = engine_new(s, backends, true, &err);
    if (!e || engine_start(e, &err) < 0)
        fail_msg("%s", err.msg);
    return e;
}

static void virtual_end(struct engine *e, struct scenario *s)
{
    engine_free(e);
    scenario_fini(s);
}

#endif
