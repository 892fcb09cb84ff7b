/* The summary of a run: text from servers and users stays in its own line and cannot forge
 * another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fixture_snapshot.h"
#include "ui/run/summary.h"

#define EVIL "x\nforged\r\x1b[2J\xc2\x85\u2028"
#define SET(field) copy_str(field, sizeof(field), EVIL)

static void spoil(struct snapshot *s)
{
    SET(s->host);
    for (unsigned i = 0; i < s->events; i++) {
        SET(fixture_events[i].pool);
        SET(fixture_events[i].what);
        fixture_events[i].from = fixture_events[i].to = EVIL;
    }
    for (unsigned i = 0; i < s->thresholds; i++)
        SET(fixture_thresholds[i].expr);
    for (unsigned i = 0; i < s->pools; i++) {
        struct pool_snapshot *p = &fixture_pools[i];
        SET(p->name);
        SET(p->target);
        SET(p->server.version);
        SET(p->server.note);
        SET(p->state_why);
        SET(p->bottleneck_why);
        for (unsigned k = 0; k < p->errors; k++) {
            SET(p->error[k].name);
            SET(p->error[k].first);
            SET(p->error[k].last);
        }
        for (unsigned k = 0; k < p->conn_errors; k++) {
            SET(p->conn_error[k].name);
            SET(p->conn_error[k].first);
            SET(p->conn_error[k].last);
        }
        for (unsigned k = 0; k < p->checks; k++)
            SET(p->check[k].why);
    }
}

/* How often a line of what is printed begins so. */
static unsigned lines_with(const char *page, const char *begin)
{
    unsigned n = 0;

    for (const char *at = strstr(page, begin); at; at = strstr(at + 1, begin))
        n += at == page || at[-1] == '\n' || at[-1] == '\r';
    return n;
}

static void test_no_line_is_forged(void **state)
{
    struct snapshot *s = fixture_snapshot();
    struct text t = {0};

    (void)state;
    spoil(s);
    summary_text(&t, s);
    assert_non_null(strstr(text_str(&t), "x forged ?[2J??"));
    assert_int_equal(lines_with(text_str(&t), "forged"), 0);
    for (const char *c = text_str(&t); *c; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    text_free(&t);
}

/* Fewer connections than are wanted, and those that were refused, stand beside the load. */
static void test_missing_connections(void **state)
{
    struct snapshot *s = fixture_snapshot();
    struct text t = {0}, progress = {0};

    (void)state;
    s->pool[3].connections_up = 1;
    s->pool[3].connections_wanted = 3;
    summary_text(&t, s);
    assert_non_null(strstr(text_str(&t), "1 connection a thread, 1 of 3 up\n"));
    assert_non_null(
        strstr(text_str(&t), "connections   refused        17 from 430.0 s to 434.1 s"));
    summary_progress(&progress, s, false);
    assert_non_null(strstr(text_str(&progress), "cass conns 1/3 "));
    assert_null(strstr(text_str(&progress), "redis conns"));
    text_free(&t);
    text_free(&progress);
}

/* A container's quota is a part of a core. */
static void test_the_cores_that_it_may_use(void **state)
{
    static const struct {
        double cpus;
        const char *words;
    } cases[] = {{0.3, "(0.3 cores)"}, {1, "(1 core)"}, {1.5, "(1.5 cores)"}, {128, "(128 cores)"}};
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct snapshot *s = fixture_snapshot();
        struct text t = {0};
        s->cpus = cases[i].cpus;
        summary_text(&t, s);
        if (!strstr(text_str(&t), cases[i].words))
            fail_msg("no %s", cases[i].words);
        text_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_cores_that_it_may_use),
        cmocka_unit_test(test_no_line_is_forged),
        cmocka_unit_test(test_missing_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
