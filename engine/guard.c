/* Permission, a person's yes, what the target can bear, and who says that it is us: see guard.h.
 *
 * What other threads find out (an address elsewhere, a target that suffers, bytes that are used up)
 * is only noted by them; the supervisor makes events, a pause or an end of it in its next turn. */
#include "engine/guard.h"

#include "engine/engine_private.h"
#include "engine/pool.h"
#include "engine/protect.h"
#include "engine/sweep.h"
#include "engine/text.h"
#include "engine/utf8.h"
#include "engine/secret.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define ASK_EVERY_MS 100
#define LOG_MS 200
#define ROOM_SHARE 0.8               /* of what is free, when nothing else bounds what is to come */
#define ROOM_LEAST (8.0 * (1 << 30)) /* more than this left is room enough, whatever there was */
#define RESUMED_NS (10 * NS_PER_S)   /* a person who resumed has seen the reason */

/* ---- permission ---- */

static void set_guard(struct pool *p, const char *what, const char *rule)
{
    pthread_mutex_lock(&p->mutex);
    copy_str(p->guard, sizeof p->guard, what);
    copy_str(p->guard_rule, sizeof p->guard_rule, rule ? rule : "targets.conf");
    pthread_mutex_unlock(&p->mutex);
    engine_wake(p->engine);
}

/* What a server that does not say who it is goes by. */
static const char *server_name(const struct target *t)
{
    return t->hosts ? t->host[0].name : t->path;
}

/* What a verdict means for this run: a protected thing waits for its name where somebody can type
 * it. 0, or ERR_REFUSED. */
static int settle(struct pool *p, enum rule_verdict verdict, const char *what, const char *where,
                  struct err *err)
{
    if (verdict == RULE_DENY)
        return err_set(err, ERR_REFUSED, "%s: %s is denied (%s)", p->spec.name, what,
                       where ? where : "targets.conf");
    if (verdict != RULE_PROTECT || engine_confirmed(p->engine, what))
        return 0;
    if (!p->engine->scenario.limits.ask_names)
        return err_set(err, ERR_REFUSED, "%s: %s is protected (%s): --confirm '%s' loads it",
                       p->spec.name, what, where ? where : "targets.conf", what);
    set_guard(p, what, where);
    while (!atomic_load(&p->stopping) && !engine_confirmed(p->engine, what))
        pool_wait_ms(p, ASK_EVERY_MS);
    set_guard(p, "", "");
    return atomic_load(&p->stopping) ? err_set(err, ERR_UNREACHED, "%s: stopped", p->spec.name) : 0;
}

int guard_await(struct pool *p, struct err *err)
{
    const struct target *t = &p->spec.target;
    const char *where = NULL;
    bool socket = !t->hosts && strstr(t->scheme, "+unix");
    int bad =
        socket ? settle(p, rules_judge(p->engine->rules, NULL, &where, NULL), t->path, where, err)
               : 0;
    for (unsigned i = 0; i < t->hosts && !bad; i++) {
        bool away = false;
        enum rule_verdict verdict = rules_judge(p->engine->rules, t->host[i].name, &where, &away);
        if (away) /* before a first connect, also where its name says that it is here */
            atomic_store(&p->away, true);
        bad = settle(p, verdict, t->host[i].name, where, err);
    }
    return bad;
}

bool pool_identity_still_allowed(struct pool *p, const char *identity)
{
    const char *where = NULL;
    enum rule_verdict v =
        rules_check_identity(p->engine->rules, p->spec.backend->name, identity, &where);
    const char *shown = identity && *identity ? identity : server_name(&p->spec.target);
    if (v != RULE_DENY && (v != RULE_PROTECT || engine_confirmed(p->engine, shown)))
        return true;
    pthread_mutex_lock(&p->mutex);
    snprintf(p->foreign_why, sizeof p->foreign_why, "%.70s answers now, and is %s (%.70s)", shown,
             v == RULE_DENY ? "denied" : "protected", where ? where : "targets.conf");
    pthread_mutex_unlock(&p->mutex);
    atomic_store(&p->foreign, true);
    engine_wake(p->engine);
    return false;
}

