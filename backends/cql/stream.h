/* The table of stream ids of one connection: the owner of each pending request. */
#ifndef LOADTOP_BACKENDS_CQL_STREAM_H
#define LOADTOP_BACKENDS_CQL_STREAM_H

#include <stdint.h>

#define CQL_STREAMS_MAX 32768u

/* The owner of a stream id. The table grows as needed up to 32,768 ids. Zero it to start. */
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
/* an id, or -1: all are taken (or no memory) */
int cql_stream_take(struct cql_streams *, void *owner);
/* Releases the id of an answer and returns its state; *owner (may be NULL) is its owner. CQL_FREE:
 * the id was not in use. */
enum cql_slot_state cql_stream_release(struct cql_streams *, unsigned id, void **owner);

#endif
