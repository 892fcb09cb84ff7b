/* Trying addresses in turn, and links with a deadline, against sockets of the test's own on
 * 127.0.0.1: one on which nobody listens, one that never answers, one that answers in halves. A
 * test waits only for deadlines that the code has to meet. */
#include "backends/common/link.h"
#include "backends/common/resolve.h"
#include "engine/base/err.h"
#include "engine/state/pool.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SOON (clock_ns() + 50 * NS_PER_MS) /* for what must not come */
#define LATE (clock_ns() + 60 * NS_PER_S)  /* for what must come */

/* A listener that accepts by its backlog alone. Its address goes to *a. */
static int listen_on(struct address *a)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 8), 0);
    *a = (struct address){.len = sizeof in};
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a->addr, &a->len), 0);
    return fd;
}

/* An address without a listener; its port stays reserved as long as fd is open. */
static int refusing(struct address *a)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    *a = (struct address){.len = sizeof in};
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a->addr, &a->len), 0);
    return fd;
}

static unsigned port_of(const struct address *a)
{
    return ntohs(((const struct sockaddr_in *)(const void *)&a->addr)->sin_port);
}

static struct addresses three(void)
{
    struct err err = {0};
    struct addresses a, one;
    assert_int_equal(resolve(&a, NULL, "127.0.0.1", 1, "t", 0, &err), 0);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(resolve(&one, NULL, "127.0.0.1", 1 + i, "t", 0, &err), 0);
        a.address[a.n++] = one.address[0];
    }
    return a;
}

/* ---- names ---- */

