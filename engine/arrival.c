/* See arrival.h. Doubles hold nanoseconds exactly up to 2^53 (104 days of uptime), and sum
 * intervals of fractions of a nanosecond without drift that matters: 1e-7 ns an operation.
 *
 * Both cursors do the same arithmetic in the same order, so they agree to the last bit about each
 * start; that is why a start exactly at a boundary belongs to what was before it for both. */
#include "engine/arrival.h"
#include "engine/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double draw(struct cursor *c)
{
    return c->kind == ARRIVAL_POISSON ? rng_exponential(&c->rng, c->interval_ns) : c->interval_ns;
}

static void cross(struct cursor *c, const struct bound *b)
{
    c->next_ns = b->from_ns + (c->next_ns - b->from_ns) * (b->interval_ns / c->interval_ns);
    c->interval_ns = b->interval_ns;
    c->kind = b->kind;
}

static void cross_bounds(struct schedule *s)
{
    while (s->first < s->bounds && s->take.next_ns > s->bound[s->first].from_ns)
        cross(&s->take, &s->bound[s->first++]);
    if (s->first == s->bounds)
        s->first = s->bounds = 0;
}

static void step(struct cursor *c)
{
    c->next_ns += draw(c);
    c->passed++;
}

void schedule_init(struct schedule *s, uint64_t seed, uint64_t stream)
{
    memset(s, 0, sizeof *s);
    rng_seed(&s->take.rng, seed, stream);
}

void schedule_fini(struct schedule *s)
{
    free(s->bound);
    s->bound = NULL;
    s->first = s->bounds = s->room = 0;
}

void schedule_start(struct schedule *s, enum arrival kind, double per_s, double phase,
                    uint64_t now_ns)
{
    uint64_t due = s->due.passed;
    struct cursor *c = &s->take;
    s->open = true;
    s->kind = c->kind = kind;
    s->interval_ns = c->interval_ns = 1e9 / per_s;
    s->first = s->bounds = 0;
    c->next_ns = (double)now_ns + (kind == ARRIVAL_POISSON ? draw(c) : phase * c->interval_ns);
    s->due = *c;
    s->due.passed = due;
}

void schedule_stop(struct schedule *s, uint64_t by_ns)
{
    schedule_due(s, by_ns);
    s->open = false;
    s->first = s->bounds = 0;
}

static struct bound *bound_add(struct schedule *s)
{
    if (s->bounds == s->room) {
        uint32_t room = s->room ? 2 * s->room : 16;
        struct bound *bound = realloc(s->bound, room * sizeof *bound);
        if (!bound)
            abort(); /* a change of load; a stuck backlog under a long ramp has many */
        s->bound = bound;
        s->room = room;
    }
    return &s->bound[s->bounds++];
}

void schedule_change(struct schedule *s, enum arrival kind, double per_s, uint64_t now_ns)
{
    double interval = 1e9 / per_s;
    if (s->kind == kind && !(s->interval_ns < interval) && !(s->interval_ns > interval))
        return;
    s->kind = kind;
    s->interval_ns = interval;
    schedule_due(s, now_ns);
    struct bound *b = bound_add(s);
    *b = (struct bound){(double)now_ns, interval, kind};
    cross(&s->due, b); /* it has passed everything before */
    cross_bounds(s);
}

uint64_t schedule_next(const struct schedule *s)
{
    return s->open ? (uint64_t)ceil(s->take.next_ns) : NS_NEVER;
}

uint64_t schedule_take(struct schedule *s)
{
    uint64_t due = (uint64_t)s->take.next_ns;
    step(&s->take);
    if (s->bounds)
        cross_bounds(s);
    return due;
}

uint64_t schedule_skip(struct schedule *s, uint64_t by_ns, uint64_t most)
{
    uint64_t n = 0;
    while (s->open && n < most && s->take.next_ns <= (double)by_ns) {
        schedule_take(s);
        n++;
    }
    return n;
}

uint64_t schedule_due(struct schedule *s, uint64_t by_ns)
{
    if (s->due.passed < s->take.passed)
        s->due = s->take; /* nothing was left behind */
    while (s->open && s->due.next_ns <= (double)by_ns)
        step(&s->due);
    if (s->open && by_ns > s->by_ns)
        s->by_ns = by_ns;
    return s->due.passed;
}

uint64_t schedule_backlog(const struct schedule *s)
{
    return s->due.passed > s->take.passed ? s->due.passed - s->take.passed : 0;
}
