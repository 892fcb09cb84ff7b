/* The table of stream ids of one connection: the owner of each pending request.
 *
 * A free list through the table makes taking and releasing ids constant-time. The table doubles
 * when it runs out, so a connection with 120 requests in flight holds 128 slots and not 32,768. */
#include "backends/cql/stream.h"

#include <stdlib.h>

#define SLOTS_FIRST 64u

static int more_slots(struct cql_streams *s)
{
    uint32_t room = s->room ? s->room * 2 : SLOTS_FIRST;
    if (s->room >= CQL_STREAMS_MAX)
        return -1;
    struct cql_slot *slot = realloc(s->slot, room * sizeof *slot);
    if (!slot)
        return -1;
    /* push in descending order, so that the lowest id is taken first */
    for (uint32_t i = room; i-- > s->room;) {
        slot[i] = (struct cql_slot){.next = s->free, .state = CQL_FREE};
        s->free = i + 1;
    }
    s->slot = slot;
    s->room = room;
    return 0;
}

int cql_stream_take(struct cql_streams *s, void *owner)
{
    if (!s->free && more_slots(s) < 0)
        return -1;
    uint32_t id = s->free - 1;
    s->free = s->slot[id].next;
    s->slot[id].owner = owner;
    s->slot[id].state = CQL_OWNED;
    s->used++;
    return (int)id;
}

enum cql_slot_state cql_stream_release(struct cql_streams *s, unsigned id, void **owner)
{
    *owner = NULL;
    if (id >= s->room || s->slot[id].state == CQL_FREE)
        return CQL_FREE;
    enum cql_slot_state state = s->slot[id].state;
    *owner = s->slot[id].owner;
    s->slot[id] = (struct cql_slot){.next = s->free, .state = CQL_FREE};
    s->free = id + 1;
    s->used--;
    return state;
}

void cql_streams_free(struct cql_streams *s)
{
    free(s->slot);
    *s = (struct cql_streams){0};
}
