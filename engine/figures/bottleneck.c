/* See bottleneck.h. */
#include "engine/figures/bottleneck.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define WAIT_LEAST 0.2 /* share of the time: below this, waiting is noise */
/* share of the response time: a component that takes more is the bottleneck */
#define HALF 0.5
#define SERVER_BUSY 0.8 /* of its CPUs */
#define SERVER_LAZY 0.3 /* of one core */
#define RATE_REACHED 0.98
#define CEILING_REACHED 0.95

static void say(struct bottleneck_verdict *v, enum bottleneck kind, double share, const char *fmt,
                ...) __attribute__((format(printf, 4, 5)));

static void say(struct bottleneck_verdict *v, enum bottleneck kind, double share, const char *fmt,
                ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(v->why, sizeof v->why, fmt, args);
    va_end(args);
    v->kind = kind;
    v->share = share;
}

static void say_missing(const struct bottleneck_facts *f, struct bottleneck_verdict *v)
{
    say(v, BOTTLENECK_NONE, NAN, "not known while not all is up: %s", f->missing);
}

/* The server reports its processing time: the rest of the response time is network, unless its CPUs
 * are saturated, because then requests queue before the server starts to count. */
static void judge_by_answer(const struct bottleneck_facts *f, struct bottleneck_verdict *v)
{
    double busy = f->server / f->cores;
    if (!isnan(busy) && busy >= SERVER_BUSY)
        say(v, BOTTLENECK_SERVER, f->answer,
            "the server: %.0f %% of its CPUs are busy; it says itself that it works %.0f %% of an "
            "answer's time",
            100 * busy, 100 * f->answer);
    else if (f->answer < HALF)
        say(v, BOTTLENECK_NETWORK, 1 - f->answer,
            "the way to the server: %.0f %% of an answer's time is spent outside of it (it says "
            "itself that it works %.0f %%)",
            100 * (1 - f->answer), 100 * f->answer);
    else
        say(v, BOTTLENECK_SERVER, f->answer,
            "the server: it says itself that it works %.0f %% of an answer's time; threads wait "
            "for answers %.0f %% of theirs",
            100 * f->answer, 100 * f->wait);
}

static void judge_wait(const struct bottleneck_facts *f, struct bottleneck_verdict *v)
{
    if (!isnan(f->answer))
        judge_by_answer(f, v);
    else if (f->rtt_share >= HALF)
        say(v, BOTTLENECK_NETWORK, fmin(1, f->rtt_share),
            "the way to the server: its round trip alone is %.0f %% of an answer's time",
            100 * fmin(1, f->rtt_share));
    else if (f->server < SERVER_LAZY && !f->local && f->wait > HALF)
        say(v, BOTTLENECK_NETWORK, NAN,
            "the way to the server, or what the server waits for: threads wait %.0f %% of their "
            "time while the server's CPU is at %.0f %%",
            100 * f->wait, 100 * f->server);
    else if (isnan(f->server))
        say(v, BOTTLENECK_SERVER, NAN,
            "the server or the way to it: threads wait for answers %.0f %% of their time",
            100 * f->wait);
    else
        say(v, BOTTLENECK_SERVER, NAN,
            "the server (its CPU: %.0f %% of a core): threads wait for answers "
            "%.0f %% of their time",
            100 * f->server, 100 * f->wait);
}

/* Random arrivals deviate from their rate: over t seconds by about sqrt(rate / t). */
static bool rate_reached(const struct bottleneck_facts *f)
{
    double chance = f->random_s > 0 ? 3 * sqrt(f->rate_asked / f->random_s) : 0;
    double slack = fmax((1 - RATE_REACHED) * f->rate_asked, chance);
    return isnan(f->rate) || f->rate >= f->rate_asked - slack;
}

bool ceiling_reached(double most_per_s, double rate_per_s)
{
    return most_per_s > 0 && rate_per_s >= CEILING_REACHED * most_per_s;
}

void bottleneck_find(const struct bottleneck_facts *f, struct bottleneck_verdict *v)
{
    double busy = 1 - f->wait - f->idle;
    if (isnan(f->wait) || isnan(f->cpu))
        say(v, BOTTLENECK_NONE, NAN, "not known yet: nothing was measured");
    else if (f->cpu >= LIMIT_CPU)
        say(v, BOTTLENECK_CLIENT, f->cpu,
            "the load generator: its busiest thread uses %.0f %% of a core, so the figures are its "
            "limit, not the server's",
            100 * f->cpu);
    else if (busy >= LIMIT_CPU)
        say(v, BOTTLENECK_CLIENT, busy,
            "the load generator: its threads were busy %.0f %% of their time and had %.0f %% of a "
            "core: %s",
            100 * busy, 100 * f->cpu,
            f->quota ? "the CPU quota of its container held them back"
                     : "others took this machine's CPUs");
    else if (f->rate_asked > 0 && rate_reached(f))
        say(v, BOTTLENECK_RATE, NAN, "the rate that was asked for: the server keeps up with it");
    else if (f->rate_asked <= 0 && ceiling_reached(f->rate_most, f->rate))
        say(v, BOTTLENECK_RATE, NAN, "--max-rate: the ceiling for this pool");
    else if (f->quota && f->queued >= LIMIT_QUEUE)
        /* A thread that is held back is counted as waiting for what it does not read, and one that may
         * not use a whole core never seems busy. */
        say(v, BOTTLENECK_CLIENT, f->queued,
            "the load generator: the CPU quota of its container held its threads back %.0f %% of the "
            "time",
            100 * f->queued);
    else if (f->thinks && f->idle > f->wait)
        say(v, BOTTLENECK_RATE, NAN, "the think time of the clients");
    else if (f->wait >= WAIT_LEAST && f->missing)
        say_missing(f, v);
    else if (f->wait >= WAIT_LEAST)
        judge_wait(f, v);
    else
        say(v, BOTTLENECK_NONE, NAN, "no clear limit: waiting %.0f %%, busy %.0f %%", 100 * f->wait,
            100 * busy);
}

void bottleneck_said(const struct bottleneck_facts *f, enum bottleneck kind, const char *why,
                     struct bottleneck_verdict *v)
{
    if ((!kind && !why[0]) || v->kind == BOTTLENECK_CLIENT)
        return;
    if (f->missing && (kind == BOTTLENECK_SERVER || kind == BOTTLENECK_NETWORK))
        say_missing(f, v);
    else
        say(v, kind, NAN, "%s", why);
}
