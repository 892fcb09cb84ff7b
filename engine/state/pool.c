/* Access to a pool's settings and state for its workers, its backend and its figures; see
 * pool.h. */
#include "engine/state/pool.h"

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/os/loop.h"
#include "engine/config/pattern.h"

#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct pool_shared *pool_lock(const struct pool *p)
{
    struct pool *q = (struct pool *)(uintptr_t)p;
    pthread_mutex_lock(&q->lock);
    return &q->under_lock;
}

void pool_unlock(const struct pool *p)
{
    pthread_mutex_unlock(&((struct pool *)(uintptr_t)p)->lock);
}

void *pool_data(const struct pool *p)
{
    return p->data;
}

const struct target *pool_target(const struct pool *p)
{
    return &p->spec.target;
}

const struct options *pool_options(const struct pool *p)
{
    return &p->spec.options;
}

unsigned pool_number(const struct pool *p)
{
    return p->number;
}

bool pool_stopping(const struct pool *p)
{
    return atomic_load(&p->atomic.stopping);
}

double pool_op_weight(const struct pool *p, unsigned type)
{
    const struct pool_shared *shared = pool_lock(p);
    double weight = type < OPS_MAX ? shared->settings.load.weight[type] : 0;
    pool_unlock(p);
    return weight;
}

/* Does the table begin with the entries of the other one, in the same order? Requests refer to
 * entries by index. */
static bool begins_with(const struct op_type *types, const struct op_type *others)
{
    unsigned i = 0;
    while (i < OPS_MAX && types[i].name && others[i].name && !strcmp(types[i].name, others[i].name))
        i++;
    return i == OPS_MAX || !others[i].name;
}

int pool_set_ops(struct pool *p, const struct op_type *types, struct err *err)
{
    const struct backend *b = p->spec.backend;
    const char *mix = p->spec.ops_pending;
    double weight[OPS_MAX];
    if (!(b->flags & BACKEND_POOL_OPS) || !begins_with(types, b->ops))
        return err_set(err, ERR_FAILED,
                       "backend %s: pool_set_ops needs the flag BACKEND_POOL_OPS, and a table "
                       "that begins with the backend's own operations",
                       b->name);
    int bad = mix ? ops_parse(types, b->name, mix, weight, err) : 0;
    if (bad)
        return bad;
    struct pool_shared *shared = pool_lock(p);
    shared->settings.op_types = types;
    if (mix)
        memcpy(shared->settings.load.weight, weight, sizeof weight);
    pool_unlock(p);
    return 0;
}

bool pool_ops_include(const struct pool *p, unsigned type)
{
    return pool_op_weight(p, type) > 0;
}

uint64_t pool_seed(const struct pool *p)
{
    return p->spec.seed;
}

uint64_t pool_timeout_ns(const struct pool *p)
{
    return p->spec.timeout_ns;
}

uint64_t pool_sequence(struct pool *p, uint64_t n)
{
    return atomic_fetch_add_explicit(&p->atomic.sequence, n, memory_order_relaxed);
}

uint64_t pool_follow(struct pool *p, uint64_t n, uint64_t *taken)
{
    *taken = atomic_load_explicit(&p->atomic.sequence, memory_order_relaxed);
    return atomic_fetch_add_explicit(&p->atomic.followed, n, memory_order_relaxed);
}

uint64_t pool_claim(struct pool *p, uint64_t n)
{
    int64_t left = atomic_fetch_sub(&p->atomic.budget, (int64_t)n);
    if (left >= (int64_t)n)
        return n;
    uint64_t granted = left > 0 ? (uint64_t)left : 0;
    atomic_fetch_add(&p->atomic.budget, (int64_t)(n - granted));
    return granted;
}

void pool_unclaim(struct pool *p, uint64_t n)
{
    atomic_fetch_add(&p->atomic.budget, (int64_t)n);
}

void pool_notify(struct pool *p)
{
    loop_signal_fd(p->engine_fd);
}

uint32_t pool_depth(const struct pool *p)
{
    return pattern_depth(pool_sup(p)->load.pattern, pool_sup(p)->load.depth);
}

struct pool_spec pool_spec_now(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct pool_spec *started = &p->spec;
    struct pool_spec now = *started;
    now.load = sup->load;
    now.op_types = sup->op_types;
    now.ops_pending = sup->ops_known ? NULL : started->ops_pending;
    return now;
}

bool pool_writes(const struct pool *p)
{
    const struct pool_supervised *sup = pool_sup(p);
    const struct op_type *types = sup->op_types;
    if (!sup->ops_known)
        return true;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++)
        if (!types[i].reads && !types[i].receives && sup->load.weight[i] > 0)
            return true;
    return false;
}

uint32_t pool_op_bulk(const struct pool *p, const struct op_type *type)
{
    const struct options *o = &p->spec.options;
    int i = type->bulk ? options_find(o->table, type->bulk) : -1;
    uint64_t rows = i >= 0 ? option_u64(o, (unsigned)i) : 1;
    return rows < 1 ? 1 : rows > BULK_MAX ? BULK_MAX : (uint32_t)rows;
}

