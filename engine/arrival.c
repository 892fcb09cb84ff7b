/* See arrival.h. Doubles hold nanoseconds exactly up to 2^53 (104 days of uptime), and sum
 * intervals of fractions of a nanosecond without drift that matters: 1e-7 ns an operation. */
#include "engine/arrival.h"
#include "engine/loop.h"

#include <math.h>
#include <string.h>

static double draw(struct schedule *s)
{
    return s->kind == ARRIVAL_POISSON ? rng_exponential(&s->rng, s->interval_ns) : s->interval_ns;
}

void schedule_start(struct schedule *s, enum arrival kind, double per_s, double phase,
                    uint64_t now_ns)
{
    s->open = true;
    s->kind = kind;
    s->interval_ns = 1e9 / per_s;
    s->bounds = 0;
    s->next_ns = (double)now_ns + (kind == ARRIVAL_POISSON ? draw(s) : phase * s->interval_ns);
}

void schedule_stop(struct schedule *s)
{
    s->open = false;
    s->bounds = 0;
}

static void cross_bounds(struct schedule *s)
{
    unsigned crossed = 0;
    for (; crossed < s->bounds && s->next_ns >= s->bound[crossed].from_ns; crossed++) {
        double from = s->bound[crossed].from_ns, interval = s->bound[crossed].interval_ns;
        s->next_ns = from + (s->next_ns - from) * (interval / s->interval_ns);
        s->interval_ns = interval;
    }
    if (crossed) {
        s->bounds -= crossed;
        memmove(s->bound, s->bound + crossed, s->bounds * sizeof s->bound[0]);
    }
}

void schedule_rate(struct schedule *s, double per_s, uint64_t now_ns)
{
    if (s->bounds == SCHEDULE_BOUNDS) /* a stuck backlog under a long ramp: merge the two newest */
        s->bounds--;
    s->bound[s->bounds].from_ns = (double)now_ns;
    s->bound[s->bounds].interval_ns = 1e9 / per_s;
    s->bounds++;
    cross_bounds(s);
}

uint64_t schedule_next(const struct schedule *s)
{
    return s->open ? (uint64_t)ceil(s->next_ns) : NS_NEVER;
}

uint64_t schedule_take(struct schedule *s)
{
    uint64_t due = (uint64_t)s->next_ns;
    s->next_ns += draw(s);
    if (s->bounds)
        cross_bounds(s);
    return due;
}

uint64_t schedule_skip(struct schedule *s, uint64_t before_ns, uint64_t most)
{
    uint64_t n = 0;
    while (s->open && n < most && s->next_ns < (double)before_ns) {
        schedule_take(s);
        n++;
    }
    return n;
}
