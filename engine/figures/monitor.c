/* See monitor.h. The order of a tick: read and sum the tallies, drain the intervals, close the
 * points. */
#include "engine/figures/monitor.h"
#include "engine/os/usage.h"
#include "engine/state/engine_state.h"
#include "engine/figures/bottleneck.h"
#include "engine/state/pool.h"
#include "engine/state/pool_figures.h"
#include "engine/figures/plateau.h"
#include "engine/figures/scaling.h"
#include "engine/state/snapshot_store.h"
#include "engine/load/workers.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int monitor_init(struct monitor *m)
{
    memset(m, 0, sizeof *m);
    m->store = calloc(1, sizeof *m->store);
    if (!m->store)
        return -1;
    m->store->refs = 1;
    struct histogram *all[] = {&m->all_service,        &m->all_response,      &m->tenth.service,
                               &m->tenth.response,     &m->tenth.lag,         &m->second.service,
                               &m->second.response,    &m->second.lag,        &m->extra[EXTRA_LAG],
                               &m->extra[EXTRA_LEASE], &m->extra[EXTRA_BATCH]};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (histogram_init(all[i]))
            return -1;
    latency_summary(&m->second.service, &m->last_service);
    m->last_response = m->last_lag = m->last_service;
    m->busiest_cpu = m->mean_cpu = m->queued = NAN;
    m->now_generate = m->now_client = m->now_wait = m->now_idle = m->now_batches_per_s = NAN;
    for (unsigned i = 0; i < OPS_MAX; i++)
        m->op_per_s[i] = NAN;
    return 0;
}

void monitor_fini(struct monitor *m)
{
    for (unsigned i = 0; i < OPS_MAX; i++) {
        histogram_fini(&m->service[i]);
        histogram_fini(&m->response[i]);
    }
    for (unsigned i = 0; i < EXTRAS; i++)
        histogram_fini(&m->extra[i]);
    for (unsigned i = 0; i < SERIES; i++)
        histogram_fini(&m->tick[i]);
    histogram_fini(&m->all_service);
    histogram_fini(&m->all_response);
    struct interval *both[] = {&m->tenth, &m->second};
    for (unsigned i = 0; i < 2; i++) {
        histogram_fini(&both[i]->service);
        histogram_fini(&both[i]->response);
        histogram_fini(&both[i]->lag);
    }
    series_store_release(m->store);
}

/* ---- collecting ---- */

static bool merge_into(struct histogram *to, struct histogram *from)
{
    if (!from->slot || !from->count)
        return false;
    if (!to->slot && histogram_init(to))
        return false;
    histogram_merge(to, from);
    return true;
}

static void spread(struct monitor *m, unsigned series)
{
    struct histogram *h = &m->tick[series];
    if (series >= SERIES_EXTRA(0)) {
        unsigned e = series - SERIES_EXTRA(0);
        if (e == EXTRA_LAG)
            histogram_merge(&m->tenth.lag, h);
        histogram_merge(&m->extra[e], h);
        return;
    }
    unsigned type = series / MEASURES, k = series % MEASURES;
    if (k != MEASURE_RESPONSE) {
        merge_into(&m->service[type], h);
        histogram_merge(&m->all_service, h);
        histogram_merge(&m->tenth.service, h);
    }
    if (k != MEASURE_SERVICE) {
        merge_into(&m->response[type], h);
        histogram_merge(&m->all_response, h);
        histogram_merge(&m->tenth.response, h);
    }
}

/* Merges the pool's intervals of this tick into the longer-lived histograms. */
static void spread_tick(struct monitor *m)
{
    for (; m->ticked; m->ticked &= m->ticked - 1) {
        unsigned series = (unsigned)__builtin_ctzll(m->ticked);
        spread(m, series);
        histogram_clear(&m->tick[series]);
    }
}

/* Adds the counts of one tally to sum[]; of points in time it keeps the earliest and the latest. */
static void add_tally(uint64_t *sum, const struct supervised_worker *w, struct tally *moments)
{
    uint64_t words[TALLY_WORDS];
    const struct tally *t = &w->seen;
    unsigned n = TALLY_WORDS_OF(
        atomic_load_explicit(&worker_recorder(w->worker)->types, memory_order_relaxed));
    memcpy(words, t, n * sizeof *words);
    for (unsigned i = 0; i < n; i++)
        sum[i] += words[i];
    if (t->last_end_ns > moments->last_end_ns)
        moments->last_end_ns = t->last_end_ns;
    if (t->first_ns && (!moments->first_ns || t->first_ns < moments->first_ns))
        moments->first_ns = t->first_ns;
}

