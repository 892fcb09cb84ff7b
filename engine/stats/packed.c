/* See packed.h. Called by the monitor for each second and by the snapshot of the end. */
#include "engine/stats/packed.h"
#include "engine/stats/histogram.h"

#include <stdlib.h>

struct packed packed_of(const struct histogram *h)
{
    struct packed p = {0};
    if (!h->slot || !h->count)
        return p;
    size_t len = histogram_pack(h, NULL, 0);
    p.bytes = len <= UINT32_MAX ? malloc(len) : NULL;
    if (p.bytes) {
        histogram_pack(h, p.bytes, len);
        p.len = (uint32_t)len;
    }
    return p;
}

void packed_pool_free(struct packed_pool *p)
{
    if (!p)
        return;
    free(p->service.bytes);
    free(p->response.bytes);
    for (unsigned i = 0; i < OPS_MAX; i++) {
        free(p->op_service[i].bytes);
        free(p->op_response[i].bytes);
    }
    free(p);
}
