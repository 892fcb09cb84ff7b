/* The table of stream ids of one connection: who waits for which answer. */
#ifndef LOADTOP_BACKENDS_CQL_STREAM_H
#define LOADTOP_BACKENDS_CQL_STREAM_H

#include <stdint.h>

#define CQL_STREAMS_MAX 32768u

/* Who waits for which stream. Grows as needed up to 32,768. Zero it. */
struct cql_slot {
    void *owner; /* NULL: free */
    uint32_t next;
    uint8_t state; /* enum cql_slot_state */
};
enum cql_slot_state { CQL_FREE, CQL_OWNED };
struct cql_streams {
    struct cql_slot *slot;
    uint32_t room, free, used; /* free: 1 + first free id, or 0 */
};
void cql_streams_free(struct cql_streams *);
int cql_stream_take(struct cql_streams *,
                    void *owner); /* an id, or -1: all are taken (or no memory) */
/* Gives the id back. For an answer: state says whose it was, *owner who (may be NULL). CQL_FREE:
 * nobody asked for it. */
enum cql_slot_state cql_stream_release(struct cql_streams *, unsigned id, void **owner);

#endif