static void a_number_is_one_address(void **state)
{
    (void)state;
    char text[PLACE_TEXT_MAX];
    struct addresses a;
    struct err err = {0};
    assert_int_equal(resolve(&a, NULL, "127.0.0.1", 6379, "t", 0, &err), 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(address_text(&a.address[0], text, sizeof text), "127.0.0.1:6379");
    assert_string_equal(a.host, "127.0.0.1");
    if (resolve(&a, NULL, "::1", 6379, "t", 0, &err) == 0) /* there is IPv6 here */
        assert_string_equal(address_text(&a.address[0], text, sizeof text), "[::1]:6379");
    addresses_of_socket(&a, "/run/x.sock");
    assert_string_equal(address_text(addresses_current(&a), text, sizeof text), "/run/x.sock");
    assert_string_equal(a.host, "");
    assert_string_equal(place_text(text, sizeof text, "fe80::1", 7), "[fe80::1]:7");
    assert_string_equal(place_text(text, sizeof text, "db.example", 7), "db.example:7");
}

static void a_name_is_looked_up_within_its_time(void **state)
{
    (void)state;
    struct addresses a;
    struct err err = {0};
    struct pool *stopping = calloc(1, sizeof *stopping);
    assert_non_null(stopping);
    assert_int_equal(resolve(&a, NULL, "localhost", 7, "t://localhost", LATE, &err), 0);
    assert_true(a.n >= 1);
    assert_int_equal(resolve(&a, NULL, "localhost", 7, "t://localhost", 0, &err), ERR_UNREACHED);
    assert_non_null(strstr(err.msg, "t://localhost: looking up localhost: no answer in time"));
    assert_int_equal(resolve(&a, NULL, "no such.invalid", 7, "t", LATE, &err), ERR_UNREACHED);
    assert_non_null(strstr(err.msg, "looking up no such.invalid: "));
    atomic_store(&stopping->atomic.stopping, true);
    assert_int_equal(resolve(&a, stopping, "localhost", 7, "t", LATE, &err), ERR_UNREACHED);
    free(stopping);
}

/* ---- which address ---- */

static void the_order_begins_with_the_one_that_answered(void **state)
{
    (void)state;
    struct addresses a = three();
    unsigned order[ADDRESSES_MAX];
    assert_int_equal(addresses_order(&a, order), 3);
    assert_true(order[0] == 0 && order[1] == 1 && order[2] == 2);
    addresses_answered(&a, 2);
    addresses_order(&a, order);
    assert_true(order[0] == 2 && order[1] == 0 && order[2] == 1);
    addresses_failed(&a, 1); /* another one than the current: it was left already */
    assert_int_equal(a.current, 2);
    addresses_failed(&a, 2);
    assert_int_equal(a.current, 0);
    addresses_failed(&a, 2); /* a second connection to the same */
    assert_int_equal(a.current, 0);
}

static void what_is_dropped_is_not_tried(void **state)
{
    (void)state;
    struct addresses a = three();
    struct address first = a.address[0], second = a.address[1];
    unsigned order[ADDRESSES_MAX];
    addresses_drop(&a, &second);
    addresses_drop(&a, &first); /* the current one stays */
    assert_int_equal(addresses_order(&a, order), 2);
    assert_true(order[0] == 0 && order[1] == 2);
    addresses_failed(&a, 0);
    assert_int_equal(a.current, 2);
    addresses_failed(&a, 2);
    assert_int_equal(a.current, 0);
}

static void spread_over_those_that_answer(void **state)
{
    (void)state;
    struct addresses a = three();
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(addresses_spread(&a, i), i % 3);
    addresses_failed(&a, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(addresses_spread(&a, i), i % 2 ? 2 : 0);
    addresses_answered(&a, 1);
    assert_int_equal(addresses_spread(&a, 1), 1);
    a.failed_ns[1] = clock_ns() - ADDRESS_REST_NS; /* long ago: it is tried again */
    assert_int_equal(addresses_spread(&a, 1), 1);
    for (unsigned i = 0; i < 3; i++)
        addresses_failed(&a, i);
    assert_int_equal(addresses_spread(&a, 2), a.current);
}

struct trying {
    unsigned calls, good;
    int code;
    uint16_t port[8];
};

static int attempt(void *ctx, const struct address *a, uint64_t deadline_ns, struct err *err)
{
    struct trying *t = ctx;
    (void)deadline_ns;
    t->port[t->calls++] = (uint16_t)port_of(a);
    return port_of(a) == t->good ? 0 : err_set(err, t->code, "port %u", port_of(a));
}

static void they_are_tried_until_one_answers(void **state)
{
    (void)state;
    struct addresses a = three();
    struct err err = {0};
    struct trying t = {.good = 3, .code = ERR_UNREACHED};
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, attempt, &t, &err), 0);
    assert_int_equal(t.calls, 3);
    assert_int_equal(a.current, 2);
    t = (struct trying){.good = 3, .code = ERR_UNREACHED};
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, attempt, &t, &err), 0);
    assert_int_equal(t.calls, 1); /* it begins with the one that answered */
    t = (struct trying){.good = 9, .code = ERR_UNREACHED};
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, attempt, &t, &err), ERR_UNREACHED);
    assert_int_equal(t.calls, 3);
    assert_string_equal(err.msg, "t: tried 127.0.0.1:3: port 3; 127.0.0.1:1: port 1; "
                                 "127.0.0.1:2: port 2");
    t = (struct trying){.good = 9, .code = ERR_REFUSED};
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, attempt, &t, &err), ERR_REFUSED);
    assert_int_equal(t.calls, 1);
    assert_string_equal(err.msg, "port 3"); /* a protection's refusal is not changed */
    t = (struct trying){.good = 9, .code = ERR_FAILED};
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, attempt, &t, &err), ERR_FAILED);
    assert_string_equal(err.msg, "t: at 127.0.0.1:3: port 3"); /* the one that ended the turn */
    a.n = 1;
    a.current = 0;
    t = (struct trying){.good = 9, .code = ERR_UNREACHED};
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, attempt, &t, &err), ERR_UNREACHED);
    assert_string_equal(err.msg, "port 1"); /* the only one there is */
}

/* As many IPv6 addresses as a name may have, all in full length. */
static struct addresses long_ones(void)
{
    struct addresses a = {.host = "h", .n = ADDRESSES_MAX};
    for (unsigned i = 0; i < a.n; i++) {
        struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(10000)};
        memset(&in.sin6_addr, 0x11 * (int)(i + 1), sizeof in.sin6_addr);
        memcpy(&a.address[i].addr, &in, sizeof in);
        a.address[i].len = sizeof in;
    }
    return a;
}

/* What err says when the addresses failed, each for its reason, in order. */
static void say(const struct addresses *a, const char *shown, const char *const *why,
                struct err *err)
{
    struct tries t = {0};
    for (unsigned i = 0; i < a->n && why[i]; i++) {
        err_set(err, ERR_UNREACHED, "%s: %s", shown, why[i]);
        tries_add(&t, a, i, shown, err);
    }
    assert_int_equal(tries_say(&t, a, shown, err), ERR_UNREACHED);
}

