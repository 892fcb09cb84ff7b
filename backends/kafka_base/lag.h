/* Decides whether the consumer keeps up, from the lag of each second.
 *
 * A large but constant lag is not falling behind, nor is a lag that oscillates with fetches and
 * commits: the criterion is whether its lower envelope rises. Pure functions on samples. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_LAG_H
#define LOADTOP_BACKENDS_KAFKA_BASE_LAG_H

#include <stdbool.h>
#include <stddef.h>

enum lag_state {
    LAG_UNKNOWN,  /* too few samples, or lag not known */
    LAG_KEEPS_UP, /* lag does not grow */
    LAG_CATCHING, /* lag shrinks from a backlog of more than a second */
    /* lag does not grow, but clients wait less than at the reference, or hardly ever */
    LAG_STRESSED,
    LAG_FALLING /* lag grows */
};
const char *lag_state_name(enum lag_state); /* "keeps up" */

struct lag_sample {
    double t_s, lag;       /* messages not consumed yet; NaN: unknown */
    double wait_share;     /* 0..1 of the clients' time; NaN: unknown */
    double produced_per_s; /* messages per second written to the topic; NaN: unknown */
};

#define LAG_WINDOW 30 /* samples, one a second */
#define LAG_SAMPLES_MIN 10
#define LAG_WAIT_FELL 0.9 /* share of the reference below which clients count as stressed */
#define LAG_WAIT_LOW 0.05

struct lag_watch {
    struct lag_sample sample[LAG_WINDOW]; /* a ring */
    unsigned n, at;
    enum lag_state state;
    /* growth of the lag in messages per second: Theil-Sen with its 95 % interval; NaN: unknown */
    double slope, slope_low, slope_high;
    double reference_wait; /* median wait share with the fewest clients; NaN: unknown */
    double wait;           /* median wait share in the window; NaN: unknown */
    double produced_per_s; /* mean of the window; NaN */
    unsigned clients, reference_clients;
};

void lag_watch_init(struct lag_watch *);
/* Restarts the window after a change of the load or of consuming. `other`: the earlier wait share
 * is not comparable either (different handling, work or sharing). */
void lag_watch_restart(struct lag_watch *, bool other);
/* Adds a sample. True: the window was restarted, because `clients` changed or a backlog has just
 * been drained, so that earlier samples are not comparable. */
bool lag_watch_add(struct lag_watch *, const struct lag_sample *, unsigned clients);
/* Seconds until messages expire unread if the lag continues to grow at `slope_per_s`: the oldest
 * unread message is lag/produced old and ages by slope/produced a second. INFINITY: never; NaN:
 * unknown. */
double lag_expiry_s(double retention_s, double lag, double slope_per_s, double produced_per_s);
/* Writes the state as a sentence: "falling behind: lag 1.24M grows by 3.10k/s, unread messages
 * expire in 84 min". retention_s NaN: unknown; INFINITY: messages never expire. Returns buf. */
char *lag_watch_text(const struct lag_watch *, double retention_s, char *buf, size_t size);

#endif