bool pool_identity_matters(const struct pool *p)
{
    return rules_name_identity(p->engine->rules, p->spec.backend->name);
}

bool guard_awaits_yes(const struct pool *p)
{
    return p->engine->scenario.limits.hold_remote && atomic_load(&p->away) &&
           !atomic_load(&p->consented);
}

int guard_note_address(struct pool *p, const char *host, const struct sockaddr *addr,
                       struct err *err)
{
    if (!atomic_load(&p->away) && !address_is_local(addr)) {
        pthread_mutex_lock(&p->mutex);
        copy_str(p->away_host, sizeof p->away_host, host);
        pthread_mutex_unlock(&p->mutex);
        atomic_store(&p->away_learnt, true);
        atomic_store(&p->away, true);
        engine_wake(p->engine);
    }
    if (!atomic_load(&p->away_learnt) || !guard_awaits_yes(p) || address_is_local(addr))
        return 0;
    return err_set(err, ERR_UNREACHED, "%s is not on this machine: nothing is sent before a yes",
                   host);
}

int pool_identity_allowed(struct pool *p, const char *identity, struct err *err)
{
    const char *where = NULL;
    const char *shown = identity && *identity ? identity : server_name(&p->spec.target);
    enum rule_verdict verdict =
        rules_check_identity(p->engine->rules, p->spec.backend->name, identity, &where);
    return settle(p, verdict, shown, where, err);
}

int clean_identity_allowed(const struct clean *c, const char *backend, const char *identity,
                           struct err *err)
{
    const char *where = NULL;
    struct rules *rules = rules_load(err);
    if (!rules)
        return ERR_REFUSED;
    const char *shown = identity && *identity ? identity : server_name(c->target);
    enum rule_verdict verdict = rules_check_identity(rules, backend, identity, &where);
    int bad = 0;
    if (verdict == RULE_DENY)
        bad = err_set(err, ERR_REFUSED, "%s is denied (%s)", shown, where);
    else if (verdict == RULE_PROTECT && !confirm_lists(c->confirm, shown))
        bad = err_set(err, ERR_REFUSED, "%s is protected (%s): --confirm '%s' cleans there", shown,
                      where, shown);
    rules_free(rules);
    return bad;
}

bool pool_awaits_yes(const struct pool *p)
{
    return guard_awaits_yes(p) && !atomic_load(&p->looking);
}

/* ---- what the target can bear ---- */

/* The smaller bound counts. */
static void bound_bytes(struct pool *p, double bytes, const char *why)
{
    if (p->bytes_bounded && (double)atomic_load(&p->bytes_left) <= bytes)
        return;
    pthread_mutex_lock(&p->mutex);
    copy_str(p->bytes_why, sizeof p->bytes_why, why);
    pthread_mutex_unlock(&p->mutex);
    atomic_store(&p->bytes_left, bytes < 9e18 ? (int64_t)bytes : INT64_MAX);
    p->bytes_bounded = true;
}

void guard_init(struct pool *p)
{
    uint64_t most = p->engine->scenario.limits.max_bytes;
    char size[32], why[64];
    if (!most)
        return;
    snprintf(why, sizeof why, "--max-bytes: %s are written",
             format_bytes(size, sizeof size, (double)most));
    bound_bytes(p, (double)most, why);
}

bool guard_take_bytes(struct pool *p, uint64_t bytes)
{
    int64_t take = bytes < INT64_MAX / 2 ? (int64_t)bytes : INT64_MAX / 2;
    if (atomic_fetch_sub_explicit(&p->bytes_left, take, memory_order_relaxed) >= take)
        return true;
    atomic_fetch_add_explicit(&p->bytes_left, take, memory_order_relaxed);
    atomic_store(&p->bytes_spent, true);
    pool_notify(p);
    return false;
}

