/* The mark of a run on the server: a hash beside the keys, in which each field records the keys
 * that a pool of some run may have created. `clean` relies on it alone, never on a file.
 *
 * Before its first request that may create a key, a connection claims keys by a command that the
 * server executes first. So the mark exists however loadtop ends, and also on a server that was
 * restarted without its data. A claim is an upper bound, as allowed by `keys`. It only grows, and
 * each state of it has its own field, so that a late claim cannot overwrite a newer one. When every
 * worker has ended, the pool's thread replaces the claims by the keys actually created. HMSET is
 * not an operation of the mix, so the server's counts of those stay exact. */
#include "backends/redis/mark.h"

#include "backends/redis/hello.h"
#include "backends/redis/link.h"
#include "backends/redis/types.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const family_name[FAMILIES] = {
    [FAMILY_STRING] = "string", [FAMILY_COUNTER] = "counter", [FAMILY_LIST] = "list",
    [FAMILY_SET] = "set",       [FAMILY_HASH] = "hash",       [FAMILY_ZSET] = "zset",
};

char *redis_mark_name(char buf[REDIS_MARK_NAME], const char *prefix)
{
    snprintf(buf, REDIS_MARK_NAME, "%.*s" REDIS_MARK_SUFFIX, REDIS_PREFIX_MAX, prefix);
    return buf;
}

void redis_mark_value(struct text *t, const uint64_t bound[FAMILIES], const char *at,
                      const char *by)
{
    for (int i = 0; i < FAMILIES; i++)
        if (bound[i])
            text_add(t, "%s=%llu ", family_name[i], (unsigned long long)bound[i]);
    text_add(t, "at=%s by=%s", at, by);
}

static bool read_bound(const char *digits, size_t len, uint64_t *bound)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9' || v > REDIS_KEYS_MAX)
            return false;
        v = v * 10 + (uint64_t)(digits[i] - '0');
    }
    *bound = v;
    return len > 0 && v <= REDIS_KEYS_MAX;
}

bool redis_mark_read(const char *value, size_t len, uint64_t bound[FAMILIES])
{
    memset(bound, 0, FAMILIES * sizeof *bound);
    for (size_t at = 0, word; at < len; at += word + 1) {
        const char *end = memchr(value + at, ' ', len - at);
        word = end ? (size_t)(end - value) - at : len - at;
        const char *is = memchr(value + at, '=', word);
        if (!is)
            return false;
        size_t name = (size_t)(is - value) - at;
        for (int i = 0; i < FAMILIES; i++)
            if (strlen(family_name[i]) == name && !memcmp(family_name[i], value + at, name) &&
                !read_bound(is + 1, word - name - 1, &bound[i]))
                return false;
    }
    return len > 0;
}

/* Counts the digits up to `stop` or the end. 0: there are none, or something else comes first. */
static size_t span_digits(const char *s, size_t len, char stop)
{
    size_t n = 0;
    while (n < len && s[n] >= '0' && s[n] <= '9')
        n++;
    return (stop ? n < len && s[n] == stop : n == len) ? n : 0;
}

bool redis_mark_field(const char *field, size_t len, char run[9])
{
    size_t pool;
    for (size_t i = 0; i < 8; i++)
        if (i >= len ||
            !((field[i] >= '0' && field[i] <= '9') || (field[i] >= 'a' && field[i] <= 'f')))
            return false;
    if (len < 10 || field[8] != '.' || !(pool = span_digits(field + 9, len - 9, '.')) ||
        !span_digits(field + 10 + pool, len - 10 - pool, '\0'))
        return false;
    memcpy(run, field, 8);
    run[8] = '\0';
    return true;
}

#ifdef LOADTOP_HAVE_HIREDIS

#include <hiredis/hiredis.h>

/* Numbers the pools of this process, so that two with the same prefix do not overwrite each other's
 * claims. */
static _Atomic unsigned pools_marked;

void redis_mark_begin(struct redis_mark *m)
{
    unsigned number = m->number ? m->number : atomic_fetch_add(&pools_marked, 1) + 1;
    time_t now = time(NULL);
    struct tm utc;
    memset(m, 0, sizeof *m);
    m->number = number;
    if (!gmtime_r(&now, &utc) || !strftime(m->at, sizeof m->at, "%Y-%m-%dT%H:%M:%SZ", &utc))
        copy_str(m->at, sizeof m->at, "-");
}

static char *field_name(char buf[48], const struct pool *pool, const struct redis_mark *m,
                        unsigned version)
{
    snprintf(buf, 48, "%.8s.%u.%u", pool_run_id(pool), m->number, version);
    return buf;
}

/* HMSET NAME FIELD VALUE. */
static void add_claim(struct text *t, const struct pool *pool, const struct redis_mark *m,
                      unsigned version, const uint64_t bound[FAMILIES])
{
    char name[REDIS_MARK_NAME], field[48];
    struct text value = {0};
    redis_mark_value(&value, bound, m->at, pool_sender(pool));
    redis_words(t, 4,
                (const char *[]){
                    "HMSET", redis_mark_name(name, option_str(pool_options(pool), REDIS_PREFIX)),
                    field_name(field, pool, m, version), text_str(&value)});
    t->cut = t->cut || value.cut;
    text_free(&value);
}

