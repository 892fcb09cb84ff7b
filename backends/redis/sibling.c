/* The pools of this process that use the same server (by its run_id), so that our connections are
 * not counted as other clients. */
#include "backends/redis/sibling.h"

#include "backends/redis/types.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <string.h>

static pthread_mutex_t siblings_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct redis_sibling *siblings;

void redis_siblings_join(struct redis_pool *p, const char *info)
{
    pthread_mutex_lock(&siblings_mutex);
    redis_info_text(info, "run_id", p->sibling.run_id, sizeof p->sibling.run_id);
    p->sibling.next = siblings;
    siblings = &p->sibling;
    pthread_mutex_unlock(&siblings_mutex);
}

void redis_siblings_leave(struct redis_pool *p)
{
    pthread_mutex_lock(&siblings_mutex);
    for (struct redis_sibling **at = &siblings; *at; at = &(*at)->next)
        if (*at == &p->sibling) {
            *at = p->sibling.next;
            break;
        }
    pthread_mutex_unlock(&siblings_mutex);
}

int64_t redis_other_clients(struct redis_pool *p, const char *info, unsigned connected)
{
    double all = redis_info_number(info, "connected_clients");
    unsigned ours = 0;
    if (all < 0)
        return -1;
    pthread_mutex_lock(&siblings_mutex);
    p->sibling.connections = connected + 1; /* plus the link on which this was queried */
    for (const struct redis_sibling *q = siblings; q; q = q->next)
        if (q == &p->sibling || (q->run_id[0] && strcmp(q->run_id, p->sibling.run_id) == 0))
            ours += q->connections;
    pthread_mutex_unlock(&siblings_mutex);
    return (int64_t)all > (int64_t)ours ? (int64_t)all - (int64_t)ours : 0;
}

bool redis_same_server(struct redis_pool *p, const char *info)
{
    char run_id[sizeof p->sibling.run_id] = "";
    redis_info_text(info, "run_id", run_id, sizeof run_id);
    pthread_mutex_lock(&siblings_mutex);
    bool same = strcmp(run_id, p->sibling.run_id) == 0;
    memcpy(p->sibling.run_id, run_id, sizeof run_id);
    pthread_mutex_unlock(&siblings_mutex);
    return same;
}

#endif