uint64_t pool_count(const struct pool *p)
{
    return p->spec.count;
}

/* Nothing else bounds what is to come: what the target has free does. */
static void bound_by_room(struct pool *p, double left, const char *of)
{
    char has[32], why[128];
    snprintf(why, sizeof why, "it had %s of %s free, and %.0f %% of that are written",
             format_bytes(has, sizeof has, left), of ? of : "room", 100 * ROOM_SHARE);
    bound_bytes(p, ROOM_SHARE * left / fmax(atomic_load(&p->stored_per_byte), 1), why);
}

int pool_room_allowed(struct pool *p, const struct room *room, struct err *err)
{
    const struct limits *l = &p->engine->scenario.limits;
    char come[32], has[32], why[192];
    bool looking = atomic_load(&p->looking);
    double to_come = room->to_come_bytes;
    if (!atomic_load(&p->away) || isnan(room->free_bytes) || l->look || l->read_only)
        return 0;
    format_bytes(has, sizeof has, room->free_bytes);
    double most = (double)l->max_bytes * fmax(room->stored_per_byte, 1);
    if (l->max_bytes && most < to_come)
        to_come = most;
    atomic_store(&p->stored_per_byte, room->stored_per_byte);
    if (isinf(to_come)) {
        if (!looking)
            bound_by_room(p, room->free_bytes, room->of);
        return 0;
    }
    if (to_come <= room->free_bytes)
        return 0;
    snprintf(why, sizeof why, "%s of data are to come, and it has %s of %s free",
             format_bytes(come, sizeof come, to_come), has, room->of);
    if (!l->ask_names)
        return err_set(err, ERR_REFUSED, "%s: %s (fewer or smaller, or --max-bytes, which ends it)",
                       p->spec.name, why);
    pthread_mutex_lock(&p->mutex);
    bool known = p->room_why[0] != '\0'; /* by a look: the yes was said knowing it */
    copy_str(p->room_why, sizeof p->room_why, why);
    pthread_mutex_unlock(&p->mutex);
    if (looking || known)
        return 0;
    atomic_store(&p->consented, false); /* who said yes before did not know */
    atomic_store(&p->room_short, true);
    engine_wake(p->engine);
    while (!atomic_load(&p->stopping) && !atomic_load(&p->consented))
        pool_wait_ms(p, ASK_EVERY_MS);
    return 0;
}

static double to_come(const struct pool *p, const struct options *o, const double *weight)
{
    return p->spec.backend->to_come ? p->spec.backend->to_come(p, o, weight) : 0;
}

int guard_fits(struct pool *p, const struct options *o, const double *weight, struct err *err)
{
    const struct engine *e = p->engine;
    pthread_mutex_lock(&p->mutex);
    double left = p->stats.free_bytes;
    const char *of = p->stats.free_of;
    pthread_mutex_unlock(&p->mutex);
    double sum = to_come(p, o, weight), now = to_come(p, &p->spec.options, p->spec.load.weight);
    if (p->local || isnan(left) || !(sum > 0) || sum <= now)
        return 0; /* nothing more is to come than was allowed */
    if (isinf(sum)) {
        bound_by_room(p, left, of);
        return 0;
    }
    for (unsigned i = 0; i < e->pools; i++) {
        const struct pool *other = e->pool[i];
        double more = 0;
        if (other != p && !other->removed && other->state != POOL_ENDED &&
            strcmp(other->spec.target.shown, p->spec.target.shown) == 0)
            more = to_come(other, &other->spec.options, other->spec.load.weight);
        sum += isinf(more) ? 0 : more;
    }
    double most = (double)e->scenario.limits.max_bytes * fmax(atomic_load(&p->stored_per_byte), 1);
    if (e->scenario.limits.max_bytes && most < sum)
        sum = most;
    char come[32], has[32];
    if (sum <= left)
        return 0;
    return err_set(err, ERR_REFUSED, "%s: %s of data would come, and it has %s of %s free",
                   p->spec.name, format_bytes(come, sizeof come, sum),
                   format_bytes(has, sizeof has, left), of ? of : "room");
}

