/* TLS on memory buffers; see the header. Called by stream.c and by the Redis backend's
 * connections. */
#include "backends/common/tls.h"

#include "backends/common/tls_option.h"
#include "backends/common/tls_scheme.h"
#include "engine/base/err.h"

#ifdef LOADTOP_HAVE_OPENSSL

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>

struct tls_context {
    SSL_CTX *ssl;
    bool verify;
    const struct tls_scheme *scheme;
};

struct tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    const struct tls_scheme *scheme;
    bool heard; /* the server has sent something */
    bool plain; /* which was no record of TLS */
};

int tls_check(const char *shown, struct err *err)
{
    (void)shown;
    (void)err;
    return 0;
}

/* Without this callback OpenSSL asks for an encrypted key's passphrase on the terminal: in the
 * middle of the screen, or forever without a user. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return text ? text : "unknown error";
}

/* Loads the CA, our certificate and key. `what`: the file that caused an error, or "TLS". */
static bool load_files(SSL_CTX *ssl, const struct tls_files *f, const char **what)
{
    if (*f->ca) {
        *what = f->ca;
        if (SSL_CTX_load_verify_locations(ssl, f->ca, NULL) != 1)
            return false;
    } else if (SSL_CTX_set_default_verify_paths(ssl) != 1) {
        return false;
    }
    if (!*f->cert)
        return true;
    *what = f->cert;
    if (SSL_CTX_use_certificate_chain_file(ssl, f->cert) != 1)
        return false;
    *what = f->key;
    return SSL_CTX_use_PrivateKey_file(ssl, f->key, SSL_FILETYPE_PEM) == 1;
}

struct tls_context *tls_context_new(const struct options *o, unsigned first,
                                    const struct tls_scheme *scheme, struct err *err)
{
    struct tls_files files = tls_files(o, first);
    const char *what = "TLS";
    if (tls_files_check(o, first, err) < 0)
        return NULL;
    struct tls_context *c = calloc(1, sizeof *c);
    SSL_CTX *ssl = c ? SSL_CTX_new(TLS_client_method()) : NULL;
    bool ok = ssl && SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1;
    if (ok) {
        c->ssl = ssl;
        c->verify = files.verify;
        c->scheme = scheme;
        SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
        SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS); /* thousands of connections may be idle */
        SSL_CTX_set_verify(ssl, c->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
        ok = load_files(ssl, &files, &what);
    }
    if (ok)
        return c;
    err_set(err, ERR_FAILED, "%s: %s", what, reason());
    SSL_CTX_free(ssl);
    free(c);
    return NULL;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    free(c);
}

