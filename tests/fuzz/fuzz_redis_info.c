/* Any text as a server's reply to INFO, through everything that reads it: the server's identity,
 * its free room, its role, its figures and signs of overload, up to the text on the screen. The
 * input is the first reply, and after a NUL the one a second later. */
#include "backends/redis/types.h"
#include "backends/registry.h"
#include "engine/base/role.h"
#include "engine/base/text.h"
#include "engine/engine.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/config/scenario.h"
#include "engine/pools/pool_life.h"
#include "backends/redis/guard.h"
#include "backends/redis/sibling.h"
#include "backends/redis/server.h"
#include "backends/redis/stats.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef LOADTOP_HAVE_HIREDIS

/* One pool that is never started; each input begins with its figures as they were at first. */
static struct pool *make_pool(void)
{
    static struct scenario s;
    struct options defaults;
    struct err err = {0};
    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    int rc = scenario_add(&s, "redis://localhost?ops=get:80,set:20", ORIGIN_ARGV, &defaults,
                          backends, &err);
    options_fini(&defaults);
    /* so that an INFO without free memory or an identity gets as far as any other */
    copy_str(s.limits.confirm, sizeof s.limits.confirm, "localhost");
    struct engine *e = rc < 0 ? NULL : engine_new(&s, backends, false, &err);
    roles_set((struct roles){.mask = ROLE_SUPERVISOR}); /* which makes pools */
    struct pool *pool = e ? pool_new(e, 1, s.pool[0], &err) : NULL;
    if (!pool) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    /* room and ceilings are asked only of targets elsewhere */
    atomic_store(&pool->atomic.remote, true);
    roles_set((struct roles){.mask = ROLE_POOL, .of = pool}); /* which reads INFO */
    return pool;
}

/* A text for people ends within its room, and a figure is one that JSON can hold. */
static void check(const struct stats *s)
{
    char *text = json_dumps(s->json, JSON_COMPACT);
    if (!memchr(s->note, 0, sizeof s->note) || !memchr(s->version, 0, sizeof s->version) ||
        s->columns > STAT_COLUMNS_MAX || !text)
        abort();
    free(text);
}

static void look(struct pool *pool, const char *info)
{
    struct redis_totals t = {.connected = 3, .running = true};
    struct stats s = {.json = json_object(), .leftovers = json_array()};
    bool any = false;
    atomic_store(&pool->atomic.strains, 0);
    redis_part_allowed(pool, info, &any);
    redis_still_allowed(pool, info);
    redis_stats_info(pool, &s, &t, info);
    redis_trouble_check(pool, info);
    check(&s);
    json_decref(s.json);
    json_decref(s.leftovers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pool *pool;
    if (!pool)
        pool = make_pool();
    struct redis_pool *p = pool_data(pool);
    struct err err = {0};
    char *text = malloc(size + 2);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = text[size + 1] = '\0';
    memset(p, 0, sizeof *p);
    if (redis_meet(pool, text, &err) == 0) {
        look(pool, text);
        look(pool, text + strlen(text) + 1 <= text + size ? text + strlen(text) + 1 : "");
        look(pool, text); /* everything falls back to what it was */
        redis_siblings_leave(p);
    }
    if (!memchr(err.msg, 0, sizeof err.msg))
        abort();
    free(text);
    return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data;
    (void)size;
    return 0;
}

#endif