static bool strain_is_told(const struct pool *p, enum strain kind)
{
    return atomic_load_explicit(&p->strains, memory_order_relaxed) & 1U << kind;
}

static void tell_strain(struct pool *p, enum strain kind, const char *why)
{
    pthread_mutex_lock(&p->mutex);
    copy_str(p->strain_why[kind], sizeof p->strain_why[kind], why);
    pthread_mutex_unlock(&p->mutex);
    atomic_fetch_or(&p->strains, 1U << kind);
    engine_wake(p->engine);
}

void pool_strain(struct pool *p, enum strain kind, const char *fmt, ...)
{
    if (strain_is_told(p, kind))
        return;
    char why[sizeof p->strain_why[0]];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    tell_strain(p, kind, why);
}

void pool_strain_said(struct pool *p, enum strain kind, const char *said, size_t len,
                      const char *fmt, ...)
{
    if (strain_is_told(p, kind))
        return;
    char why[sizeof p->strain_why[0]], theirs[sizeof why];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    size_t ours = strlen(why);
    copy_str(why + ours, sizeof why - ours, secret_said(theirs, sizeof theirs, said, len));
    tell_strain(p, kind, why);
}

/* ---- the supervisor's part ---- */

static void pause_for(struct pool *p, const char *why)
{
    char text[192];
    snprintf(text, sizeof text, "paused: %s", why);
    engine_event(p->engine, p, "rule", "", text, BY_RULE);
    engine_say(p->engine, "%s: %s", p->spec.name, text);
    sweep_stop_on(p->engine, p, text);
    pool_pause(p, true, BY_RULE);
}

static void hold(struct pool *p)
{
    p->holds += !p->held;
    p->held = true;
    pool_pause(p, true, BY_RULE);
}

static void become_remote(struct pool *p, uint64_t now_ns)
{
    char host[sizeof p->away_host], text[192];
    struct err err = {0};
    pthread_mutex_lock(&p->mutex);
    memcpy(host, p->away_host, sizeof host);
    pthread_mutex_unlock(&p->mutex);
    p->local = false;
    snprintf(text, sizeof text, "%.120s is not on this machine: ceilings and rules hold",
             host[0] ? host : p->spec.target.shown);
    engine_event(p->engine, p, "remote", "", text, BY_RULE);
    if (p->engine->scenario.limits.hold_remote && !atomic_load(&p->consented)) {
        sweep_stop_on(p->engine, p, "its target is not on this machine: somebody is asked first");
        hold(p);
    }
    if (spec_allowed(p->engine, p, &p->spec, &err) < 0) {
        p->failed = err;
        engine_event(p->engine, p, "refused", "", err.msg, BY_RULE);
        pool_finish(p, "error", ORDER_CLOSE, now_ns);
        if (p->state == POOL_ENDED) /* nothing ran: this is why */
            pool_set_state(p, POOL_ENDED, now_ns, "%s", err.msg);
        return;
    }
    if (p->load_from_ns)
        pool_publish_settings(p);
}

/* It is not the server that was allowed. */
static void end_foreign(struct pool *p, uint64_t now_ns)
{
    struct err err = {.code = ERR_REFUSED};
    pthread_mutex_lock(&p->mutex);
    copy_str(err.msg, sizeof err.msg, p->foreign_why);
    pthread_mutex_unlock(&p->mutex);
    p->failed = err;
    engine_event(p->engine, p, "refused", "", err.msg, BY_RULE);
    sweep_stop_on(p->engine, p, err.msg);
    pool_finish(p, "error", ORDER_CLOSE, now_ns);
}

/* The first kind that was noted since the load began or was resumed: what goes on after a person's
 * resume is noted, and pauses, again, once RESUMED_NS have gone by. */