static void reasons_that_are_alike_are_joined(void **state)
{
    (void)state;
    struct addresses a = three();
    struct err err = {0};
    char text[PLACE_TEXT_MAX + 8];
    say(&a, "t://h:1", (const char *const[]){"refused", "silent", "refused"}, &err);
    assert_string_equal(err.msg,
                        "t://h:1: tried 127.0.0.1:1, 127.0.0.1:3: refused; 127.0.0.1:2: silent");
    assert_string_equal(address_prefix(&a, 1, text, sizeof text), "at 127.0.0.1:2: ");
    a.n = 1;
    assert_string_equal(address_prefix(&a, 0, text, sizeof text), "");
}

/* One that ended the turn: as long as a message may be. */
static void a_single_reason_is_kept_whole(void **state)
{
    (void)state;
    struct addresses a = three();
    struct err err = {0};
    char why[201] = "", expected[256];
    struct tries t = {0};
    memset(why, 'w', sizeof why - 1);
    err_set(&err, ERR_FAILED, "t://h:1: %s", why);
    tries_add(&t, &a, 1, "t://h:1", &err);
    assert_int_equal(tries_say(&t, &a, "t://h:1", &err), ERR_FAILED);
    snprintf(expected, sizeof expected, "t://h:1: at 127.0.0.1:2: %s", why);
    assert_string_equal(err.msg, expected);
    /* and so is the one that all have */
    why[150] = '\0';
    say(&a, "t://h:1", (const char *const[]){why, why, why}, &err);
    assert_non_null(strstr(err.msg, why));
}

static void an_address_is_never_cut(void **state)
{
    (void)state;
    struct addresses a = long_ones();
    struct err err = {0};
    static const char *const same[] = {
        "no answer in time", "no answer in time", "no answer in time", "no answer in time",
        "no answer in time", "no answer in time", "no answer in time", "no answer in time"};
    say(&a, "t://h:10000", same, &err);
    assert_string_equal(
        err.msg, "t://h:10000: tried [1111:1111:1111:1111:1111:1111:1111:1111]:10000, "
                 "[2222:2222:2222:2222:2222:2222:2222:2222]:10000, "
                 "[3333:3333:3333:3333:3333:3333:3333:3333]:10000, "
                 "[4444:4444:4444:4444:4444:4444:4444:4444]:10000: no answer in time; and 4 more");
    /* Names of any length, and reasons of any: nothing is torn. */
    for (unsigned length = 1; length < 300; length++) {
        char shown[300] = "", why[160] = "";
        const char *all[ADDRESSES_MAX] = {why, "b", why, "d", why, "f", why, "h"};
        memset(shown, 's', length);
        shown[length] = '\0';
        memset(why, 'w', length % 120 + 1);
        say(&a, shown, all, &err);
        const char *end = err.msg;
        while ((end = strchr(end, '['))) {
            end = strstr(end, "]:10000");
            assert_non_null(end);
        }
        assert_true(strlen(err.msg) < sizeof err.msg - 1 || !strstr(err.msg, "tried"));
    }
}

static int open_link(void *ctx, const struct address *a, uint64_t deadline_ns, struct err *err)
{
    const struct link_setup setup = {.host = "localhost", .shown = "t://localhost"};
    return link_open(ctx, &setup, a, deadline_ns, err);
}

/* As localhost with ::1 first and a server on 127.0.0.1 only. */
static void the_second_address_is_reached_by_links_and_workers(void **state)
{
    (void)state;
    struct addresses a = three();
    struct link l = LINK_NONE;
    struct err err = {0};
    unsigned at = 99;
    a.n = 2;
    int nobody = refusing(&a.address[0]), server = listen_on(&a.address[1]);
    assert_int_equal(addresses_try(&a, NULL, "t", LATE, open_link, &l, &err), 0);
    assert_int_equal(a.current, 1);
    link_close(&l);
    a.current = 0;
    int fd = addresses_connect(&a, NULL, &at, &err);
    if (fd >= 0 && at == 0) { /* refused later, as the loop would see */
        close(fd);
        addresses_failed(&a, at);
        fd = addresses_connect(&a, NULL, &at, &err);
    }
    assert_true(fd >= 0);
    assert_int_equal(at, 1);
    close(fd);
    close(server);
    close(nobody);
}

/* ---- links ---- */

/* A link to a listener that has not accepted it yet; returns that one. */
static int link_to_listener(struct link *l)
{
    struct address a;
    struct err err = {0};
    int listener = listen_on(&a);
    assert_int_equal(open_link(l, &a, LATE, &err), 0);
    return listener;
}

static void nobody_listens(void **state)
{
    (void)state;
    struct address a;
    struct link l;
    struct err err = {0};
    int fd = refusing(&a);
    assert_int_equal(open_link(&l, &a, LATE, &err), ERR_UNREACHED);
    assert_non_null(strstr(err.msg, "onnection refused (is the server running?)"));
    assert_int_equal(l.stream.fd, -1);
    link_close(&l);
    close(fd);
}

