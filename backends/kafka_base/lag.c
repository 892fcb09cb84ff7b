/* Decides whether the consumer keeps up; see lag.h.
 *
 * The slope is the Theil-Sen estimate, which is robust against single late fetches (line.h).
 * Oscillations are not independent noise, so the interval alone would take the rising side of a
 * sawtooth for a trend; therefore the lowest values of the first, second and last third of the
 * window must rise too. */
#include "backends/kafka_base/lag.h"

#include "engine/base/quantity.h"
#include "engine/stats/line.h"
#include "engine/stats/series.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *lag_state_name(enum lag_state s)
{
    static const char *const name[] = {
        [LAG_UNKNOWN] = "measuring",      [LAG_KEEPS_UP] = "keeps up",
        [LAG_CATCHING] = "catching up",   [LAG_STRESSED] = "stressed",
        [LAG_FALLING] = "falling behind",
    };
    return name[s];
}

void lag_watch_init(struct lag_watch *w)
{
    memset(w, 0, sizeof *w);
    w->slope = w->slope_low = w->slope_high = NAN;
    w->reference_wait = w->wait = w->produced_per_s = NAN;
}

static const struct lag_sample *at(const struct lag_watch *w, unsigned i) /* 0: the oldest */
{
    return &w->sample[(w->at + LAG_WINDOW - w->n + i) % LAG_WINDOW];
}

/* Sets the slope with its 95 % interval; the 99.9 % interval goes to sure_low and sure_high: the
 * test is made every second, and at 5 % it would be wrong once a minute. */
static void fit_slope(struct lag_watch *w, double *sure_low, double *sure_high)
{
    double t_s[LAG_WINDOW], lag[LAG_WINDOW];
    struct robust_slope s;
    for (unsigned i = 0; i < w->n; i++) {
        t_s[i] = at(w, i)->t_s;
        lag[i] = at(w, i)->lag;
    }
    line_robust(&s, t_s, lag, w->n);
    w->slope = s.slope;
    w->slope_low = s.low95;
    w->slope_high = s.high95;
    *sure_low = s.low999;
    *sure_high = s.high999;
}

static double lowest(const struct lag_watch *w, unsigned from, unsigned to)
{
    double low = INFINITY;
    for (unsigned i = from; i < to; i++)
        low = fmin(low, at(w, i)->lag);
    return low;
}

static double highest(const struct lag_watch *w, unsigned from, unsigned to)
{
    double high = -INFINITY;
    for (unsigned i = from; i < to; i++)
        high = fmax(high, at(w, i)->lag);
    return high;
}

static bool floor_rises(const struct lag_watch *w)
{
    unsigned third = w->n / 3;
    double first = lowest(w, 0, third), middle = lowest(w, third, w->n - third);
    return first < middle && middle < lowest(w, w->n - third, w->n);
}

static bool top_falls(const struct lag_watch *w)
{
    unsigned third = w->n / 3;
    double first = highest(w, 0, third), middle = highest(w, third, w->n - third);
    return first > middle && middle > highest(w, w->n - third, w->n);
}

static void means(struct lag_watch *w)
{
    double wait[LAG_WINDOW], produced = 0;
    unsigned waits = 0, rates = 0;
    for (unsigned i = 0; i < w->n; i++) {
        const struct lag_sample *s = at(w, i);
        if (!isnan(s->wait_share))
            wait[waits++] = s->wait_share;
        if (!isnan(s->produced_per_s)) {
            produced += s->produced_per_s;
            rates++;
        }
    }
    w->wait = series_median(wait, waits);
    w->produced_per_s = rates ? produced / rates : NAN;
}

static enum lag_state judge(const struct lag_watch *w, double sure_low, double sure_high)
{
    double rate = isnan(w->produced_per_s) ? 0 : w->produced_per_s;
    double least = fmax(1, rate * 0.002); /* ignore a trend below 0.2 % of the rate */
    if (sure_low > 0 && w->slope > least && floor_rises(w))
        return LAG_FALLING;
    if (sure_high < 0 && w->slope < -least && top_falls(w) && at(w, w->n - 1)->lag > fmax(rate, 1))
        return LAG_CATCHING;
    if (w->wait < LAG_WAIT_LOW || w->wait < LAG_WAIT_FELL * w->reference_wait)
        return LAG_STRESSED;
    return LAG_KEEPS_UP;
}

/* Was a backlog just drained? Clients did not wait during it, so their wait share is not
 * representative. */