/* Reads the tallies of workers that were active since the last tick, and sums all. */
static void sum_tallies(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct monitor *m = &sup->figures->monitor;
    struct tally moments = {0};
    uint64_t sum[TALLY_WORDS] = {0};
    m->area = 0;
    for (unsigned i = 0; i < sup->workers; i++) {
        struct supervised_worker *w = sup->worker[i];
        if (!w->reaped && !w->still)
            recorder_read(worker_recorder(w->worker), &w->seen);
        const struct tally *t = &w->seen;
        add_tally(sum, w, &moments);
        double area = (double)t->in_flight_area;
        if (!w->reaped && now_ns > t->area_ns)
            area += (double)t->sent * (double)(now_ns - t->area_ns);
        m->area += area / 1e9;
    }
    memcpy(&m->total, sum, sizeof m->total);
    m->total.last_end_ns = moments.last_end_ns;
    m->total.first_ns = moments.first_ns;
}

void monitor_collect_ended(struct pool *p, struct supervised_worker *w)
{
    struct monitor *m = &pool_sup(p)->figures->monitor;
    for (unsigned i = 0; i < 2; i++)
        m->ticked |= interval_drain(&worker_recorder(w->worker)->set[i], m->tick);
}

void monitor_collect(struct pool *p, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct monitor *m = &sup->figures->monitor;
    unsigned left = 0;
    for (unsigned i = 0; i < sup->workers; i++) {
        struct supervised_worker *w = sup->worker[i];
        /* Workers without a turn since the last tick are not touched. */
        w->still = !w->pending_drain && recorder_still(worker_recorder(w->worker));
        if (w->reaped || w->still)
            continue;
        if (!w->pending_drain)
            recorder_flip(worker_recorder(w->worker));
        w->pending_drain = true;
        left++;
    }
    for (unsigned round = 0; round < 4 && left; round++) {
        struct timespec pause = {0, 200000}; /* a turn is shorter than this */
        if (round)
            nanosleep(&pause, NULL);
        for (unsigned i = 0; i < sup->workers; i++) {
            struct supervised_worker *w = sup->worker[i];
            if (w->reaped || !w->pending_drain || !recorder_quiet(worker_recorder(w->worker)))
                continue;
            m->ticked |= interval_drain(recorder_idle_set(worker_recorder(w->worker)), m->tick);
            w->pending_drain = false;
            left--;
        }
    }
    spread_tick(m);
    sum_tallies(p, now_ns);
}

/* ---- points ---- */

static float quantile_or_nan(const struct histogram *h, double q)
{
    return h->count ? (float)histogram_quantile(h, q) : NAN;
}

static struct point close_interval(struct pool *p, struct interval *in, double now_s)
{
    struct pool_supervised *sup = pool_sup(p);
    struct monitor *m = &sup->figures->monitor;
    const struct tally *a = &in->from, *b = &m->total;
    double span = now_s - in->from_s;
    struct point pt = {.t_s = now_s,
                       .span_s = span,
                       .offered = b->offered - a->offered,
                       .completed = b->completed - a->completed,
                       .errors = b->errors - a->errors,
                       .timeouts = b->timeouts - a->timeouts,
                       .dropped = b->dropped - a->dropped,
                       .threads = pool_running(p),
                       .clients = pool_running(p) * sup->load.clients,
                       .in_flight = span > 0 ? (m->area - in->area_from) / span : 0,
                       .p50 = quantile_or_nan(&in->service, 0.5),
                       .p99 = quantile_or_nan(&in->service, 0.99),
                       .max = in->service.count ? (float)in->service.max : NAN,
                       .response_p99 = quantile_or_nan(&in->response, 0.99),
                       .cpu_share = (float)m->mean_cpu,
                       .paused = sup->state == POOL_PAUSED};
    if (pt.in_flight < 0)
        pt.in_flight = 0;
    return pt;
}

