/* Click regions; see hits.h. */
#include "ui/draw/hits.h"

#include <stddef.h>

void hits_add(struct hits *h, struct rect r, enum hit_kind kind, int arg)
{
    if (h->n < HITS_MAX && r.w > 0 && r.h > 0)
        h->hit[h->n++] = (struct hit){r, kind, arg};
}

const struct hit *hits_at(const struct hits *h, int x, int y)
{
    for (int i = h->n; i-- > 0;)
        if (rect_has(h->hit[i].r, x, y))
            return &h->hit[i];
    return NULL;
}
