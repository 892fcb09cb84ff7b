/* See snapshot_store.h. */
#include "engine/state/snapshot_store.h"

#include "engine/base/secret.h"
#include "engine/engine.h"
#include "engine/state/sweep_shown.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void series_store_release(struct series_store *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
        return;
    for (unsigned i = 0; i < SERIES_BLOCKS && s->block[i]; i++) {
        for (unsigned k = 0; s->packed[i] && k < SERIES_BLOCK; k++)
            free(s->packed[i][k].bytes);
        free(s->packed[i]);
        free(s->block[i]);
    }
    free(s);
}

void stats_json_release(struct stats_json *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) > 1)
        return;
    json_decref(s->stats);
    json_decref(s->leftovers);
    free(s);
}

struct event_texts {
    _Atomic unsigned refs;
    char text[]; /* both, each with its NUL */
};

void event_texts_set(struct event *ev, const char *from, const char *to)
{
    size_t from_size = strlen(from) + 1, to_size = strlen(to) + 1;
    struct event_texts *t = malloc(sizeof *t + from_size + to_size);
    if (!t)
        abort();
    atomic_init(&t->refs, 1);
    memcpy(t->text, from, from_size);
    memcpy(t->text + from_size, to, to_size);
    secret_hide_places(t->text);
    secret_hide_places(t->text + from_size);
    ev->texts = t;
    ev->from = t->text;
    ev->to = t->text + from_size;
}

void event_texts_retain(struct event_texts *t)
{
    atomic_fetch_add(&t->refs, 1);
}

void event_texts_release(struct event_texts *t)
{
    if (t && atomic_fetch_sub(&t->refs, 1) == 1)
        free(t);
}

const struct snapshot *snapshot_retain(const struct snapshot *s)
{
    if (s)
        atomic_fetch_add(&((struct snapshot_storage *)(uintptr_t)s)->refs, 1);
    return s;
}

static struct sweep_kept *kept_of(const struct sweep_snapshot *s)
{
    return (struct sweep_kept *)(uintptr_t)((const char *)s - offsetof(struct sweep_kept, shown));
}

void snapshot_release(const struct snapshot *s)
{
    struct snapshot_storage *h = (struct snapshot_storage *)(uintptr_t)s;
    if (!h || atomic_fetch_sub(&h->refs, 1) > 1)
        return;
    for (unsigned i = 0; i < h->shown.pools + h->shown.removed; i++) {
        free(h->shown.pool[i].error);
        free(h->shown.pool[i].conn_error);
        free(h->shown.pool[i].worker);
        free(h->shown.pool[i].plateau);
        options_fini(&h->pool[i].options);
        series_store_release(h->pool[i].store);
        stats_json_release(h->pool[i].stats);
        packed_pool_free(h->pool[i].histograms);
    }
    free(h->shown.pool);
    free(h->pool);
    free((void *)(uintptr_t)h->shown.sweep.cell);
    for (unsigned i = 0; i < h->shown.pasts; i++)
        sweep_kept_release(kept_of(h->shown.past[i]));
    for (unsigned i = 0; i < h->shown.events; i++)
        event_texts_release(h->shown.event[i].texts);
    free(h->shown.event);
    free(h->shown.threshold);
    free(h);
}
