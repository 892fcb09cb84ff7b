/* Inspects a target; see probe.h. The result is published once, under the mutex; the last user, the
 * thread or the caller that no longer needs it, frees it. */
#include "ui/live/probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/config/scenario.h"
#include "engine/engine.h"
#include "engine/os/loop.h"
#include "engine/state/snapshot.h"

#define LOOK_S 10
/* how long to wait for the server's figures after it has answered */
#define STATS_NS (2 * NS_PER_S)
#define STEP_NS (20 * NS_PER_MS)

struct probe {
    char *url; /* owned */
    const struct backend *const *backends;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct probe_result result;
    _Atomic bool cancelled;
    _Atomic int holders; /* users of this struct: the thread and its owner */
};

static void drop(struct probe *p)
{
    explicit_bzero(p->url, strlen(p->url)); /* it may hold a password */
    free(p->url);
    free(p);
}

static void let_go(struct probe *p)
{
    if (atomic_fetch_sub(&p->holders, 1) > 1)
        return;
    pthread_mutex_destroy(&p->mutex);
    drop(p);
}

static void publish(struct probe *p, bool good, const char *text)
{
    pthread_mutex_lock(&p->mutex);
    p->result.done = true;
    p->result.good = good;
    copy_str(p->result.text, sizeof p->result.text, text);
    pthread_mutex_unlock(&p->mutex);
}

static void describe(struct text *t, const struct pool_snapshot *s, double took_ns)
{
    char number[32];

    text_add(t, "%s answers", s->server.address[0] ? s->server.address : s->target);
    if (s->server.version[0])
        text_add(t, ": %s", s->server.version);
    if (s->server.rtt_ns >= 0)
        text_add(t, ", round trip %s",
                 format_duration(number, sizeof number, (double)s->server.rtt_ns));
    else
        text_add(t, ", after %s", format_duration(number, sizeof number, took_ns));
    if (s->server.data_items >= 0)
        text_add(t, ", %s items",
                 format_count(number, sizeof number, (uint64_t)s->server.data_items));
    if (s->server.other_clients >= 0)
        text_add(t, ", %lld other client%s", (long long)s->server.other_clients,
                 s->server.other_clients == 1 ? "" : "s");
}

/* True when the result is final; sets *good and the text then. */
static bool judge(const struct pool_snapshot *s, uint64_t took_ns, uint64_t up_ns, bool *good,
                  struct text *t)
{
    if (s->guard[0]) {
        text_add(t, "%s is protected (%s): it is not looked at before its name was typed", s->guard,
                 s->guard_rule);
        return true;
    }
    if (s->state == POOL_DOWN || s->state == POOL_ENDED) {
        /* A missing table or topic is not an error: it is created at the start, not by an
         * inspection. */
        *good = s->error_code == ERR_ABSENT;
        text_add(t, *good ? "it answers; what is not there yet is made by the start: %s" : "%s",
                 s->state_why);
        return true;
    }
    if (s->state != POOL_PAUSED)
        return false;
    if (!s->server.version[0] && took_ns - up_ns < STATS_NS)
        return false;
    *good = true;
    describe(t, s, (double)up_ns);
    return true;
}

static void look(struct probe *p, struct engine *e)
{
    struct timespec step = {.tv_nsec = (long)STEP_NS};
    uint64_t from = clock_ns(), up = 0;

    for (;;) {
        const struct snapshot *s = engine_snapshot(e);
        uint64_t took = clock_ns() - from;
        struct text t = {.limit = sizeof p->result.text - 1};
        bool good = false, known;

        if (!up && s->pools > 0 && s->pool[0].state == POOL_PAUSED)
            up = took;
        known = s->pools > 0 && judge(&s->pool[0], took, up, &good, &t);
        if (!known && took > LOOK_S * NS_PER_S) {
            text_add(&t, "%s: no answer within %d s", s->pools > 0 ? s->pool[0].target : "it",
                     LOOK_S);
            known = true;
        }
        snapshot_release(s);
        if (known)
            publish(p, good, text_str(&t));
        text_free(&t);
        if (known || atomic_load(&p->cancelled))
            return;
        nanosleep(&step, NULL);
    }
}

static void *probe_main(void *ctx)
{
    struct probe *p = ctx;
    struct scenario s;
    struct options defaults;
    struct err err = {0};
    struct engine *e = NULL;

    scenario_init(&s);
    options_init(&defaults, pool_option_table);
    s.limits.inspect_only = true;
    s.limits.ask_names = true;
    if (scenario_add(&s, p->url, ORIGIN_ARGV, &defaults, p->backends, &err) == 0)
        e = engine_new(&s, p->backends, false, &err);
    if (e && engine_start(e, &err) == 0)
        look(p, e);
    else
        publish(p, false, err.msg);
    if (e) {
        engine_end(e, END_NOW, END_BY_USER);
        engine_free(e);
    }
    options_fini(&defaults);
    scenario_fini(&s);
    let_go(p);
    return NULL;
}

struct probe *probe_start(const char *url, const struct backend *const *backends)
{
    struct probe *p = calloc(1, sizeof *p);

    if (!p || !(p->url = strdup(url))) {
        free(p);
        return NULL;
    }
    p->backends = backends;
    pthread_mutex_init(&p->mutex, NULL);
    atomic_store(&p->holders, 2);
    if (pthread_create(&p->thread, NULL, probe_main, p)) {
        pthread_mutex_destroy(&p->mutex);
        drop(p);
        return NULL;
    }
    return p;
}

struct probe_result probe_poll(struct probe *p)
{
    struct probe_result r;

    pthread_mutex_lock(&p->mutex);
    r = p->result;
    pthread_mutex_unlock(&p->mutex);
    return r;
}

void probe_free(struct probe *p, bool wait)
{
    if (!p)
        return;
    atomic_store(&p->cancelled, true);
    if (wait)
        pthread_join(p->thread, NULL);
    else
        pthread_detach(p->thread);
    let_go(p);
}
