/* Permission to connect, and consent: see permission.h. */
#include "engine/pools/permission.h"

#include "engine/backend.h"
#include "engine/state/engine_state.h"
#include "engine/base/err.h"
#include "engine/config/limits.h"
#include "engine/state/pool.h"
#include "engine/pools/protect.h"
#include "engine/base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ASK_EVERY_MS 100
#define RULE_TEXT_MAX 256

static void set_guard(struct pool *p, const char *what, const char *rule)
{
    struct pool_shared *shared = pool_lock(p);
    copy_str(shared->guard, sizeof shared->guard, what);
    copy_str(shared->guard_rule, sizeof shared->guard_rule, rule ? rule : "targets.conf");
    pool_unlock(p);
    engine_wake(p->engine);
}

const char *guard_server_name(const struct target *t)
{
    return t->hosts ? t->host[0].name : t->path;
}

/* The rule that decided, and why, if the server does not tell its identity: then every rule that
 * names one may mean it. */
static const char *deciding_rule(char *buf, size_t size, const char *identity, const char *where)
{
    if (!where || (identity && *identity))
        return where;
    snprintf(buf, size, "it does not tell which server it is: %s", where);
    return buf;
}

/* Applies a verdict: for a protected host or identity, waits until the user has typed its name if
 * there is a screen. 0, or ERR_REFUSED. */
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
    while (!atomic_load(&p->atomic.stopping) && !engine_confirmed(p->engine, what))
        pool_wait_ms(p, ASK_EVERY_MS);
    set_guard(p, "", "");
    return atomic_load(&p->atomic.stopping)
               ? err_set(err, ERR_UNREACHED, "%s: stopped", p->spec.name)
               : 0;
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
        bool remote = false;
        enum rule_verdict verdict = rules_judge(p->engine->rules, t->host[i].name, &where, &remote);
        if (remote) /* before the first connect, even if its name looks local */
            atomic_store(&p->atomic.remote, true);
        bad = settle(p, verdict, t->host[i].name, where, err);
    }
    return bad;
}

bool pool_identity_still_allowed(struct pool *p, const char *identity)
{
    const char *where = NULL;
    char rule[RULE_TEXT_MAX];
    enum rule_verdict v =
        rules_check_identity(p->engine->rules, p->spec.backend->name, identity, &where);
    const char *shown = identity && *identity ? identity : guard_server_name(&p->spec.target);
    if (v != RULE_DENY && (v != RULE_PROTECT || engine_confirmed(p->engine, shown)))
        return true;
    where = deciding_rule(rule, sizeof rule, identity, where);
    struct pool_shared *shared = pool_lock(p);
    snprintf(shared->identity_refused_why, sizeof shared->identity_refused_why,
             "%.70s answers now, and is %s (%.140s)", shown,
             v == RULE_DENY ? "denied" : "protected", where ? where : "targets.conf");
    pool_unlock(p);
    atomic_store(&p->atomic.identity_refused, true);
    engine_wake(p->engine);
    return false;
}

bool pool_identity_matters(const struct pool *p)
{
    return rules_name_identity(p->engine->rules, p->spec.backend->name);
}

bool guard_awaits_consent(const struct pool *p)
{
    return p->engine->scenario.limits.hold_remote && atomic_load(&p->atomic.remote) &&
           !atomic_load(&p->atomic.consented);
}

int guard_note_address(struct pool *p, const char *host, const struct sockaddr *addr,
                       struct err *err)
{
    if (!atomic_load(&p->atomic.remote) && !address_is_local(addr)) {
        struct pool_shared *shared = pool_lock(p);
        copy_str(shared->remote_host, sizeof shared->remote_host, host);
        pool_unlock(p);
        atomic_store(&p->atomic.became_remote, true);
        atomic_store(&p->atomic.remote, true);
        engine_wake(p->engine);
    }
    if (!atomic_load(&p->atomic.became_remote) || !guard_awaits_consent(p) ||
        address_is_local(addr))
        return 0;
    return err_set(err, ERR_UNREACHED, "%s is not on this machine: nothing is sent before a yes",
                   host);
}

int pool_identity_allowed(struct pool *p, const char *identity, struct err *err)
{
    const char *where = NULL;
    char rule[RULE_TEXT_MAX];
    const char *shown = identity && *identity ? identity : guard_server_name(&p->spec.target);
    enum rule_verdict verdict =
        rules_check_identity(p->engine->rules, p->spec.backend->name, identity, &where);
    return settle(p, verdict, shown, deciding_rule(rule, sizeof rule, identity, where), err);
}

int clean_identity_allowed(const struct clean *c, const char *backend, const char *identity,
                           struct err *err)
{
    const char *where = NULL;
    char rule[RULE_TEXT_MAX];
    struct rules *rules = rules_load(err);
    if (!rules)
        return ERR_REFUSED;
    const char *shown = identity && *identity ? identity : guard_server_name(c->target);
    enum rule_verdict verdict = rules_check_identity(rules, backend, identity, &where);
    int bad = 0;
    where = deciding_rule(rule, sizeof rule, identity, where);
    if (verdict == RULE_DENY)
        bad = err_set(err, ERR_REFUSED, "%s is denied (%s)", shown, where);
    else if (verdict == RULE_PROTECT && !confirm_lists(c->confirm, shown))
        bad = err_set(err, ERR_REFUSED, "%s is protected (%s): --confirm '%s' cleans there", shown,
                      where, shown);
    rules_free(rules);
    return bad;
}

bool pool_awaits_consent(const struct pool *p)
{
    return guard_awaits_consent(p) && !atomic_load(&p->atomic.inspecting);
}