static void restart_interval(struct monitor *m, struct interval *in, double now_s)
{
    in->from_s = now_s;
    in->from = m->total;
    in->area_from = m->area;
    histogram_clear(&in->service);
    histogram_clear(&in->response);
    histogram_clear(&in->lag);
}

void monitor_restart(struct pool *p, double now_s)
{
    struct pool_supervised *sup = pool_sup(p);
    restart_interval(&sup->figures->monitor, &sup->figures->monitor.tenth, now_s);
    restart_interval(&sup->figures->monitor, &sup->figures->monitor.second, now_s);
}

static void keep_second(struct monitor *m, const struct point *pt)
{
    uint64_t block = m->seconds / SERIES_BLOCK, at = m->seconds % SERIES_BLOCK;
    struct series_store *s = m->store;
    if (block >= SERIES_BLOCKS)
        return;
    if (!s->block[block]) {
        struct point *points = calloc(SERIES_BLOCK, sizeof *points);
        s->packed[block] = calloc(SERIES_BLOCK, sizeof *s->packed[block]);
        if (!points || !s->packed[block]) {
            free(points);
            free(s->packed[block]);
            s->packed[block] = NULL;
            return;
        }
        s->block[block] = points;
    }
    s->block[block][at] = *pt;
    s->packed[block][at] = packed_of(&m->second.service);
    m->seconds++;
}

static uint64_t thread_cpu_ns(const struct supervised_worker *w)
{
    clockid_t id;
    if (w->reaped || !w->threaded || pthread_getcpuclockid(w->thread, &id))
        return w->seen.cpu_ns;
    uint64_t used = clock_read_ns(id);
    return used ? used : w->seen.cpu_ns;
}

/* Time that a thread was ready to run and waited for a CPU, ns; 0: not known. */
static uint64_t run_queue_ns(const struct supervised_worker *w)
{
    char path[64], text[96];
    unsigned long long ran = 0, queued = 0;
    int tid = worker_tid(w->worker);
    if (!tid)
        return 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    return sscanf(text, "%llu %llu", &ran, &queued) == 2 ? queued : 0;
}

#define QUEUED_MOST 64

static void measure_queue(struct pool *p, double span_s)
{
    struct pool_supervised *sup = pool_sup(p);
    double worst = NAN;
    unsigned seen = 0;
    for (unsigned i = sup->workers; i-- > 0 && seen < QUEUED_MOST;) {
        struct supervised_worker *w = sup->worker[i];
        uint64_t queued = w->reaped ? 0 : run_queue_ns(w);
        if (!queued)
            continue;
        seen++;
        double share =
            w->queued_seen_ns ? (double)(queued - w->queued_seen_ns) / 1e9 / span_s : NAN;
        w->queued_seen_ns = queued;
        if (!isnan(share) && !(share <= worst))
            worst = share;
    }
    sup->figures->monitor.queued = worst;
    if (!isnan(worst) && sup->state == POOL_LOADING) {
        sup->figures->monitor.queued_sum += worst;
        sup->figures->monitor.queued_n++;
    }
}

static void measure_cpu(struct pool *p, double span_s)
{
    struct pool_supervised *sup = pool_sup(p);
    struct monitor *m = &sup->figures->monitor;
    double sum = 0, busiest = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < sup->workers; i++) {
        struct supervised_worker *w = sup->worker[i];
        if (w->reaped)
            continue;
        uint64_t cpu = thread_cpu_ns(w);
        double share = cpu > w->cpu_seen_ns ? (double)(cpu - w->cpu_seen_ns) / 1e9 / span_s : 0;
        w->cpu_seen_ns = cpu;
        w->cpu_share = share > 1 ? 1 : share;
        sum += w->cpu_share;
        busiest = w->cpu_share > busiest ? w->cpu_share : busiest;
        n++;
    }
    struct pool_shared *shared = pool_lock(p);
    double own = shared->stats.backend_cpu_share;
    pool_unlock(p);
    if (n && !isnan(own)) {
        busiest = fmax(busiest, own);
        if (sup->state == POOL_LOADING) {
            m->backend_cpu_sum += own;
            m->backend_cpu_n++;
        }
    }
    m->busiest_cpu = n ? busiest : NAN;
    m->mean_cpu = n ? sum / n : NAN;
}

