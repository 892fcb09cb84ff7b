/* TLS on memory buffers, over links, against an OpenSSL server in a thread: all bytes arrive in
 * both directions, an untrusted server is refused, a server without TLS is reported in time, and an
 * encrypted key is an error instead of a question. */
#include "backends/common/link.h"
#include "backends/common/resolve.h"
#include "backends/common/tls.h"
#include "backends/common/tls_option.h"
#include "backends/common/tls_scheme.h"
#include "engine/base/err.h"
#include "engine/os/loop.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct option_spec table[] = {
    TLS_OPTION_ROWS(0, "tests", "ca", "tls-verify"),
    {.name = NULL},
};

static void the_four_rows_and_what_they_are_set_to(void **state)
{
    (void)state;
    static const char *const names[] = {"tls.ca", "tls.cert", "tls.key", "tls.verify"};
    struct options o;
    struct err err = {0};
    options_init(&o, table);
    assert_int_equal(o.n, TLS_OPTIONS);
    for (unsigned i = 0; i < TLS_OPTIONS; i++) {
        assert_string_equal(table[i].name, names[i]);
        assert_int_equal(table[i].flags, OPTION_TRUSTED_ONLY);
    }
    assert_string_equal(tls_files(&o, 0).ca, "");
    assert_true(tls_files(&o, 0).verify);
    assert_int_equal(options_set(&o, "tls.cert", "/c", ORIGIN_ARGV, false, &err), 0);
    assert_string_equal(tls_files(&o, 0).key, "/c"); /* one file may hold both */
    assert_int_equal(options_set(&o, "tls.key", "/k", ORIGIN_ARGV, false, &err), 0);
    assert_string_equal(tls_files(&o, 0).key, "/k");
    assert_int_equal(options_set(&o, "tls-verify", "no", ORIGIN_ARGV, false, &err), 0);
    assert_false(tls_files(&o, 0).verify);
    options_fini(&o);
}

/* First bytes of servers, and whether a record of TLS begins with them; -1: too few to tell. */
static void three_bytes_tell_a_record(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        int record;
    } cases[] = {{"\x16\x03\x03\x00\x7a", 5, 1},
                 {"\x15\x03\x01", 3, 1},
                 {"\x17\x03\x04", 3, 1},
                 {"\x14\x03\x00", 3, 1},
                 {"\x15\x03", 2, -1},
                 {"\x15", 1, -1},
                 {"", 0, -1},
                 {"-ERR", 4, 0},
                 {"HTTP/1.1", 8, 0},
                 {"\x84\x00\x00\x00", 4, 0},
                 {"\x15\x03\x05", 3, 0},
                 {"\x18\x03\x03", 3, 0},
                 {"\x13\x03\x03", 3, 0},
                 {"\x16\x02\x03", 3, 0},
                 {"\x00\x00\x00", 3, 0}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tls_record_begins(cases[i].bytes, cases[i].n), cases[i].record == 1);
        assert_int_equal(tls_record_excluded(cases[i].bytes, cases[i].n), cases[i].record == 0);
    }
}

#ifdef LOADTOP_HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define SOON (clock_ns() + 100 * NS_PER_MS) /* for what must not come */
#define LATE (clock_ns() + 60 * NS_PER_S)   /* for what must come */
#define MUCH ((size_t)3 << 20)              /* more than sockets and records hold */

static char dir[] = "/tmp/loadtop-tls-XXXXXX";
static char cert_file[64], other_file[64], locked_file[64];
static EVP_PKEY *key;
static X509 *cert;

static X509 *make_cert(EVP_PKEY *of)
{
    X509 *x = X509_new();
    X509V3_CTX ctx;
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, of);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(x, of, EVP_sha256()) > 0);
    return x;
}

