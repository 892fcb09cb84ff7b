/* Dials; see dial.h. Steps: one thread; one client up to ten, then a tenth of the number; for a
 * rate, a tenth of the power of ten of its leading digit. */
#include "ui/widgets/dial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "ui/draw/axis.h"

/* The index of the n-th live option of the pool's backend; -1 past the last. */
static int live_option(const struct pool_snapshot *p, int n)
{
    const struct option_spec *o = p->backend ? p->backend->options : NULL;

    for (int i = 0; o && o[i].name; i++)
        if ((o[i].flags & OPTION_LIVE) && !(o[i].flags & OPTION_PREFIX) && n-- == 0)
            return i;
    return -1;
}

int dial_count(const struct pool_snapshot *p)
{
    int n = 0;

    if (!p)
        return 0;
    while (live_option(p, n) >= 0)
        n++;
    return DIAL_OPTIONS + n;
}

const char *dial_name(const struct pool_snapshot *p, int dial)
{
    int i;

    /* a shorter word, because the line of dials has little room */
    if (dial == DIAL_CONNECTIONS)
        return "conns";
    if (dial < DIAL_OPTIONS)
        return dial_option((enum dial)dial)->name;
    i = live_option(p, dial - DIAL_OPTIONS);
    return i < 0 ? "?" : p->backend->options[i].name;
}

char *dial_value(const struct pool_snapshot *p, int dial, char *buf, size_t size)
{
    char number[32];
    int i;

    switch (dial) {
    case DIAL_THREADS:
        snprintf(buf, size, "%u", p->load.threads);
        return buf;
    case DIAL_CLIENTS:
        snprintf(buf, size, "%u", p->load.clients);
        return buf;
    case DIAL_CONNECTIONS:
        snprintf(buf, size, p->load.connections ? "%u" : "auto %u", p->connections);
        return buf;
    case DIAL_DEPTH:
        snprintf(buf, size, "%u", p->depth);
        return buf;
    case DIAL_RATE:
        if (p->load.rate_per_s > 0)
            snprintf(buf, size, "%s/s", format_number(number, sizeof number, p->load.rate_per_s));
        else
            copy_str(buf, size, "closed");
        return buf;
    case DIAL_PATTERN:
        return copy_str(buf, size, pattern_name(p->load.pattern));
    default:
        i = live_option(p, dial - DIAL_OPTIONS);
        if (i < 0 || !p->options)
            return copy_str(buf, size, "-");
        return options_text(p->options, (unsigned)i, buf, size);
    }
}

/* A step for a whole number: 1 up to 10, then a tenth of it rounded to 1, 2 or 5 times a power of
 * ten. */
static unsigned step_of(unsigned v)
{
    return v <= 10 ? 1 : (unsigned)axis_nice_below(v / 10.0);
}

/* The step to the next lower value, so that a step down undoes a step up. */
static unsigned step_down_of(unsigned v)
{
    return v <= 10 ? 1 : step_of(v - 1);
}

static char *amount_step(const struct pool_snapshot *p, int dial, unsigned now, bool up, char *buf,
                         size_t size)
{
    unsigned step = dial == DIAL_THREADS ? 1 : up ? step_of(now) : step_down_of(now);

    if (!up && now <= 1)
        return copy_str(buf, size, "");
    snprintf(buf, size, "%u %s %c%u", p->number, dial_option((enum dial)dial)->name, up ? '+' : '-',
             step);
    return buf;
}

/* A step of the rate. From a closed loop, the first step sets the present throughput as rate, to
 * avoid a jump. */
static char *rate_step(const struct pool_snapshot *p, bool up, char *buf, size_t size)
{
    double now = p->load.rate_per_s, step;

    if (!(now > 0)) {
        double start = p->now_per_s > 1 ? axis_nice_below(p->now_per_s) : 100;

        if (!up)
            return copy_str(buf, size, "");
        snprintf(buf, size, "%u rate %.17g", p->number, start);
        return buf;
    }
    step = axis_nice_below(now / 10 * (up ? 1 : 1 - 1e-6));
    if (!up && now - step <= 0)
        return copy_str(buf, size, "");
    snprintf(buf, size, "%u rate %c%.17g", p->number, up ? '+' : '-', step);
    return buf;
}

static char *pattern_step(const struct pool_snapshot *p, bool up, char *buf, size_t size)
{
    int next = (int)p->load.pattern + (up ? 1 : -1);

    if (next < 0 || next > PATTERN_UNTHROTTLED)
        return copy_str(buf, size, "");
    snprintf(buf, size, "%u pattern %s", p->number, pattern_name((enum pattern)next));
    return buf;
}

/* The n-th of "a|b|c". */
static bool choice_at(const char *choices, unsigned n, char *buf, size_t size)
{
    size_t len;

    while (n-- > 0) {
        choices = strchr(choices, '|');
        if (!choices)
            return false;
        choices++;
    }
    len = strcspn(choices, "|");
    snprintf(buf, size, "%.*s", (int)len, choices);
    return true;
}

