/* Order within a partition, checked: gaps, duplicates, redeliveries and reordering.
 *
 * Every producer handle numbers its messages for each partition from 0 and signs them with an id of
 * its own, so a reader can tell a message that is missing from one that came twice or late,
 * whatever the broker and the rebalances did. One `struct track` watches one partition as one
 * reader sees it. Pure: no lock, no clock, no librdkafka. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_TRACK_H
#define LOADTOP_BACKENDS_KAFKA_BASE_TRACK_H

#include <stdbool.h>
#include <stdint.h>

/* What was found. Counts of messages, except `missing`: numbers that have not come so far. */
struct track_counts {
    uint64_t checked; /* carried a number */
    /* skipped and not seen since: lost, or never acknowledged to their producer */
    uint64_t missing;
    uint64_t duplicates;  /* the same number at another offset: the producer sent it twice */
    uint64_t redelivered; /* an offset that was delivered before: a rebalance repeated it */
    uint64_t reordered;   /* came after one with a higher number */
    uint64_t forgotten; /* skipped ranges given up for want of memory: part of `missing` for good */
};

#define TRACK_RANGES 8
#define TRACK_SOURCES_MAX                                                                          \
    4096 /* producers watched in one partition; further ones are not checked */

struct track_source {
    uint64_t id, next; /* next: the number expected */
    struct {
        uint64_t from, to; /* skipped: from..to-1 */
    } range[TRACK_RANGES];
    unsigned ranges;
};

struct track {
    int64_t next_offset; /* after the last one delivered; -1: nothing yet */
    bool complete;       /* watched since offset 0: a producer's first number must be 0 */
    struct track_source *source;
    unsigned sources, room, last;
};

/* Zeroed memory is not enough: next_offset starts at -1. */
void track_init(struct track *);
void track_fini(struct track *); /* frees; takes a zeroed one */
/* A message was delivered at `offset`. True if that offset had been delivered before. */
bool track_offset(struct track *, int64_t offset, struct track_counts *);
/* It carried number `seq` of producer `id`. Call after track_offset returned false. */
void track_number(struct track *, uint64_t id, uint64_t seq, struct track_counts *);
void track_counts_add(struct track_counts *to, const struct track_counts *from);

#endif
