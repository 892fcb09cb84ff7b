/* Choice of keys; see the header. Called from tune() of backends with keys. */
#include "backends/common/keys.h"

#define ZIPF_THETA 0.99 /* as in YCSB */

void keys_set(struct keys *k, uint64_t n, enum distribution dist)
{
    k->n = n;
    k->dist = dist;
    if (dist == DIST_ZIPF && k->zipf.n != n)
        zipf_init(&k->zipf, n, ZIPF_THETA);
}
