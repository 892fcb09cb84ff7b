/* See arrival.h. Doubles hold nanoseconds exactly up to 2^53 (104 days of uptime).
 *
 * Both cursors compute each start in the same way (constant spacing: a multiple of the interval;
 * random: the same draws in the same order), so their results are identical to the last bit;
 * therefore both assign a start exactly at a boundary to the load before it. With constant
 * spacing any number of starts is passed in one step, so a rate far above what can be served
 * costs no more. */
#include "engine/load/arrival.h"
#include "engine/os/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Restarts constant spacing at the next start. */
static void space_from_next(struct cursor *c)
{
    c->from_ns = c->next_ns;
    c->steps = 0;
}

/* Passes n starts. */
static void pass(struct cursor *c, uint64_t n)
{
    c->passed += n;
    if (c->kind == ARRIVAL_POISSON) {
        for (; n; n--)
            c->next_ns += rng_exponential(&c->rng, c->interval_ns);
        return;
    }
    c->steps += n;
    c->next_ns = c->from_ns + (double)c->steps * c->interval_ns;
}

/* Passes up to `most` starts that are due at by_ns; with constant spacing only up to a boundary.
 * Returns how many. */
static uint64_t pass_due(struct cursor *c, double by_ns, uint64_t most)
{
    uint64_t before = c->passed;
    double ahead = (by_ns - c->next_ns) / c->interval_ns;
    /* skip all but the last, which rounding may have added */
    if (c->kind == ARRIVAL_CONSTANT && ahead > 2)
        pass(c, ahead - 2 < (double)most ? (uint64_t)(ahead - 2) : most);
    while (c->passed - before < most && c->next_ns <= by_ns)
        pass(c, 1);
    return c->passed - before;
}

static void cross(struct cursor *c, const struct bound *b)
{
    c->next_ns = b->from_ns + (c->next_ns - b->from_ns) * (b->interval_ns / c->interval_ns);
    c->interval_ns = b->interval_ns;
    c->kind = b->kind;
    space_from_next(c);
}

static void cross_bounds(struct schedule *s)
{
    while (s->first < s->bounds && s->take.next_ns > s->bound[s->first].from_ns)
        cross(&s->take, &s->bound[s->first++]);
    if (s->first == s->bounds)
        s->first = s->bounds = 0;
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
    c->next_ns =
        (double)now_ns + (kind == ARRIVAL_POISSON ? rng_exponential(&c->rng, c->interval_ns)
                                                  : phase * c->interval_ns);
    space_from_next(c);
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
        /* grows only on changes of load, far only if a backlog persists during a long ramp */
        if (!bound)
            abort();
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
    cross(&s->due, b); /* it has passed all earlier starts */
    cross_bounds(s);
}

uint64_t schedule_next(const struct schedule *s)
{
    return s->open ? (uint64_t)ceil(s->take.next_ns) : NS_NEVER;
}

uint64_t schedule_take(struct schedule *s)
{
    uint64_t due = (uint64_t)s->take.next_ns;
    pass(&s->take, 1);
    if (s->bounds)
        cross_bounds(s);
    return due;
}

uint64_t schedule_skip(struct schedule *s, uint64_t by_ns, uint64_t most)
{
    uint64_t n = 0;
    while (s->open && n < most && s->take.next_ns <= (double)by_ns) {
        double until = (double)by_ns;
        if (s->first < s->bounds && s->bound[s->first].from_ns < until)
            until = s->bound[s->first].from_ns;
        n += pass_due(&s->take, until, most - n);
        if (s->bounds)
            cross_bounds(s);
    }
    return n;
}

uint64_t schedule_due(struct schedule *s, uint64_t by_ns)
{
    /* there is no backlog */
    if (s->due.passed < s->take.passed)
        s->due = s->take;
    if (s->open)
        pass_due(&s->due, (double)by_ns, UINT64_MAX);
    if (s->open && by_ns > s->by_ns)
        s->by_ns = by_ns;
    return s->due.passed;
}

uint64_t schedule_backlog(const struct schedule *s)
{
    return s->due.passed > s->take.passed ? s->due.passed - s->take.passed : 0;
}
