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

struct engine_queue *engine_lock_queue(struct engine *e)
{
    pthread_mutex_lock(&e->queue_lock);
    return &e->under_queue_lock;
}

void engine_unlock_queue(struct engine *e)
{
    pthread_mutex_unlock(&e->queue_lock);
}

struct engine_events *engine_lock_events(struct engine *e)
{
    pthread_mutex_lock(&e->events_lock);
    return &e->under_events_lock;
}

void engine_unlock_events(struct engine *e)
{
    pthread_mutex_unlock(&e->events_lock);
}

struct engine_shown *engine_lock_shown(struct engine *e)
{
    pthread_mutex_lock(&e->shown_lock);
    return &e->under_shown_lock;
}

void engine_unlock_shown(struct engine *e)
{
    pthread_mutex_unlock(&e->shown_lock);
}

void engine_say(struct engine *e, const char *fmt, ...)
{
    struct engine_supervised *esup = engine_sup(e);
    va_list args;
    va_start(args, fmt);
    vsnprintf(esup->message, sizeof esup->message, fmt, args);
    va_end(args);
    secret_hide_places(esup->message);
    esup->message_serial++;
}

void engine_end(struct engine *e, enum end_how how, enum end_reason by)
{
    struct engine_queue *queue = engine_lock_queue(e);
    int asked = how == END_NOW ? 2 : 1;
    if (!queue->end_by)
        queue->end_by = by;
    if (atomic_load(&e->atomic.end_asked) < asked)
        atomic_store(&e->atomic.end_asked, asked);
    engine_unlock_queue(e);
    engine_wake(e);
}

/* Threads that the quota throttled for a hundredth of a CPU's time or more were held back by it. A
 * process that was moved to another group has another group's figure: below the first it says nothing.
 */
bool engine_quota_throttles(const struct engine *e)
{
    const struct engine_supervised *esup = engine_sup(e);
    double throttled = (double)esup->cpus.throttled_ns - (double)esup->throttled_from_ns;
    double span = (double)(engine_now(e) - e->start_ns);
    return throttled > 0.01 * span;
}

const char *engine_quota_words(const struct engine *e)
{
    return engine_quota_throttles(e) ? ", held back by the container's CPU quota" : "";
}

struct pool *engine_find_pool(const struct engine *e, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    for (unsigned i = 0; i < engine_sup(e)->pools; i++) {
        struct pool *p = engine_sup(e)->pool[i];
        if (!pool_sup(p)->removed &&
            (!strcmp(p->spec.name, name) || (!*end && *name && p->number == number)))
            return p;
    }
    return NULL;
}

bool engine_confirmed(const struct engine *e, const char *host)
{
    const struct confirmed *c = atomic_load_explicit(&e->atomic.confirmed, memory_order_acquire);

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
    c->next = atomic_load(&e->atomic.confirmed);
    while (!atomic_compare_exchange_weak(&e->atomic.confirmed, &c->next, c))
        continue;
}
