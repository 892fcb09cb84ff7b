/* Checks the order within a partition: see track.h.
 *
 * For each producer it keeps the next expected number and the skipped ranges. A number below the
 * expected one is late if it is in a skipped range, which then shrinks; otherwise it is a
 * duplicate. This distinguishes a retry that overtakes whole batches from one that repeats them.
 * The number of ranges is limited; when they are used up the oldest is dropped and counted as
 * forgotten. Called by the worker's thread for each message. */
#include "backends/kafka_base/track.h"

#include <stdlib.h>
#include <string.h>

void track_init(struct track *t)
{
    memset(t, 0, sizeof *t);
    t->next_offset = -1;
}

void track_fini(struct track *t)
{
    free(t->source);
    memset(t, 0, sizeof *t);
    t->next_offset = -1;
}

void track_counts_add(struct track_counts *to, const struct track_counts *from)
{
    to->checked += from->checked;
    to->missing += from->missing;
    to->duplicates += from->duplicates;
    to->redelivered += from->redelivered;
    to->reordered += from->reordered;
    to->forgotten += from->forgotten;
}

bool track_offset(struct track *t, int64_t offset, struct track_counts *c)
{
    if (offset < t->next_offset) {
        c->redelivered++;
        return true;
    }
    if (t->next_offset < 0)
        t->complete = offset == 0;
    t->next_offset = offset + 1;
    return false;
}

static struct track_source *source_get(struct track *t, uint64_t id)
{
    if (t->last < t->sources && t->source[t->last].id == id)
        return &t->source[t->last];
    for (unsigned i = 0; i < t->sources; i++)
        if (t->source[i].id == id) {
            t->last = i;
            return &t->source[i];
        }
    return NULL;
}

static struct track_source *source_add(struct track *t, uint64_t id, uint64_t first)
{
    if (t->sources == TRACK_SOURCES_MAX)
        return NULL;
    if (t->sources == t->room) {
        unsigned room = t->room ? t->room * 2 : 2;
        struct track_source *source = realloc(t->source, room * sizeof *source);
        if (!source)
            return NULL;
        t->source = source;
        t->room = room;
    }
    struct track_source *s = &t->source[t->last = t->sources++];
    memset(s, 0, sizeof *s);
    s->id = id;
    s->next = t->complete ? 0 : first;
    return s;
}

static void range_drop(struct track_source *s, unsigned i)
{
    memmove(&s->range[i], &s->range[i + 1], (s->ranges - i - 1) * sizeof s->range[0]);
    s->ranges--;
}

static void skipped(struct track_source *s, uint64_t from, uint64_t to, struct track_counts *c)
{
    c->missing += to - from;
    if (s->ranges == TRACK_RANGES) {
        c->forgotten++;
        range_drop(s, 0);
    }
    s->range[s->ranges].from = from;
    s->range[s->ranges++].to = to;
}

/* True if the number was missing so far. */
static bool found_late(struct track_source *s, uint64_t seq, struct track_counts *c)
{
    for (unsigned i = 0; i < s->ranges; i++) {
        uint64_t from = s->range[i].from, to = s->range[i].to;
        if (seq < from || seq >= to)
            continue;
        c->missing--;
        c->reordered++;
        if (seq == from)
            s->range[i].from++;
        else
            s->range[i].to = seq;
        if (s->range[i].from == s->range[i].to) {
            range_drop(s, i);
            /* split: the upper part becomes a separate range */
        } else if (seq != from && seq + 1 < to) {
            c->missing -= to - (seq + 1);
            skipped(s, seq + 1, to, c);
        }
        return true;
    }
    return false;
}

void track_number(struct track *t, uint64_t id, uint64_t seq, struct track_counts *c)
{
    struct track_source *s = source_get(t, id);
    if (!s)
        s = source_add(t, id, seq);
    if (!s)
        return;
    c->checked++;
    if (seq == s->next) {
        s->next++;
    } else if (seq > s->next) {
        skipped(s, s->next, seq, c);
        s->next = seq + 1;
    } else if (!found_late(s, seq, c)) {
        c->duplicates++;
    }
}
