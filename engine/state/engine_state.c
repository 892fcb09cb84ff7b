/* See engine_state.h. */
#include "engine/state/engine_state.h"

#include "engine/engine.h"
#include "engine/os/loop.h"
#include "engine/state/pool.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

uint64_t engine_now(const struct engine *e)
{
    return e->virtual_time ? e->virtual_now : clock_ns();
}

double engine_seconds(const struct engine *e, uint64_t ns)
{
    return ns > e->start_ns ? (double)(ns - e->start_ns) / 1e9 : 0;
}

void engine_wake(struct engine *e)
{
    loop_signal_fd(e->wake_fd);
}

void engine_say(struct engine *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->message, sizeof e->message, fmt, args);
    va_end(args);
    secret_hide_places(e->message);
    e->message_serial++;
}

void engine_end(struct engine *e, enum end_how how, enum end_reason by)
{
    pthread_mutex_lock(&e->queue_mutex);
    int asked = how == END_NOW ? 2 : 1;
    if (!e->ended_by)
        e->ended_by = by;
    if (atomic_load(&e->end_asked) < asked)
        atomic_store(&e->end_asked, asked);
    pthread_mutex_unlock(&e->queue_mutex);
    engine_wake(e);
}

struct pool *engine_find_pool(const struct engine *e, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    for (unsigned i = 0; i < e->pools; i++) {
        struct pool *p = e->pool[i];
        if (!p->removed && (!strcmp(p->spec.name, name) || (!*end && *name && p->number == number)))
            return p;
    }
    return NULL;
}

bool engine_confirmed(const struct engine *e, const char *host)
{
    const struct confirmed *c = atomic_load_explicit(&e->confirmed, memory_order_acquire);

    for (; c; c = c->next)
        if (strcasecmp(c->host, host) == 0)
            return true;
    return confirm_lists(e->scenario.limits.confirm, host);
}

void engine_confirm(struct engine *e, const char *host)
{
    if (engine_confirmed(e, host))
        return;
    struct confirmed *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    copy_str(c->host, sizeof c->host, host);
    c->next = atomic_load(&e->confirmed);
    while (!atomic_compare_exchange_weak(&e->confirmed, &c->next, c))
        continue;
}
