/* Code that accesses data of another thread is stopped, with a line that names the owner. Checked
 * in every build, because the accessors are inline. */
#ifndef LOADTOP_CHECK_ROLES
#define LOADTOP_CHECK_ROLES
#endif

#include "engine/base/role.h"
#include "engine/state/engine_state.h"
#include "engine/state/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static struct pool *pool, *other;
static struct engine *engine;

static void ask_pool_sup(void)
{
    (void)pool_sup(pool);
}

static void ask_const_pool_sup(void)
{
    (void)pool_sup((const struct pool *)pool);
}

static void ask_pool_own(void)
{
    (void)pool_own(pool);
}

static void ask_engine_sup(void)
{
    (void)engine_sup(engine);
}

static void ask_const_engine_sup(void)
{
    (void)engine_sup((const struct engine *)engine);
}

static void ask_command_log_sup(void)
{
    (void)command_log_sup(&engine->commands);
}

static void ask_engine_front(void)
{
    (void)engine_front(engine);
}

/* What it says on stderr before it dies of SIGABRT; "": it lives. */
static void ask_as(struct roles roles, void (*ask)(void), char *said, size_t size)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL); /* not cmocka's */
        dup2(ends[1], STDERR_FILENO);
        roles_set(roles);
        ask();
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(ends[0], said + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    said[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (*said)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void only_its_owner_is_let_in(void **state)
{
    (void)state;
    struct roles front = {.mask = ROLE_FRONT_END}, supervisor = {.mask = ROLE_SUPERVISOR};
    struct roles thread = {ROLE_POOL, pool}, others = {ROLE_POOL, other},
                 worker = {ROLE_WORKER, pool};
    const struct {
        struct roles as;
        void (*ask)(void);
        const char *said; /* NULL: it may */
    } cases[] = {
        {supervisor, ask_pool_sup, NULL},
        {thread, ask_pool_sup, "for the supervisor only, and was called by the pool's thread"},
        {worker, ask_pool_sup, "for the supervisor only, and was called by the worker's thread"},
        {front, ask_pool_sup, "for the supervisor only, and was called by the front end"},
        {supervisor, ask_const_pool_sup, NULL},
        {worker, ask_const_pool_sup, "for the supervisor only"},
        {thread, ask_pool_own, NULL},
        {others, ask_pool_own,
         "for the pool's thread only, and was called by the pool's thread of another one"},
        {supervisor, ask_pool_own, "for the pool's thread only, and was called by the supervisor"},
        {supervisor, ask_engine_sup, NULL},
        {thread, ask_engine_sup, "for the supervisor only"},
        {front, ask_const_engine_sup, "for the supervisor only"},
        {supervisor, ask_command_log_sup, NULL},
        {front, ask_command_log_sup, "for the supervisor only, and was called by the front end"},
        {front, ask_engine_front, NULL},
        {supervisor, ask_engine_front, "for the front end only, and was called by the supervisor"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char said[256];
        ask_as(cases[i].as, cases[i].ask, said, sizeof said);
        if (cases[i].said ? !strstr(said, cases[i].said) : *said)
            fail_msg("case %u: '%s'", i, said);
    }
}

static void *roles_of_a_new_thread(void *ctx)
{
    *(bool *)ctx = role_is(ROLE_FRONT_END, NULL) && !role_is(ROLE_SUPERVISOR, NULL);
    return NULL;
}

static void a_role_is_the_threads_own_and_given_back(void **state)
{
    (void)state;
    pthread_t thread;
    bool front = false;
    struct roles before = roles_set((struct roles){.mask = ROLE_SUPERVISOR});
    assert_int_equal(pthread_create(&thread, NULL, roles_of_a_new_thread, &front), 0);
    pthread_join(thread, NULL);
    assert_true(front);
    assert_true(role_is(ROLE_SUPERVISOR, NULL) && !role_is(ROLE_FRONT_END, NULL));
    roles_set(before);
    assert_true(role_is(ROLE_FRONT_END, NULL) && !role_is(ROLE_SUPERVISOR, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_owner_is_let_in),
        cmocka_unit_test(a_role_is_the_threads_own_and_given_back),
    };
    pool = calloc(1, sizeof *pool);
    other = calloc(1, sizeof *other);
    engine = calloc(1, sizeof *engine);
    if (!pool || !other || !engine)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(pool);
    free(other);
    free(engine);
    return failed;
}
