/* Checks the order within a partition: gaps, duplicates, redeliveries and reordering.
 *
 * Every producer handle numbers its messages per partition from 0 and adds its unique id, so a
 * reader can distinguish missing, repeated and late messages in spite of rebalances. One `struct
 * track` checks one partition for one reader. Pure: no lock, no clock, no librdkafka. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_TRACK_H
#define LOADTOP_BACKENDS_KAFKA_BASE_TRACK_H

#include <stdbool.h>
#include <stdint.h>

/* Results: counts of messages, except `missing`: sequence numbers not received so far. */
struct track_counts {
    uint64_t checked; /* had a sequence number */
    /* skipped and not seen since: lost, or never acknowledged to their producer */
    uint64_t missing;
    uint64_t duplicates;  /* the same number at another offset: the producer sent it twice */
    uint64_t redelivered; /* an offset that was delivered before: a rebalance repeated it */
    uint64_t reordered;   /* arrived after a higher number */
    /* numbers in skipped ranges dropped for lack of memory: they stay in `missing` */
    uint64_t forgotten;
};

#define TRACK_RANGES 8
#define TRACK_SOURCES_MAX                                                                          \
    4096 /* producers watched in one partition; further ones are not checked */

struct track_source {
    uint64_t id, next; /* next: the number expected from this producer */
    struct {
        uint64_t from, to; /* skipped: from..to-1 */
    } range[TRACK_RANGES];
    unsigned ranges;
};

struct track {
    int64_t next_offset; /* the offset after the last one delivered; -1: nothing delivered yet */
    bool complete;       /* watched since offset 0: a producer's first number must be 0 */
    struct track_source *source;
    unsigned sources, room, last;
};

/* Zeroed memory is not enough: next_offset starts at -1. */
void track_init(struct track *);
void track_fini(struct track *); /* frees; takes a zeroed one */
/* Records a message delivered at `offset`. True if that offset was delivered before. */
bool track_offset(struct track *, int64_t offset, struct track_counts *);
/* Records number `seq` of producer `id` for that message. Call it only if track_offset returned
 * false. */
void track_number(struct track *, uint64_t id, uint64_t seq, struct track_counts *);
void track_counts_add(struct track_counts *to, const struct track_counts *from);

#endif