uint32_t pool_bulk(const struct pool *p)
{
    uint32_t most = 1;
    const struct op_type *types = pool_sup(p)->op_types;
    for (unsigned i = 0; i < OPS_MAX && types[i].name; i++) {
        uint32_t rows = pool_sup(p)->load.weight[i] > 0 ? pool_op_bulk(p, &types[i]) : 1;
        most = rows > most ? rows : most;
    }
    return most;
}

uint32_t pool_connections_wanted(const struct pool *p)
{
    return pool_spec_connections(&p->spec, &pool_sup(p)->load);
}

uint64_t pool_connections_of(const struct pool *p, const struct load *load)
{
    unsigned nodes = atomic_load(&p->atomic.nodes);
    uint64_t threads = load->threads ? load->threads : 1;
    return threads * pool_spec_connections(&p->spec, load) * (nodes ? nodes : 1);
}

void pool_nodes(struct pool *p, unsigned n)
{
    atomic_store(&p->atomic.nodes, n);
}

void pool_note_workers(struct pool *p)
{
    struct pool_shared *shared = pool_lock(p);
    shared->settings.workers = pool_sup(p)->load.threads;
    pool_unlock(p);
}

void pool_set_state(struct pool *p, enum pool_state state, uint64_t now_ns, const char *fmt, ...)
{
    struct pool_supervised *sup = pool_sup(p);
    char why[sizeof sup->state_why];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    memcpy(sup->state_why, why, sizeof why);
    if (state == POOL_DOWN)
        memcpy(sup->down_why, why, sizeof why);
    if (state != sup->state) {
        sup->state = state;
        sup->state_since_ns = now_ns;
    }
}

void pool_note_pause(struct pool *p, bool paused, uint64_t now_ns)
{
    struct pool_supervised *sup = pool_sup(p);
    uint64_t from =
        sup->paused_since_ns > sup->record_from_ns ? sup->paused_since_ns : sup->record_from_ns;
    if (sup->paused_since_ns && now_ns > from)
        sup->paused_ns += now_ns - from;
    sup->paused_since_ns = paused ? now_ns : 0;
}

double pool_loaded_s(const struct pool *p, uint64_t now_ns)
{
    const struct pool_supervised *sup = pool_sup(p);
    if (!sup->load_from_ns)
        return 0;
    uint64_t until = sup->load_until_ns ? sup->load_until_ns : now_ns, paused = sup->paused_ns;
    uint64_t from = sup->record_from_ns;
    if (sup->paused_since_ns && until > sup->paused_since_ns)
        paused += until - (sup->paused_since_ns > from ? sup->paused_since_ns : from);
    return until > from + paused ? (double)(until - from - paused) / 1e9 : 0;
}

bool pool_take_bytes(struct pool *p, uint64_t bytes)
{
    int64_t take = bytes < INT64_MAX / 2 ? (int64_t)bytes : INT64_MAX / 2;
    if (atomic_fetch_sub_explicit(&p->atomic.bytes_left, take, memory_order_relaxed) >= take)
        return true;
    atomic_fetch_add_explicit(&p->atomic.bytes_left, take, memory_order_relaxed);
    atomic_store(&p->atomic.bytes_spent, true);
    pool_notify(p);
    return false;
}

uint64_t pool_count(const struct pool *p)
{
    return p->spec.count;
}

void pool_wait_ms(struct pool *p, int ms)
{
    struct pollfd fd = {.fd = p->wake_fd, .events = POLLIN};
    uint64_t count;
    atomic_fetch_add(&p->atomic.waits, 1);
    if (!atomic_load(&p->atomic.stopping) && poll(&fd, 1, ms) > 0 &&
        read(p->wake_fd, &count, sizeof count) < 0) {
        /* Another reader has consumed the wake-up: nothing to do. */
    }
}

struct stats stats_unknown(void)
{
    return (struct stats){.server_cpu_share = NAN,
                          .server_cores = NAN,
                          .answer_share = NAN,
                          .backend_cpu_share = NAN,
                          .other_clients = -1,
                          .data_items = -1,
                          .data_bytes = -1,
                          .free_bytes = NAN,
                          .rtt_ns = -1};
}

void pool_removing(struct pool *p, uint64_t for_ns)
{
    atomic_store(&p->atomic.removing_ns, clock_ns() + for_ns);
}

void pool_answered(struct pool *p)
{
    atomic_store(&p->atomic.answered, true);
}

void pool_wake_thread(struct pool *p)
{
    uint64_t one = 1;
    if (write(p->wake_fd, &one, sizeof one) < 0) {
        /* The counter is full: the reader is awake already. */
    }
}

bool pool_stats_pending(const struct pool *p)
{
    return p->spec.backend->pool_stats && !atomic_load(&p->atomic.thread_done) &&
           atomic_load(&p->atomic.stats_asked) != atomic_load(&p->atomic.stats_given);
}