/* ---- On a worker's thread ---- */

size_t redis_mark_claim(struct redis_worker *w, enum redis_family family, uint64_t key)
{
    struct pool *pool = worker_pool(w->worker);
    struct redis_pool *p = pool_data(pool);
    struct redis_mark *m = &p->mark;
    uint64_t wanted[FAMILIES] = {0};
    bool grows = false;
    for (unsigned i = 0; i < REDIS_OPS; i++)
        if (redis_op_info[i].creates && pool_ops_include(pool, i))
            wanted[redis_op_info[i].family] = w->keys.n;
    wanted[family] = key < w->keys.n ? w->keys.n : key + 1;
    pthread_mutex_lock(&p->workers.mutex);
    for (int i = 0; i < FAMILIES; i++) {
        grows = grows || wanted[i] > m->bound[i];
        if (wanted[i] > m->bound[i])
            m->bound[i] = wanted[i];
    }
    m->version += grows;
    if (w->claim.version != m->version) {
        w->claim.version = m->version;
        memcpy(w->claim.bound, m->bound, sizeof w->claim.bound);
        text_clear(&w->claim.bytes);
        add_claim(&w->claim.bytes, pool, m, m->version, m->bound);
    }
    pthread_mutex_unlock(&p->workers.mutex);
    return w->claim.bytes.len;
}

void redis_mark_answered(struct redis_worker *w, const struct resp_error *refusal)
{
    struct pool *pool = worker_pool(w->worker);
    struct redis_pool *p = pool_data(pool);
    char name[REDIS_MARK_NAME], said[61];
    bool first = false;
    pthread_mutex_lock(&p->workers.mutex);
    if (!refusal) {
        p->mark.stands = true;
    } else if (!p->mark.refusal[0]) {
        secret_said(p->mark.refusal, sizeof p->mark.refusal, refusal->text, refusal->len);
        first = true;
    }
    pthread_mutex_unlock(&p->workers.mutex);
    if (first)
        pool_event(pool, "%.60s: the mark of this run is refused, so clean leaves its keys: %s",
                   redis_mark_name(name, option_str(pool_options(pool), REDIS_PREFIX)),
                   secret_said(said, sizeof said, refusal->text, refusal->len));
}

/* ---- On the pool's thread ---- */

struct redis_mark redis_mark_now(struct redis_pool *p)
{
    pthread_mutex_lock(&p->workers.mutex);
    struct redis_mark m = p->mark;
    pthread_mutex_unlock(&p->workers.mutex);
    return m;
}

/* Sends a command and returns whether it was executed; records a refusal. */
static bool carry_out(struct redis_pool *p, const struct text *command, uint64_t deadline_ns)
{
    if (command->cut ||
        redis_link_send(p->link, text_str(command), command->len, deadline_ns, NULL) < 0)
        return false;
    redisReply *r = redis_link_reply(p->link, deadline_ns, NULL);
    bool done = r && r->type != REDIS_REPLY_ERROR;
    pthread_mutex_lock(&p->workers.mutex);
    if (r && !done)
        secret_said(p->mark.refusal, sizeof p->mark.refusal, r->str, r->len);
    pthread_mutex_unlock(&p->workers.mutex);
    if (!r)
        redis_link_down(p);
    else
        freeReplyObject(r);
    return done;
}

/* Adds the command HDEL with NAME and the fields of all claims that were made. */
static void add_removal(struct text *t, const struct pool *pool, const struct redis_mark *m)
{
    char name[REDIS_MARK_NAME], field[48];
    text_add(t, "*%u\r\n", m->version + 2);
    redis_mark_name(name, option_str(pool_options(pool), REDIS_PREFIX));
    text_add(t, "$4\r\nHDEL\r\n$%zu\r\n%s\r\n", strlen(name), name);
    for (unsigned i = 1; i <= m->version; i++) {
        field_name(field, pool, m, i);
        text_add(t, "$%zu\r\n%s\r\n", strlen(field), field);
    }
}

void redis_mark_settle(struct pool *pool, const uint64_t high[FAMILIES], uint64_t deadline_ns)
{
    struct redis_pool *p = pool_data(pool);
    struct redis_mark m = redis_mark_now(p);
    struct text claim = {0}, removal = {0};
    bool any = false;
    if (!m.version || m.settled || !p->link)
        return;
    for (int i = 0; i < FAMILIES; i++)
        any = any || high[i];
    add_claim(&claim, pool, &m, 0, high);
    add_removal(&removal, pool, &m);
    bool claimed = any && carry_out(p, &claim, deadline_ns);
    bool removed = (claimed || !any) && p->link && carry_out(p, &removal, deadline_ns);
    pthread_mutex_lock(&p->workers.mutex);
    p->mark.settled = removed;
    p->mark.stands = any ? claimed || p->mark.stands : p->mark.stands && !removed;
    pthread_mutex_unlock(&p->workers.mutex);
    text_free(&claim);
    text_free(&removal);
}

#endif
