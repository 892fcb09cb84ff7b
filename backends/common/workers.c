/* The list of a pool's workers; see the header. Join and leave run on the supervisor's thread, the
 * sum on the pool's. */
#include "backends/common/workers.h"

#include <string.h>

void workers_init(struct workers *w, workers_add *add, void *ended, size_t size)
{
    *w = (struct workers){.add = add, .ended = ended, .size = size};
    pthread_mutex_init(&w->mutex, NULL);
}

void workers_fini(struct workers *w)
{
    pthread_mutex_destroy(&w->mutex);
}

void workers_join(struct workers *w, struct workers_entry *entry)
{
    pthread_mutex_lock(&w->mutex);
    entry->next = w->first;
    w->first = entry;
    w->any = true;
    pthread_mutex_unlock(&w->mutex);
}

void workers_leave(struct workers *w, struct workers_entry *entry)
{
    pthread_mutex_lock(&w->mutex);
    struct workers_entry **at = &w->first;
    while (*at && *at != entry)
        at = &(*at)->next;
    if (*at) {
        *at = entry->next;
        w->add(w->ended, entry);
    }
    pthread_mutex_unlock(&w->mutex);
}

bool workers_were(struct workers *w)
{
    pthread_mutex_lock(&w->mutex);
    bool any = w->any;
    pthread_mutex_unlock(&w->mutex);
    return any;
}

bool workers_sum(struct workers *w, void *sum)
{
    pthread_mutex_lock(&w->mutex);
    memcpy(sum, w->ended, w->size);
    for (const struct workers_entry *e = w->first; e; e = e->next)
        w->add(sum, e);
    bool any = w->first;
    pthread_mutex_unlock(&w->mutex);
    return any;
}