static bool caught_up(const struct lag_watch *w)
{
    double still = fmax(isnan(w->produced_per_s) ? 0 : w->produced_per_s, 1);
    if (w->state == LAG_CATCHING)
        return at(w, w->n - 1)->lag <= still;
    return w->state == LAG_UNKNOWN && highest(w, 0, w->n / 3) > still &&
           highest(w, w->n - w->n / 3, w->n) <= still;
}

void lag_watch_restart(struct lag_watch *w, bool other)
{
    w->n = 0;
    w->state = LAG_UNKNOWN;
    w->slope = w->slope_low = w->slope_high = w->wait = w->produced_per_s = NAN;
    if (other) {
        w->reference_wait = NAN;
        w->reference_clients = 0;
    }
}

bool lag_watch_add(struct lag_watch *w, const struct lag_sample *s, unsigned clients)
{
    bool restart = clients != w->clients;
    if (restart)
        lag_watch_restart(w, false);
    w->clients = clients;
    if (isnan(s->lag))
        return restart;
    w->sample[w->at] = *s;
    w->at = (w->at + 1) % LAG_WINDOW;
    if (w->n < LAG_WINDOW)
        w->n++;
    means(w);
    if (w->n < LAG_SAMPLES_MIN) {
        w->state = LAG_UNKNOWN;
    } else if (caught_up(w)) {
        lag_watch_restart(w, false);
        restart = true;
    } else {
        double low, high;
        fit_slope(w, &low, &high);
        w->state = judge(w, low, high);
        bool fewer = !w->reference_clients || clients < w->reference_clients;
        if (fewer && w->state != LAG_FALLING && w->state != LAG_CATCHING && !isnan(w->wait)) {
            w->reference_wait = w->wait;
            w->reference_clients = clients;
        }
    }
    return restart;
}

double lag_expiry_s(double retention_s, double lag, double slope_per_s, double produced_per_s)
{
    if (isnan(retention_s) || isnan(lag) || isnan(slope_per_s) || isnan(produced_per_s))
        return NAN;
    if (slope_per_s <= 0 || produced_per_s <= 0 || isinf(retention_s))
        return INFINITY;
    double left = retention_s - lag / produced_per_s;
    return left <= 0 ? 0 : left * produced_per_s / slope_per_s;
}

static void say_time(char *buf, size_t size, double s)
{
    if (s < 120)
        snprintf(buf, size, "%.0f s", s);
    else if (s < 7200)
        snprintf(buf, size, "%.0f min", s / 60);
    else if (s < 172800)
        snprintf(buf, size, "%.0f h", s / 3600);
    else
        snprintf(buf, size, "%.0f days", s / 86400);
}

char *lag_watch_text(const struct lag_watch *w, double retention_s, char *buf, size_t size)
{
    char lag[24], slope[24], when[32];
    double now = w->n ? at(w, w->n - 1)->lag : NAN;
    if (isnan(now)) {
        snprintf(buf, size, "lag not known yet");
        return buf;
    }
    format_number(lag, sizeof lag, now);
    format_number(slope, sizeof slope, fabs(w->slope));
    double expiry = lag_expiry_s(retention_s, now, w->slope, w->produced_per_s);
    switch (w->state) {
    case LAG_FALLING:
        if (isfinite(expiry)) {
            say_time(when, sizeof when, expiry);
            snprintf(buf, size,
                     "falling behind: lag %s grows by %s/s, unread messages expire in %s", lag,
                     slope, when);
        } else {
            snprintf(buf, size, "falling behind: lag %s grows by %s/s", lag, slope);
        }
        break;
    case LAG_CATCHING:
        say_time(when, sizeof when, now / -w->slope);
        snprintf(buf, size, "catching up: lag %s falls by %s/s, done in %s", lag, slope, when);
        break;
    case LAG_STRESSED:
        if (w->wait < LAG_WAIT_FELL * w->reference_wait)
            snprintf(buf, size, "stressed: wait share %.1f %% (%u clients: %.1f), lag %s still",
                     100 * w->wait, w->reference_clients, 100 * w->reference_wait, lag);
        else
            snprintf(buf, size, "stressed: wait share only %.1f %%, lag %s still", 100 * w->wait,
                     lag);
        break;
    case LAG_KEEPS_UP:
        snprintf(buf, size, "keeps up: lag %s", lag);
        break;
    default:
        snprintf(buf, size, "measuring: lag %s", lag);
    }
    return buf;
}