static void write_cert(char *path, size_t size, const char *name, X509 *x)
{
    snprintf(path, size, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *another = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    cert = make_cert(key);
    X509 *other = make_cert(another);
    write_cert(cert_file, sizeof cert_file, "cert.pem", cert);
    write_cert(other_file, sizeof other_file, "other.pem", other);
    snprintf(locked_file, sizeof locked_file, "%s/locked.pem", dir);
    FILE *f = fopen(locked_file, "w");
    assert_int_equal(
        PEM_write_PrivateKey(f, key, EVP_aes_256_cbc(), (const unsigned char *)"x", 1, NULL, NULL),
        1);
    fclose(f);
    X509_free(other);
    EVP_PKEY_free(another);
    signal(SIGPIPE, SIG_IGN); /* of the test's server */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(cert_file);
    unlink(other_file);
    unlink(locked_file);
    rmdir(dir);
    X509_free(cert);
    EVP_PKEY_free(key);
    return 0;
}

static const struct tls_scheme scheme = {
    .plain = "t", .tls = "ts", .question = "PING\r\n", .question_len = 6};

struct server {
    int listener;
    struct address address;
    pthread_t thread;
    unsigned more;    /* connections to serve after the first */
    const char *says; /* it speaks no TLS, and says this at once; 7 bytes */
    bool silent;      /* it accepts, and nothing else */
    bool asks;        /* for a certificate of the client's */
};

static void echo(SSL *ssl)
{
    static char bytes[16384];
    int n;
    while ((n = SSL_read(ssl, bytes, sizeof bytes)) > 0)
        if (SSL_write(ssl, bytes, n) != n)
            return;
}

static void serve_one(const struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(c, cert);
    SSL_CTX_use_PrivateKey(c, key);
    if (s->asks)
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL *ssl = SSL_new(c);
    SSL_set_fd(ssl, fd);
    char byte;
    if (s->says) {
        if (write(fd, s->says, 7) == 7)
            while (read(fd, &byte, 1) > 0)
                ;
    } else if (s->silent) {
        while (read(fd, &byte, 1) > 0)
            ;
    } else if (SSL_accept(ssl) == 1) {
        echo(ssl);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(c);
    close(fd);
}

static void *serve(void *ctx)
{
    const struct server *s = ctx;
    for (unsigned i = 0; i <= s->more; i++)
        serve_one(s);
    return NULL;
}

static void server_listen(struct server *s)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    s->address.len = sizeof in;
    getsockname(s->listener, (struct sockaddr *)&s->address.addr, &s->address.len);
}

static void server_start(struct server *s)
{
    server_listen(s);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_end(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static struct tls_context *context(const char *ca, const char *cert_path, const char *key_path,
                                   struct err *err)
{
    struct options o;
    struct err bad = {0};
    options_init(&o, table);
    assert_int_equal(options_set(&o, "tls.ca", ca, ORIGIN_ARGV, false, &bad), 0);
    assert_int_equal(options_set(&o, "tls.cert", cert_path, ORIGIN_ARGV, false, &bad), 0);
    assert_int_equal(options_set(&o, "tls.key", key_path, ORIGIN_ARGV, false, &bad), 0);
    struct tls_context *c = tls_context_new(&o, 0, &scheme, err);
    options_fini(&o);
    return c;
}

static int open_to(struct link *l, struct server *s, const char *ca, const char *host,
                   uint64_t deadline_ns, struct err *err)
{
    server_start(s);
    struct tls_context *c = context(ca, "", "", err);
    assert_non_null(c);
    const struct link_setup setup = {.host = host, .tls = c, .scheme = &scheme, .shown = "ts://x"};
    int code = link_open(l, &setup, &s->address, deadline_ns, err);
    tls_context_free(c); /* the link keeps what it needs */
    return code;
}

static void bytes_go_and_come_whole(void **state)
{
    (void)state;
    struct server s = {.silent = false};
    struct link l;
    struct err err = {0};
    char *out = malloc(MUCH), *in = malloc(MUCH);
    size_t sent = 0, got = 0;
    assert_non_null(out);
    assert_non_null(in);
    for (size_t i = 0; i < MUCH; i++)
        out[i] = (char)(i * 7 + i / 1000);
    if (open_to(&l, &s, cert_file, "localhost", LATE, &err) < 0)
        fail_msg("%s", err.msg);
    while (got < MUCH) {
        size_t part = MUCH - sent < 50000 ? MUCH - sent : 50000;
        if (part && link_send(&l, out + sent, part, LATE, &err) < 0)
            fail_msg("%s", err.msg);
        sent += part;
        while (got < sent) {
            ssize_t n = link_receive(&l, in + got, MUCH - got, LATE, &err);
            if (n <= 0)
                fail_msg("%s", err.msg);
            got += (size_t)n;
        }
    }
    assert_memory_equal(in, out, MUCH);
    link_close(&l);
    server_end(&s);
    free(out);
    free(in);
}

static void who_is_not_trusted_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *ca, *host;
    } cases[] = {{other_file, "localhost"}, {cert_file, "other.example"}, {cert_file, "127.0.0.2"}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server s = {.silent = false};
        struct link l;
        struct err err = {0};
        assert_int_equal(open_to(&l, &s, cases[i].ca, cases[i].host, LATE, &err), ERR_FAILED);
        assert_non_null(strstr(err.msg, "ts://x: TLS: the server's certificate: "));
        assert_non_null(strstr(err.msg, "(tls.ca names who signed it)"));
        server_end(&s);
    }
}

static void what_speaks_no_tls_is_told(void **state)
{
    (void)state;
    struct server s = {.says = "-ERR ?\n"};
    struct link l;
    struct err err = {0};
    assert_int_equal(open_to(&l, &s, cert_file, "localhost", LATE, &err), ERR_FAILED);
    assert_string_equal(err.msg, "ts://x: the server answers without TLS: use t://");
    server_end(&s);
    struct server silent = {.silent = true};
    assert_int_equal(open_to(&l, &silent, cert_file, "localhost", SOON, &err), ERR_UNREACHED);
    assert_string_equal(
        err.msg, "ts://x: no answer in time (TLS: does this port speak it? without TLS: t://)");
    server_end(&silent);
}

/* An alert is a record of TLS: the port speaks it, whatever it does not like. */
static void an_alert_is_no_question_of_the_port(void **state)
{
    (void)state;
    struct server s = {.says = "\x15\x03\x01\0\x02\x02\x28"}; /* handshake_failure */
    struct link l;
    struct err err = {0};
    s.more = 2; /* it is asked what it speaks, and says the same */
    assert_int_equal(open_to(&l, &s, cert_file, "localhost", LATE, &err), ERR_UNREACHED);
    assert_non_null(strstr(err.msg, "ts://x: TLS: "));
    assert_null(strstr(err.msg, "does this port"));
    shutdown(s.listener, SHUT_RDWR);
    server_end(&s);
}

/* As Redis: it waits for the end of a line in what TLS begins with, and answers a question. */
static void *answer_lines_only(void *ctx)
{
    int listener = *(int *)ctx;
    struct pollfd p[8] = {{.fd = listener, .events = POLLIN}};
    nfds_t n = 1;
    while (poll(p, n, -1) > 0) {
        char bytes[1024];
        if (p[0].revents && n < 8) {
            p[n] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
            if (p[n++].fd < 0)
                break; /* the end of the test */
        }
        for (nfds_t i = 1; i < n; i++) {
            ssize_t got = p[i].revents ? read(p[i].fd, bytes, sizeof bytes) : -1;
            if (got == 0)
                p[i].events = 0;
            if (got == 6 && memcmp(bytes, "PING\r\n", 6) == 0)
                assert_int_equal(write(p[i].fd, "+PONG\r\n", 7), 7);
        }
    }
    for (nfds_t i = 1; i < n; i++)
        close(p[i].fd);
    return NULL;
}

static void *close_all(void *ctx)
{
    for (int fd; (fd = accept(*(int *)ctx, NULL, NULL)) >= 0;)
        close(fd);
    return NULL;
}

static void what_is_silent_is_asked_in_plain(void **state)
{
    (void)state;
    struct server s = {.listener = -1};
    struct link l;
    struct err err = {0};
    struct tls_context *c = context(cert_file, "", "", &err);
    const struct link_setup setup = {
        .host = "localhost", .tls = c, .scheme = &scheme, .shown = "ts://x"};
    server_listen(&s);
    assert_int_equal(pthread_create(&s.thread, NULL, answer_lines_only, &s.listener), 0);
    assert_int_equal(link_open(&l, &setup, &s.address, LATE, &err), ERR_FAILED);
    assert_string_equal(err.msg, "ts://x: the server answers without TLS: use t://");
    tls_context_free(c);
    shutdown(s.listener, SHUT_RDWR);
    server_end(&s);
}

/* In plain to what speaks TLS: it closes without a word, and is asked with a hello. */
static void what_speaks_tls_is_told(void **state)
{
    (void)state;
    struct server s = {.more = 1};
    struct link l;
    struct err err = {0};
    char in[16];
    const struct link_setup setup = {.host = "localhost", .scheme = &scheme, .shown = "t://x"};
    server_start(&s);
    assert_int_equal(link_open(&l, &setup, &s.address, LATE, &err), 0);
    int code = link_send(&l, "PING\r\n", 6, LATE, &err);
    if (code == 0 && link_receive(&l, in, sizeof in, LATE, &err) < 0)
        code = err.code;
    assert_int_equal(code, ERR_FAILED);
    assert_string_equal(err.msg, "t://x: the server answers with TLS: use ts://");
    link_close(&l);
    server_end(&s);
    /* An older one says what it does not like first: nothing is asked. */
    struct server alert = {.says = "\x15\x03\x01\0\x02\x02\x46"};
    server_start(&alert);
    assert_int_equal(link_open(&l, &setup, &alert.address, LATE, &err), 0);
    assert_int_equal(link_receive(&l, in, sizeof in, LATE, &err), -1);
    assert_int_equal(err.code, ERR_FAILED);
    assert_string_equal(err.msg, "t://x: the server answers with TLS: use ts://");
    link_close(&l);
    server_end(&alert);
}

/* What closes without a word in either language is only that. */
static void what_only_closes_is_not_judged(void **state)
{
    (void)state;
    struct server s = {.listener = -1};
    struct link l;
    struct err err = {0};
    char in[16];
    const struct link_setup setup = {.host = "localhost", .scheme = &scheme, .shown = "t://x"};
    server_listen(&s);
    assert_int_equal(pthread_create(&s.thread, NULL, close_all, &s.listener), 0);
    assert_int_equal(link_open(&l, &setup, &s.address, LATE, &err), 0);
    assert_int_equal(link_receive(&l, in, sizeof in, LATE, &err), -1);
    assert_int_equal(err.code, ERR_UNREACHED);
    assert_string_equal(err.msg, "t://x: the server closed the connection");
    link_close(&l);
    shutdown(s.listener, SHUT_RDWR);
    server_end(&s);
}

/* With TLS 1.3 a server says so only after the client's handshake is over. */
static void who_wants_our_certificate_is_told(void **state)
{
    (void)state;
    struct server s = {.asks = true};
    struct link l;
    struct err err = {0};
    char in[16];
    int code = open_to(&l, &s, cert_file, "localhost", LATE, &err);
    if (code == 0 && link_receive(&l, in, sizeof in, LATE, &err) < 0)
        code = err.code;
    assert_int_equal(code, ERR_UNREACHED);
    assert_non_null(strstr(err.msg, "ts://x: TLS: "));
    assert_non_null(strstr(err.msg, "tls.cert, tls.key)"));
    link_close(&l);
    server_end(&s);
}

static void files_that_cannot_be_used_are_named(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(context("/nonexistent/ca", "", "", &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.msg, "tls.ca=/nonexistent/ca: No such file"));
    assert_null(context(cert_file, cert_file, other_file, &err)); /* no key is in there */
    assert_non_null(strstr(err.msg, other_file));
    assert_null(context(cert_file, cert_file, locked_file, &err)); /* nobody is asked */
    assert_non_null(strstr(err.msg, locked_file));
}

#else

static void a_target_that_needs_it_is_refused(void **state)
{
    (void)state;
    struct options o;
    struct err err = {0};
    assert_int_equal(tls_check("rediss://h", &err), ERR_USAGE);
    assert_string_equal(err.msg, "rediss://h: TLS is not built in (libssl-dev was not there)");
    options_init(&o, table);
    assert_null(tls_context_new(&o, 0, NULL, &err));
    assert_int_equal(err.code, ERR_USAGE);
    options_fini(&o);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_four_rows_and_what_they_are_set_to),
        cmocka_unit_test(three_bytes_tell_a_record),
#ifdef LOADTOP_HAVE_OPENSSL
        cmocka_unit_test(bytes_go_and_come_whole),
        cmocka_unit_test(who_is_not_trusted_is_refused),
        cmocka_unit_test(what_speaks_no_tls_is_told),
        cmocka_unit_test(an_alert_is_no_question_of_the_port),
        cmocka_unit_test(what_is_silent_is_asked_in_plain),
        cmocka_unit_test(what_speaks_tls_is_told),
        cmocka_unit_test(what_only_closes_is_not_judged),
        cmocka_unit_test(who_wants_our_certificate_is_told),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
#else
        cmocka_unit_test(a_target_that_needs_it_is_refused),
#endif
    };
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1); /* no targets.conf of who runs this */
#ifdef LOADTOP_HAVE_OPENSSL
    return cmocka_run_group_tests(tests, set_up, tear_down);
#else
    return cmocka_run_group_tests(tests, NULL, NULL);
#endif
}
