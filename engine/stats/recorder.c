/* See recorder.h. The orderings that make it right:
 * - turn_begin stores `turn` (odd), then loads `phase`; flip stores `phase`, then loads `turn`. All
 *   four are sequentially consistent, so either the worker sees the new phase, or the reader sees
 *   the odd turn (Dekker).
 * - the tally's words are stored with release and loaded with acquire between the two stores of
 *   `seq`. */
#include "engine/stats/recorder.h"
#include "engine/base/secret.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/utf8.h"

int recorder_init(struct recorder *r)
{
    memset(r, 0, sizeof *r);
    if (pthread_mutex_init(&r->messages, NULL))
        return -1;
    for (unsigned s = 0; s < 2; s++)
        for (unsigned e = 0; e < EXTRAS; e++)
            if (histogram_init(&r->set[s].of[SERIES_EXTRA(e)])) {
                recorder_fini(r);
                return -1;
            }
    r->live = &r->set[0];
    return 0;
}

void recorder_shrink(struct recorder *r)
{
    for (unsigned s = 0; s < 2; s++)
        for (unsigned i = 0; i < SERIES; i++)
            histogram_fini(&r->set[s].of[i]);
}

static void classes_fini(struct class_table *t)
{
    unsigned classes = atomic_load(&t->classes);
    for (unsigned i = 0; i < classes; i++)
        free(t->slot[i]);
}

void recorder_fini(struct recorder *r)
{
    recorder_shrink(r);
    classes_fini(&r->errors);
    classes_fini(&r->conn_errors);
    pthread_mutex_destroy(&r->messages);
}

int recorder_prepare(struct recorder *r, unsigned type)
{
    if (r->prepared & (1u << type))
        return 0;
    for (unsigned s = 0; s < 2; s++)
        for (unsigned m = 0; m < MEASURES; m++) {
            struct histogram *h = &r->set[s].of[SERIES_OF(type, m)];
            if (!h->slot && histogram_init(h))
                return -1;
        }
    r->prepared |= 1u << type;
    recorder_uses(r, type);
    return 0;
}

void recorder_uses(struct recorder *r, unsigned type)
{
    if (atomic_load_explicit(&r->types, memory_order_relaxed) <= type)
        atomic_store_explicit(&r->types, type + 1, memory_order_release);
}

void recorder_turn_begin(struct recorder *r)
{
    atomic_store(&r->turn, atomic_load_explicit(&r->turn, memory_order_relaxed) + 1);
    r->live = &r->set[atomic_load(&r->phase)];
}

void recorder_turn_end(struct recorder *r, const struct tally *t)
{
    uint64_t words[TALLY_WORDS];
    unsigned n = TALLY_WORDS_OF(atomic_load_explicit(&r->types, memory_order_relaxed));
    memcpy(words, t, n * sizeof *words);
    uint64_t seq = atomic_load_explicit(&r->seq, memory_order_relaxed);
    atomic_exchange_explicit(&r->seq, seq + 1, memory_order_acq_rel);
    for (unsigned i = 0; i < n; i++)
        atomic_store_explicit(&r->published[i], words[i], memory_order_release);
    atomic_store_explicit(&r->seq, seq + 2, memory_order_release);
    atomic_store_explicit(&r->turn, atomic_load_explicit(&r->turn, memory_order_relaxed) + 1,
                          memory_order_release);
}

void recorder_read(const struct recorder *r, struct tally *t)
{
    uint64_t words[TALLY_WORDS];
    unsigned n;
    for (;;) {
        uint64_t before = atomic_load_explicit(&r->seq, memory_order_acquire);
        n = TALLY_WORDS_OF(atomic_load_explicit(&r->types, memory_order_acquire));
        for (unsigned i = 0; i < n; i++)
            words[i] = atomic_load_explicit(&r->published[i], memory_order_acquire);
        if (!(before & 1) && atomic_load_explicit(&r->seq, memory_order_acquire) == before)
            break;
        sched_yield(); /* the worker is between two stores, or was descheduled there */
    }
    memcpy(t, words, n * sizeof *words); /* counters behind `n` were never used */
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

uint64_t interval_drain(struct interval_set *s, struct histogram *to)
{
    uint64_t grown = s->touched;
    for (unsigned i = 0; i < s->notes; i++)
        grown |= UINT64_C(1) << (s->note[i] >> 42 & 63);
    for (uint64_t left = grown; left; left &= left - 1) {
        struct histogram *h = &to[__builtin_ctzll(left)];
        if (!h->slot && histogram_init(h))
            return 0;
    }
    for (unsigned i = 0; i < s->notes; i++)
        histogram_record_n(&to[s->note[i] >> 42 & 63], s->note[i] & HISTOGRAM_MAX_NS,
                           s->note[i] >> 48);
    for (uint64_t left = s->touched; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        histogram_merge(&to[i], &s->of[i]);
        histogram_clear(&s->of[i]);
    }
    s->notes = s->touched = 0;
    return grown;
}

/* The slot of a class, made if new. The last slot collects what does not fit. */
static struct class_slot *find_class(struct class_table *t, const char *name)
{
    unsigned n = atomic_load_explicit(&t->classes, memory_order_relaxed);
    for (unsigned i = 0; i < n; i++)
        if (!strncmp(t->slot[i]->name, name, sizeof t->slot[i]->name - 1))
            return t->slot[i];
    if (n == RECORDER_CLASSES)
        return t->slot[n - 1];
    struct class_slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return n ? t->slot[n - 1] : NULL;
    const char *shown = n == RECORDER_CLASSES - 1 ? "other" : name;
    strncpy(slot->name, shown, sizeof slot->name - 1);
    t->slot[n] = slot;
    atomic_store_explicit(&t->classes, n + 1, memory_order_release);
    return slot;
}

/* Copies a message as one displayable line, whatever the server sent. */
static void keep_message(char *to, size_t size, const char *msg, size_t len, enum words whose)
{
    if (len >= size)
        len = size - 1;
    if (len)
        memcpy(to, msg, len);
    for (size_t i = 0; i < len; i++)
        to[i] = to[i] ? to[i] : '?';
    to[len] = '\0';
    secret_hide_places(to);
    if (whose == WORDS_SERVERS)
        secret_hide_values(to);
    clean_str(to);
}

#define MESSAGE_EVERY_NS UINT64_C(10000000)

void recorder_error(struct recorder *r, struct class_table *t, const char *error_class,
                    uint64_t count, const char *msg, size_t len, enum words whose, uint64_t now_ns)
{
    struct class_slot *slot = find_class(t, error_class);
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
        keep_message(slot->first, sizeof slot->first, msg, len, whose);
    keep_message(slot->last, sizeof slot->last, msg, len, whose);
    slot->message_ns = now_ns;
    pthread_mutex_unlock(&r->messages);
}