/* What the threads used in the warm-up belongs to no second. */
static void begin_cpu(struct pool *p)
{
    struct pool_supervised *sup = pool_sup(p);
    for (unsigned i = 0; i < sup->workers; i++)
        sup->worker[i]->cpu_seen_ns = thread_cpu_ns(sup->worker[i]);
}

static void time_shares(const struct tally *a, const struct tally *b, double thread_ns, double *gen,
                        double *client, double *wait, double *idle)
{
    if (thread_ns <= 0) {
        *gen = *client = *wait = *idle = NAN;
        return;
    }
    *wait = fmin(1, (double)(b->wait_ns - a->wait_ns) / thread_ns);
    *idle = fmin(1 - *wait, (double)(b->idle_ns - a->idle_ns) / thread_ns);
    double busy = fmax(0, 1 - *wait - *idle);
    *gen = fmin(busy, (double)(b->generate_ns - a->generate_ns) / thread_ns);
    *client = busy - *gen;
}

/* The sign of a second's difference between N and X R if it exceeds the limit plus what is in
 * flight at its ends: -1, 0, 1. */
static int little_sign(double n, double xr, double r_s, double span_s)
{
    double slack = LIMIT_LITTLE + 2 * r_s / span_s;
    return xr < (1 - slack) * n ? -1 : xr > (1 + slack) * n ? 1 : 0;
}

/* Records both sides of Little's law for a full second. Requests in flight at its ends must not
 * matter, but they do when a stall begins (X R lacks the waiting ones) and when it ends (X R has
 * those of earlier seconds). Each affects one second; a real violation has the same sign in
 * consecutive seconds. */
static void note_little(struct monitor *m, const struct point *pt)
{
    const struct histogram *r = &m->second.service;
    unsigned at = m->littles % 10;
    int before = m->little_sign;
    m->little_sign = 0;
    if (pt->paused || m->resized_in_second || pt->span_s <= 0 || !r->count || r->max > NS_PER_S) {
        m->littles = 0; /* a second with a change cannot be tested */
        return;
    }
    m->little_r = histogram_mean(r) / 1e9;
    /* requests that ended without an answer were in flight too */
    double n = pt->in_flight, xr = (double)r->count / pt->span_s * m->little_r;
    m->little_sign = little_sign(n, xr, m->little_r, pt->span_s);
    if (m->little_sign && m->little_sign != before) {
        m->littles = 0;
        return;
    }
    m->little_n[at] = n;
    m->little_xr[at] = xr;
    m->littles++;
}

double monitor_lag_limit_ns(const struct monitor *m)
{
    return fmax(1e6, 0.1 * m->median_ns);
}

static struct class_count *class_of(struct class_counts *all, const char *name)
{
    for (unsigned i = 0; i < all->n; i++)
        if (!strcmp(all->of[i].name, name))
            return &all->of[i];
    if (all->n == RECORDER_CLASSES)
        return NULL;
    struct class_count *c = &all->of[all->n++];
    memcpy(c->name, name, sizeof c->name);
    return c;
}

uint64_t monitor_class_recent(const struct class_counts *all, const char *error_class)
{
    for (unsigned i = 0; i < all->n; i++)
        if (!strcmp(all->of[i].name, error_class))
            return all->of[i].recent;
    return 0;
}

/* Adds up one of the two tables of each worker. */
static void count_classes(const struct pool *p, struct class_counts *all, bool conns)
{
    const struct pool_supervised *sup = pool_sup(p);
    uint64_t now[RECORDER_CLASSES] = {0};
    for (unsigned i = 0; i < sup->workers; i++) {
        const struct recorder *r = worker_recorder(sup->worker[i]->worker);
        const struct class_table *t = conns ? &r->conn_errors : &r->errors;
        unsigned classes = atomic_load_explicit(&t->classes, memory_order_acquire);
        for (unsigned k = 0; k < classes; k++) {
            struct class_count *c = class_of(all, t->slot[k]->name);
            if (c)
                now[c - all->of] += atomic_load(&t->slot[k]->count);
        }
    }
    for (unsigned i = 0; i < all->n; i++) {
        all->of[i].recent = now[i] - all->of[i].count;
        all->of[i].count = now[i];
    }
}