struct tls *tls_new(const struct tls_context *c, const char *host)
{
    unsigned char number[16];
    bool is_address =
        inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1;
    struct tls *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->scheme = c->scheme;
    t->ssl = SSL_new(c->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    bool ok = t->ssl && t->in && t->out;
    if (ok && !is_address)
        ok = SSL_set_tlsext_host_name(t->ssl, host) == 1;
    if (ok && c->verify)
        ok = (is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host)
                         : SSL_set1_host(t->ssl, host)) == 1;
    if (!ok) {
        ERR_clear_error();
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        return NULL;
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_connect_state(t->ssl);
    return t;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

int tls_feed(struct tls *t, const char *bytes, size_t n)
{
    size_t put = 0;
    t->plain = t->plain || (!t->heard && tls_record_excluded(bytes, n));
    t->heard = true;
    return BIO_write_ex(t->in, bytes, n, &put) == 1 && put == n ? 0 : -1;
}

size_t tls_out(struct tls *t, const char **bytes)
{
    char *at = NULL;
    long n = BIO_get_mem_data(t->out, &at);
    *bytes = at;
    return n > 0 ? (size_t)n : 0;
}

void tls_sent(struct tls *t, size_t n)
{
    char away[4096];
    while (n) {
        size_t got = 0, part = n < sizeof away ? n : sizeof away;
        if (BIO_read_ex(t->out, away, part, &got) != 1 || !got)
            return;
        n -= got;
    }
}

int tls_unreached(const struct tls *t, const char *why, struct err *err)
{
    if (t->heard)
        return err_set(err, ERR_UNREACHED, "TLS: %s", why);
    return err_set(err, ERR_UNREACHED, "TLS: %s (" TLS_HINT_PORT("%s") ")", why, t->scheme->plain);
}

int tls_handshake(struct tls *t, struct err *err)
{
    char text[TLS_SCHEME_TEXT];
    if (t->plain)
        return err_set(err, ERR_FAILED, "%s", tls_wrong_scheme(t->scheme, true, text, sizeof text));
    ERR_clear_error();
    int n = SSL_do_handshake(t->ssl);
    if (n == 1)
        return 1;
    if (SSL_get_error(t->ssl, n) == SSL_ERROR_WANT_READ)
        return 0;
    long verdict = SSL_get_verify_result(t->ssl);
    if (verdict != X509_V_OK) {
        ERR_clear_error();
        return err_set(err, ERR_FAILED, "TLS: the server's certificate: %s " TLS_HINT_AUTHORITY,
                       X509_verify_cert_error_string(verdict));
    }
    return tls_unreached(t, reason(), err);
}

int tls_put(struct tls *t, const char *bytes, size_t n)
{
    size_t put = 0;
    ERR_clear_error();
    return n == 0 || (SSL_write_ex(t->ssl, bytes, n, &put) == 1 && put == n) ? 0 : -1;
}

ssize_t tls_get(struct tls *t, char *buf, size_t n, const char **why)
{
    ERR_clear_error();
    int got = SSL_read(t->ssl, buf, n > INT_MAX ? INT_MAX : (int)n);
    if (got > 0)
        return got;
    int error = SSL_get_error(t->ssl, got);
    if (error == SSL_ERROR_WANT_READ)
        return 0;
    if (error == SSL_ERROR_ZERO_RETURN)
        return -1;
    *why = reason();
    return -2;
}

void tls_end(struct tls *t)
{
    ERR_clear_error();
    if (SSL_is_init_finished(t->ssl))
        SSL_shutdown(t->ssl);
    ERR_clear_error();
}

#else

#define NOT_BUILT "TLS is not built in (libssl-dev was not there)"

int tls_check(const char *shown, struct err *err)
{
    return err_set(err, ERR_USAGE, "%s: " NOT_BUILT, shown);
}

struct tls_context *tls_context_new(const struct options *o, unsigned first,
                                    const struct tls_scheme *scheme, struct err *err)
{
    (void)o;
    (void)first;
    (void)scheme;
    err_set(err, ERR_USAGE, NOT_BUILT);
    return NULL;
}

void tls_context_free(struct tls_context *c)
{
    (void)c;
}

struct tls *tls_new(const struct tls_context *c, const char *host)
{
    (void)c;
    (void)host;
    return NULL;
}

void tls_free(struct tls *t)
{
    (void)t;
}

int tls_feed(struct tls *t, const char *bytes, size_t n)
{
    (void)t;
    (void)bytes;
    (void)n;
    return -1;
}

size_t tls_out(struct tls *t, const char **bytes)
{
    (void)t;
    *bytes = NULL;
    return 0;
}

void tls_sent(struct tls *t, size_t n)
{
    (void)t;
    (void)n;
}

int tls_handshake(struct tls *t, struct err *err)
{
    (void)t;
    return err_set(err, ERR_FAILED, NOT_BUILT);
}

int tls_unreached(const struct tls *t, const char *why, struct err *err)
{
    (void)t;
    return err_set(err, ERR_UNREACHED, "TLS: %s", why);
}

int tls_put(struct tls *t, const char *bytes, size_t n)
{
    (void)t;
    (void)bytes;
    (void)n;
    return -1;
}

ssize_t tls_get(struct tls *t, char *buf, size_t n, const char **why)
{
    (void)t;
    (void)buf;
    (void)n;
    *why = NOT_BUILT;
    return -2;
}

void tls_end(struct tls *t)
{
    (void)t;
}

#endif
