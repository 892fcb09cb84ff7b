/* The pools of this process that speak to the same server (by its run_id), so that our own
 * connections are not shown as others'. */
#include "backends/redis/peer.h"

#include "backends/redis/types.h"

#ifdef LOADTOP_HAVE_HIREDIS

#include <string.h>

static pthread_mutex_t peers_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct redis_peer *peers;

void redis_peers_join(struct redis_pool *p, const char *info)
{
    pthread_mutex_lock(&peers_mutex);
    redis_info_text(info, "run_id", p->peer.run_id, sizeof p->peer.run_id);
    p->peer.next = peers;
    peers = &p->peer;
    pthread_mutex_unlock(&peers_mutex);
}

void redis_peers_leave(struct redis_pool *p)
{
    pthread_mutex_lock(&peers_mutex);
    for (struct redis_peer **at = &peers; *at; at = &(*at)->next)
        if (*at == &p->peer) {
            *at = p->peer.next;
            break;
        }
    pthread_mutex_unlock(&peers_mutex);
}

int64_t redis_other_clients(struct redis_pool *p, const char *info, unsigned connected)
{
    double all = redis_info_number(info, "connected_clients");
    unsigned ours = 0;
    if (all < 0)
        return -1;
    pthread_mutex_lock(&peers_mutex);
    p->peer.connections = connected + 1; /* and the link on which this was asked */
    for (const struct redis_peer *q = peers; q; q = q->next)
        if (q == &p->peer || (q->run_id[0] && strcmp(q->run_id, p->peer.run_id) == 0))
            ours += q->connections;
    pthread_mutex_unlock(&peers_mutex);
    return (int64_t)all > (int64_t)ours ? (int64_t)all - (int64_t)ours : 0;
}

bool redis_same_server(struct redis_pool *p, const char *info)
{
    char run_id[sizeof p->peer.run_id] = "";
    redis_info_text(info, "run_id", run_id, sizeof run_id);
    pthread_mutex_lock(&peers_mutex);
    bool same = strcmp(run_id, p->peer.run_id) == 0;
    memcpy(p->peer.run_id, run_id, sizeof run_id);
    pthread_mutex_unlock(&peers_mutex);
    return same;
}

#endif
