/* Identifies the sender of the load to servers and in the system's log. */
#include "engine/pools/sender.h"

#include "engine/backend.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LOG_MS 200

/* Adds the characters that are safe in a client name on every server. */
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

/* A line being written to the system's log; reference-counted by the two threads. */
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

/* Writes on a separate thread, so that a hanging logger delays the caller by at most LOG_MS. */
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
    unsigned loads = atomic_load(&p->atomic.loads);
    if (!atomic_load(&p->atomic.remote))
        return;
    if (loads != pool_own(p)->logged_loads && !pool_own(p)->logged) {
        pool_own(p)->logged = true;
        log_line(p, true);
    }
    pool_own(p)->logged_loads = loads;
    if (pool_own(p)->logged && !atomic_load(&p->atomic.load_on)) {
        pool_own(p)->logged = false;
        log_line(p, false);
    }
}