static void no_answer_and_half_an_answer_end_by_the_deadline(void **state)
{
    (void)state;
    struct link l;
    struct err err = {0};
    char in[16];
    int listener = link_to_listener(&l);
    assert_int_equal(link_send(&l, "PING\r\n", 6, LATE, &err), 0);
    assert_int_equal(link_poll(&l, in, sizeof in, &err), 0);
    assert_int_equal(link_receive(&l, in, sizeof in, SOON, &err), -1);
    assert_string_equal(err.msg, "t://localhost: no answer in time");
    assert_int_equal(err.code, ERR_UNREACHED);
    int peer = accept(listener, NULL, NULL);
    assert_int_equal(write(peer, "+PO", 3), 3);
    assert_int_equal(link_receive(&l, in, sizeof in, LATE, &err), 3);
    assert_int_equal(link_receive(&l, in, sizeof in, SOON, &err), -1);
    assert_string_equal(err.msg, "t://localhost: no answer in time");
    close(peer);
    /* What it was sent and never read makes the end a reset. */
    assert_int_equal(link_receive(&l, in, sizeof in, LATE, &err), -1);
    assert_int_equal(err.code, ERR_UNREACHED);
    link_close(&l);
    close(listener);
}

static void the_end_is_told(void **state)
{
    (void)state;
    struct link l;
    struct err err = {0};
    char in[16];
    int listener = link_to_listener(&l);
    close(accept(listener, NULL, NULL));
    assert_int_equal(link_receive(&l, in, sizeof in, LATE, &err), -1);
    assert_string_equal(err.msg, "t://localhost: the server closed the connection");
    link_close(&l);
    close(listener);
}

static void who_does_not_read_is_given_up(void **state)
{
    (void)state;
    struct link l;
    struct err err = {0};
    size_t much = (size_t)64 << 20;
    char *bytes = calloc(1, much);
    int listener = link_to_listener(&l);
    assert_non_null(bytes);
    assert_int_equal(link_send(&l, bytes, much, SOON, &err), ERR_UNREACHED);
    assert_string_equal(err.msg, "t://localhost: no answer in time");
    link_close(&l);
    close(listener);
    free(bytes);
}

/* What it says is not waited for, so only the deadline ends it. */
static void who_never_stops_talking_is_given_up(void **state)
{
    (void)state;
    struct link l;
    struct err err = {0};
    char in[16];
    int listener = link_to_listener(&l), peer = accept(listener, NULL, NULL);
    assert_int_equal(write(peer, "more", 4), 4);
    struct pollfd p = {.fd = l.stream.fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, -1), 1);
    assert_int_equal(link_receive(&l, in, sizeof in, clock_ns(), &err), -1);
    assert_string_equal(err.msg, "t://localhost: no answer in time");
    link_close(&l);
    close(peer);
    close(listener);
}

static void a_pool_that_stops_does_not_wait(void **state)
{
    (void)state;
    struct link l;
    struct err err = {0};
    char in[16];
    struct pool *pool = calloc(1, sizeof *pool);
    int listener = link_to_listener(&l);
    assert_non_null(pool);
    atomic_store(&pool->atomic.stopping, true);
    l.pool = pool;
    assert_int_equal(link_receive(&l, in, sizeof in, UINT64_MAX, &err), -1);
    assert_non_null(strstr(err.msg, "given up"));
    link_close(&l);
    close(listener);
    free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_one_address),
        cmocka_unit_test(a_name_is_looked_up_within_its_time),
        cmocka_unit_test(the_order_begins_with_the_one_that_answered),
        cmocka_unit_test(what_is_dropped_is_not_tried),
        cmocka_unit_test(spread_over_those_that_answer),
        cmocka_unit_test(they_are_tried_until_one_answers),
        cmocka_unit_test(reasons_that_are_alike_are_joined),
        cmocka_unit_test(a_single_reason_is_kept_whole),
        cmocka_unit_test(an_address_is_never_cut),
        cmocka_unit_test(the_second_address_is_reached_by_links_and_workers),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(no_answer_and_half_an_answer_end_by_the_deadline),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(who_does_not_read_is_given_up),
        cmocka_unit_test(who_never_stops_talking_is_given_up),
        cmocka_unit_test(a_pool_that_stops_does_not_wait),
    };
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1); /* no targets.conf of who runs this */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
