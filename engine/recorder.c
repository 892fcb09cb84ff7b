/* See recorder.h. The orderings that make it right:
 * - turn_begin stores `turn` (odd), then loads `phase`; flip stores `phase`, then loads `turn`. All
 * four are sequentially consistent, so either the worker sees the new phase, or the reader sees the
 * odd turn (Dekker).
 * - the tally's words are stored with release and loaded with acquire between the two stores of
 * `seq`. */
#include "engine/recorder.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

int recorder_init(struct recorder *r)
{
    memset(r, 0, sizeof *r);
    if (pthread_mutex_init(&r->messages, NULL))
        return -1;
    for (unsigned s = 0; s < 2; s++)
        for (unsigned e = 0; e < EXTRAS; e++)
            if (histogram_init(&r->set[s].extra[e])) {
                recorder_fini(r);
                return -1;
            }
    r->live = &r->set[0];
    return 0;
}

void recorder_shrink(struct recorder *r)
{
    for (unsigned s = 0; s < 2; s++) {
        for (unsigned e = 0; e < EXTRAS; e++)
            histogram_fini(&r->set[s].extra[e]);
        for (unsigned i = 0; i < OPS_MAX; i++)
            for (unsigned m = 0; m < MEASURES; m++)
                histogram_fini(&r->set[s].op[i][m]);
    }
}

void recorder_fini(struct recorder *r)
{
    recorder_shrink(r);
    unsigned classes = atomic_load(&r->classes);
    for (unsigned i = 0; i < classes; i++)
        free(r->slot[i]);
    pthread_mutex_destroy(&r->messages);
}

int recorder_prepare(struct recorder *r, unsigned type)
{
    if (atomic_load(&r->prepared) & (1u << type))
        return 0;
    for (unsigned s = 0; s < 2; s++)
        for (unsigned m = 0; m < MEASURES; m++)
            if (!r->set[s].op[type][m].slot && histogram_init(&r->set[s].op[type][m]))
                return -1;
    atomic_fetch_or(&r->prepared, 1u << type);
    return 0;
}

void recorder_turn_begin(struct recorder *r)
{
    atomic_store(&r->turn, atomic_load_explicit(&r->turn, memory_order_relaxed) + 1);
    r->live = &r->set[atomic_load(&r->phase)];
}

void recorder_turn_end(struct recorder *r, const struct tally *t)
{
    uint64_t words[TALLY_WORDS];
    memcpy(words, t, sizeof words);
    uint64_t seq = atomic_load_explicit(&r->seq, memory_order_relaxed);
    atomic_exchange_explicit(&r->seq, seq + 1, memory_order_acq_rel);
    for (unsigned i = 0; i < TALLY_WORDS; i++)
        atomic_store_explicit(&r->published[i], words[i], memory_order_release);
    atomic_store_explicit(&r->seq, seq + 2, memory_order_release);
    atomic_store_explicit(&r->turn, atomic_load_explicit(&r->turn, memory_order_relaxed) + 1,
                          memory_order_release);
}

void recorder_read(const struct recorder *r, struct tally *t)
{
    uint64_t words[TALLY_WORDS];
    for (;;) {
        uint64_t before = atomic_load_explicit(&r->seq, memory_order_acquire);
        for (unsigned i = 0; i < TALLY_WORDS; i++)
            words[i] = atomic_load_explicit(&r->published[i], memory_order_acquire);
        if (!(before & 1) && atomic_load_explicit(&r->seq, memory_order_acquire) == before)
            break;
        sched_yield(); /* the worker is between two stores, or was descheduled there */
    }
    memcpy(t, words, sizeof *t);
}

void recorder_flip(struct recorder *r)
{
    atomic_store(&r->phase, 1 - atomic_load_explicit(&r->phase, memory_order_relaxed));
    r->flipped_at = atomic_load(&r->turn);
}

bool recorder_quiet(const struct recorder *r)
{
    return !(r->flipped_at & 1) ||
           atomic_load_explicit(&r->turn, memory_order_acquire) != r->flipped_at;
}

struct interval_set *recorder_idle_set(struct recorder *r)
{
    return &r->set[1 - atomic_load_explicit(&r->phase, memory_order_relaxed)];
}

/* The slot of a class, made if new. The last slot collects what does not fit. */
static struct class_slot *find_class(struct recorder *r, const char *name)
{
    unsigned n = atomic_load_explicit(&r->classes, memory_order_relaxed);
    for (unsigned i = 0; i < n; i++)
        if (!strncmp(r->slot[i]->name, name, sizeof r->slot[i]->name - 1))
            return r->slot[i];
    if (n == RECORDER_CLASSES)
        return r->slot[n - 1];
    struct class_slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return n ? r->slot[n - 1] : NULL;
    const char *shown = n == RECORDER_CLASSES - 1 ? "other" : name;
    strncpy(slot->name, shown, sizeof slot->name - 1);
    r->slot[n] = slot;
    atomic_store_explicit(&r->classes, n + 1, memory_order_release);
    return slot;
}

static void keep_message(char *to, size_t size, const char *msg, size_t len)
{
    if (len >= size)
        len = size - 1;
    for (size_t i = 0; i < len; i++) /* one line of printable text, whatever the server sent */
        to[i] = (unsigned char)msg[i] < 0x20 || msg[i] == 0x7f ? ' ' : msg[i];
    to[len] = '\0';
}

#define MESSAGE_EVERY_NS UINT64_C(10000000)

void recorder_error(struct recorder *r, const char *error_class, uint64_t count, const char *msg,
                    size_t len, uint64_t now_ns)
{
    struct class_slot *slot = find_class(r, error_class);
    if (!slot)
        return;
    bool first = !atomic_load_explicit(&slot->count, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->count, count, memory_order_relaxed);
    if (first)
        atomic_store_explicit(&slot->first_ns, now_ns, memory_order_relaxed);
    atomic_store_explicit(&slot->last_ns, now_ns, memory_order_relaxed);
    if (slot->first[0] && now_ns - slot->message_ns < MESSAGE_EVERY_NS)
        return;
    if (pthread_mutex_trylock(&r->messages))
        return;
    if (!slot->first[0])
        keep_message(slot->first, sizeof slot->first, msg, len);
    keep_message(slot->last, sizeof slot->last, msg, len);
    slot->message_ns = now_ns;
    pthread_mutex_unlock(&r->messages);
}