static void look_for_strain(struct pool *p)
{
    unsigned strains = atomic_load(&p->strains);
    if (!strains || engine_now(p->engine) < p->resumed_ns + RESUMED_NS * (p->resumed_ns != 0)) {
        atomic_store(&p->strains, 0);
        return;
    }
    char why[sizeof p->strain_why[0]];
    pthread_mutex_lock(&p->mutex);
    memcpy(why, p->strain_why[__builtin_ctz(strains)], sizeof why);
    pthread_mutex_unlock(&p->mutex);
    atomic_store(&p->strains, 0);
    pause_for(p, why);
    p->strained = true;
}

/* Room goes, whatever takes it: settings that were changed, other pools, other people. Once a
 * second. */
static void look_for_room(struct pool *p)
{
    char free_now[32], first[32], why[128];
    pthread_mutex_lock(&p->mutex);
    double left = p->stats.free_bytes;
    const char *of = p->stats.free_of;
    pthread_mutex_unlock(&p->mutex);
    if (isnan(left) || p->local || !p->load_from_ns || !pool_writes(p))
        return;
    if (p->free_first <= 0)
        p->free_first = left;
    if (left >= (1 - ROOM_SHARE) * p->free_first || left >= ROOM_LEAST)
        return;
    snprintf(why, sizeof why, "it has %s of %s left, of %s at the start",
             format_bytes(free_now, sizeof free_now, left), of ? of : "room",
             format_bytes(first, sizeof first, p->free_first));
    pool_strain(p, STRAIN_ROOM, "%s", why);
}

void guard_supervise(struct pool *p, uint64_t now_ns)
{
    bool on = p->load_from_ns && p->wanted && !p->finishing && !p->engine->scenario.limits.look;
    if (atomic_load(&p->load_on) != on) {
        atomic_fetch_add(&p->loads, on);
        atomic_store(&p->load_on, on);
        pool_wake_thread(p); /* to say so in the system's log */
    }
    if (p->state == POOL_ENDED)
        return;
    if (p->local && atomic_load(&p->away))
        become_remote(p, now_ns);
    if (atomic_load(&p->room_short) && !p->room_asked) {
        p->room_asked = true; /* also after --yes, which knew nothing of it */
        atomic_store(&p->consented, false);
        hold(p);
    }
    if (atomic_load(&p->foreign) && !p->finishing)
        end_foreign(p, now_ns);
    if (!p->local && p->wanted && !p->finishing && !p->paused)
        look_for_strain(p);
    if (p->bytes_bounded && !p->finishing && atomic_load(&p->bytes_spent)) {
        char why[sizeof p->bytes_why];
        pthread_mutex_lock(&p->mutex);
        memcpy(why, p->bytes_why, sizeof why);
        pthread_mutex_unlock(&p->mutex);
        engine_event(p->engine, p, "rule", "", why, BY_RULE);
        engine_say(p->engine, "%s: ended: %s", p->spec.name, why);
        sweep_stop_on(p->engine, p, why);
        pool_finish(p, "rule", ORDER_DRAIN, now_ns);
    }
}

/* Operations that ended well or badly since the last call, those of the warm-up too. */
static void ended_since(struct pool *p, uint64_t *bad, uint64_t *all)
{
    const struct tally *t = &p->monitor.total;
    uint64_t errors = t->errors + t->timeouts + t->warm_errors + t->warm_timeouts;
    uint64_t done = errors + t->completed + t->warm_completed;
    *bad = errors > p->errors_seen ? errors - p->errors_seen : 0;
    *all = done > p->done_seen ? done - p->done_seen : 0;
    p->errors_seen = errors;
    p->done_seen = done;
}