static void close_second(struct pool *p, double now_s)
{
    struct pool_supervised *sup = pool_sup(p);
    struct monitor *m = &sup->figures->monitor;
    double span = now_s - m->second.from_s;
    const struct tally *a = &m->second.from, *b = &m->total;
    measure_cpu(p, span);
    measure_queue(p, span);
    struct point pt = close_interval(p, &m->second, now_s);
    keep_second(m, &pt);
    latency_summary(&m->second.service, &m->last_service);
    latency_summary(&m->second.response, &m->last_response);
    latency_summary(&m->second.lag, &m->last_lag);
    if (m->second.response.count) /* without answers keep the last median */
        m->median_ns = (double)histogram_quantile(&m->second.response, 0.5);
    atomic_store(&p->atomic.lag_limit_ns, (uint64_t)monitor_lag_limit_ns(m));
    /* number of threads; times the seconds it is what the shares are relative to */
    double turned = 0;
    for (unsigned i = 0; i < sup->workers; i++)
        turned += sup->worker[i]->reaped ? 0 : 1;
    time_shares(a, b, turned * span * 1e9, &m->now_generate, &m->now_client, &m->now_wait,
                &m->now_idle);
    m->now_batches_per_s = (double)(b->batches - a->batches) / span;
    for (unsigned i = 0; i < OPS_MAX; i++)
        m->op_per_s[i] = (double)(b->op[i].completed - a->op[i].completed) / span;
    note_little(m, &pt);
    count_classes(p, &m->errors, false);
    count_classes(p, &m->conn_errors, true);
    m->resized_in_second = false;
    restart_interval(m, &m->second, now_s);
}

bool monitor_tick(struct pool *p, double now_s, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    struct monitor *m = &sup->figures->monitor;
    if (!sup->load_from_ns || now_ns < sup->record_from_ns) { /* intervals exclude the warm-up */
        monitor_restart(p, now_s);
        return false;
    }
    if (!m->recording) {
        m->recording = true;
        m->tenth.from_s = m->second.from_s = engine_seconds(p->engine, sup->record_from_ns);
        if (p->spec.warmup_ns)
            begin_cpu(p);
    }
    if (now_s - m->tenth.from_s < 0.05)
        return false;
    struct point pt = close_interval(p, &m->tenth, now_s);
    m->tenths[m->tenth_count++ % TENTHS] = pt;
    plateau_tenth(p, &pt);
    histogram_merge(&m->second.service, &m->tenth.service);
    histogram_merge(&m->second.response, &m->tenth.response);
    histogram_merge(&m->second.lag, &m->tenth.lag);
    restart_interval(m, &m->tenth, now_s);
    if (now_s - m->second.from_s < 0.9999)
        return false;
    close_second(p, now_s);
    plateau_judge(p, now_s);
    scaling_update(p);
    return true;
}

/* When the last second of a pool that has ended was over: with its load, or with the last operation
 * that ended after it, not when the supervisor came to it. */
static double last_moment_s(const struct pool *p, double now_s)
{
    const struct pool_supervised *sup = pool_sup(p);
    uint64_t last = sup->figures->monitor.total.last_end_ns;
    uint64_t over = sup->load_until_ns > last ? sup->load_until_ns : last;
    double over_s = engine_seconds(p->engine, over);
    return over && over_s > sup->figures->monitor.second.from_s ? fmin(over_s, now_s) : now_s;
}

void monitor_last(struct pool *p, double now_s)
{
    struct monitor *m = &pool_sup(p)->figures->monitor;
    histogram_merge(&m->second.service, &m->tenth.service);
    histogram_merge(&m->second.response, &m->tenth.response);
    histogram_merge(&m->second.lag, &m->tenth.lag);
    restart_interval(m, &m->tenth, now_s);
    const struct tally *a = &m->second.from, *b = &m->total;
    if (pool_sup(p)->load_from_ns && now_s > m->second.from_s &&
        a->offered + a->completed != b->offered + b->completed) {
        struct point pt = close_interval(p, &m->second, last_moment_s(p, now_s));
        keep_second(m, &pt);
    }
    restart_interval(m, &m->second, now_s);
}

struct packed_pool *monitor_pack(const struct monitor *m)
{
    struct packed_pool *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->service = packed_of(&m->all_service);
    p->response = packed_of(&m->all_response);
    for (unsigned i = 0; i < OPS_MAX; i++) {
        p->op_service[i] = packed_of(&m->service[i]);
        p->op_response[i] = packed_of(&m->response[i]);
    }
    return p;
}