static char *option_step(const struct pool_snapshot *p, int i, bool up, char *buf, size_t size)
{
    const struct option_spec *o = &p->backend->options[i];
    uint64_t now = option_u64(p->options, (unsigned)i);
    char value[64] = "";

    switch (o->type) {
    case OPTION_BOOL:
        copy_str(value, sizeof value, up ? "yes" : "no");
        break;
    case OPTION_CHOICE:
        if ((up || now > 0) &&
            !choice_at(o->choices, (unsigned)now + (up ? 1u : UINT32_MAX), value, sizeof value))
            value[0] = '\0';
        break;
    case OPTION_REAL: {
        double v = option_real(p->options, (unsigned)i), step = axis_nice_below(fabs(v) / 10);

        v = v == 0 ? (up ? 0.01 : 0) : up ? v + step : v - step;
        if ((o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max))
            snprintf(value, sizeof value, "%.6g", v);
        break;
    }
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION: {
        double step = now < 10 ? 1 : axis_nice_below((double)now / 10 * (up ? 1 : 1 - 1e-9));
        double v = up ? (double)now + step : (double)now - step;

        if (o->type == OPTION_DURATION && now == 0)
            v = up ? 1e6 : -1;
        if (v < o->min || v < 0 || (o->max > 0 && v > o->max))
            break;
        if (o->type == OPTION_DURATION)
            format_exact_duration(value, sizeof value, (uint64_t)v);
        else
            snprintf(value, sizeof value, "%.0f", v);
        break;
    }
    case OPTION_SPAN: {
        uint32_t low = option_low(p->options, (unsigned)i),
                 high = option_high(p->options, (unsigned)i), half = low / 2;

        if (up && (o->max <= 0 || high * 2.0 <= o->max))
            snprintf(value, sizeof value, low == high ? "%u" : "%u-%u", low * 2, high * 2);
        else if (!up && half >= (o->min > 0 ? o->min : 1))
            snprintf(value, sizeof value, low == high ? "%u" : "%u-%u", half, high / 2);
        break;
    }
    default:
        break;
    }
    if (!value[0])
        return copy_str(buf, size, "");
    snprintf(buf, size, "%u set %s %s", p->number, o->name, value);
    return buf;
}

char *dial_step(const struct pool_snapshot *p, int dial, bool up, char *buf, size_t size)
{
    int i;

    switch (dial) {
    case DIAL_THREADS:
        return amount_step(p, dial, p->load.threads, up, buf, size);
    case DIAL_CLIENTS:
        return amount_step(p, dial, p->load.clients, up, buf, size);
    case DIAL_CONNECTIONS:
        return amount_step(p, dial, p->connections, up, buf, size);
    case DIAL_DEPTH: /* sync has one in flight regardless of the depth */
        if (p->load.pattern == PATTERN_SYNC)
            return copy_str(buf, size, "");
        return amount_step(p, dial, p->depth, up, buf, size);
    case DIAL_RATE:
        return rate_step(p, up, buf, size);
    case DIAL_PATTERN:
        return pattern_step(p, up, buf, size);
    default:
        i = live_option(p, dial - DIAL_OPTIONS);
        if (i < 0 || !p->options)
            return copy_str(buf, size, "");
        return option_step(p, i, up, buf, size);
    }
}

char *dial_set(const struct pool_snapshot *p, int dial, const char *typed, char *buf, size_t size)
{
    if (dial < DIAL_OPTIONS)
        snprintf(buf, size, "%u %s %s", p->number, dial_option((enum dial)dial)->name, typed);
    else
        snprintf(buf, size, "%u set %s %s", p->number, dial_name(p, dial), typed);
    return buf;
}

char *dial_hint(const struct pool_snapshot *p, int dial, char *buf, size_t size)
{
    static const char *const hints[DIAL_OPTIONS] = {
        [DIAL_THREADS] = "threads of the pool: 8, +2, *2, 16 over 30s",
        [DIAL_CLIENTS] = "clients of each thread: 50, *2, 100 over 1m",
        [DIAL_CONNECTIONS] = "connections of each thread: 4, +1, auto",
        [DIAL_DEPTH] = "operations in flight for each client: 16, *2",
        [DIAL_RATE] = "operations a second: 5000/s, *2, 10k/s over 60s, off",
        [DIAL_PATTERN] = "sync, batch, queue, chain or unthrottled"};
    int i;

    if (dial < DIAL_OPTIONS)
        return copy_str(buf, size, hints[dial]);
    i = live_option(p, dial - DIAL_OPTIONS);
    if (i < 0)
        return copy_str(buf, size, "");
    snprintf(buf, size, "%s%s%s", p->backend->options[i].help,
             p->backend->options[i].choices ? ": " : "",
             p->backend->options[i].choices ? p->backend->options[i].choices : "");
    return buf;
}