void guard_errors_high(struct pool *p, uint64_t now_ns)
{
    look_for_room(p);
    struct errors_rule rule = rules_errors(p->engine->rules);
    uint64_t bad, all;
    ended_since(p, &bad, &all);
    if (p->local || p->paused || !p->wanted || p->state == POOL_DOWN) {
        p->errors_high_since_ns = 0;
        return;
    }
    if (all && (double)bad <= rule.share * (double)all) {
        p->errors_high_since_ns = 0;
        return;
    }
    /* A second in which nothing ended says nothing: timeouts come in bursts, a timeout apart. */
    if (bad && !p->errors_high_since_ns) {
        p->errors_high_since_ns = now_ns;
        p->errors_high = 0;
    }
    if (!p->errors_high_since_ns)
        return;
    p->errors_high += bad;
    if (now_ns - p->errors_high_since_ns < rule.for_ns || p->errors_high < 2)
        return;
    char why[128];
    snprintf(why, sizeof why,
             "over %.3g %% errors for %.3g s on a target that is not on this machine",
             100 * rule.share, (double)rule.for_ns / 1e9);
    p->errors_high_since_ns = 0;
    pause_for(p, why);
}

/* ---- who we are ---- */

/* Adds what is safe in a client's name on every server. */
static void add_plain(struct text *t, const char *s)
{
    for (; *s; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
                     (*s >= '0' && *s <= '9') || strchr("._-", *s);
        text_put(t, plain ? s : "_", 1);
    }
}

void sender_name(char *buf, unsigned size, const char *run_id)
{
    struct text t = {.limit = 96};
    char host[64] = "";
    struct passwd entry, *found = NULL;
    char room[1024];
    if (getpwuid_r(getuid(), &entry, room, sizeof room, &found) != 0)
        found = NULL;
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    text_add(&t, "loadtop:");
    if (found) {
        char user[32];
        copy_str(user, sizeof user, found->pw_name);
        add_plain(&t, user);
    } else {
        text_add(&t, "uid%u", (unsigned)getuid());
    }
    text_add(&t, "@");
    add_plain(&t, host[0] ? host : "unknown");
    snprintf(buf, size, "%.96s:%.16s", text_str(&t), run_id);
    text_free(&t);
}

const char *pool_sender(const struct pool *p)
{
    return p->engine->sender;
}

/* A line on its way to the system's log; freed by whoever of the two lets go last. */
struct log_line {
    char text[768];
    sem_t written;
    _Atomic int holders;
};

static void let_go_of_line(struct log_line *l)
{
    if (atomic_fetch_sub(&l->holders, 1) > 1)
        return;
    sem_destroy(&l->written);
    free(l);
}

static void *write_line(void *ctx)
{
    struct log_line *l = ctx;
    syslog(LOG_USER | LOG_NOTICE, "%s", l->text);
    sem_post(&l->written);
    let_go_of_line(l);
    return NULL;
}

/* A logger that hangs holds up a thread of its own, and us no longer than LOG_MS. */
static void log_line(const struct pool *p, bool begins)
{
    struct log_line *l = calloc(1, sizeof *l);
    pthread_t thread;
    struct timespec until;
    char how[48] = "";
    if (!l)
        return;
    if (begins)
        snprintf(how, sizeof how, "; kill -TERM %ld ends it", (long)getpid());
    snprintf(l->text, sizeof l->text, "%s: load %s on %s (pid %ld%s)", p->engine->sender,
             begins ? "begins" : "ended", p->spec.target.shown, (long)getpid(), how);
    clean_str(l->text);
    sem_init(&l->written, 0, 0);
    atomic_store(&l->holders, 2);
    if (pthread_create(&thread, NULL, write_line, l)) {
        atomic_store(&l->holders, 1);
        let_go_of_line(l);
        return;
    }
    pthread_detach(thread);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOG_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (sem_timedwait(&l->written, &until) < 0 && errno == EINTR) {
    }
    let_go_of_line(l);
}

void guard_log(struct pool *p)
{
    unsigned loads = atomic_load(&p->loads);
    if (!atomic_load(&p->away))
        return;
    if (loads != p->logged_loads && !p->logged) {
        p->logged = true;
        log_line(p, true);
    }
    p->logged_loads = loads;
    if (p->logged && !atomic_load(&p->load_on)) {
        p->logged = false;
        log_line(p, false);
    }
}
