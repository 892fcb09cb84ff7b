/* A connected socket, with TLS or without, that never blocks.
 *
 * Without TLS these are recv and send. With it, OpenSSL on the same descriptor: whatever it wants
 * besides its turn is told by EAGAIN, and want_out when that is room to write. Verification is by
 * the system's authorities or the file given, against the name in the URL; it can be turned off by
 * name only. */
#include "backends/cassandra/link.h"

#include "backends/cassandra/types.h"
#include "backends/common/tls_passphrase.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#ifdef LOADTOP_HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

bool cass_tls_built(void)
{
    return true;
}

static const char *tls_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "unknown error";
}

void *cass_tls_context(const struct options *o, struct err *err)
{
    const char *ca = option_str(o, CASS_TLS_CA), *cert = option_str(o, CASS_TLS_CERT);
    const char *key = option_str(o, CASS_TLS_KEY), *what = "TLS";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool ok = ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1;
    if (ok) {
        SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
        SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_verify(ctx, option_bool(o, CASS_TLS_VERIFY) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                           NULL);
        if (*ca) {
            what = ca;
            ok = SSL_CTX_load_verify_locations(ctx, ca, NULL) == 1;
        } else {
            ok = SSL_CTX_set_default_verify_paths(ctx) == 1;
        }
    }
    if (ok && *cert) {
        what = cert;
        ok = SSL_CTX_use_certificate_chain_file(ctx, cert) == 1;
    }
    if (ok && *cert) {
        what = *key ? key : cert;
        ok = SSL_CTX_use_PrivateKey_file(ctx, what, SSL_FILETYPE_PEM) == 1;
    }
    if (ok)
        return ctx;
    err_set(err, ERR_FAILED, "%s: %s", what, tls_reason());
    SSL_CTX_free(ctx);
    return NULL;
}

void cass_tls_context_free(void *context)
{
    SSL_CTX_free(context);
}

int cass_link_secure(struct cass_link *l, void *context, const char *host, bool verify,
                     struct err *err)
{
    unsigned char address[16];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    SSL *ssl = SSL_new(context);
    bool ok = ssl && SSL_set_fd(ssl, l->fd) == 1;
    if (ok && !is_address)
        ok = SSL_set_tlsext_host_name(ssl, host) == 1;
    if (ok && verify)
        ok = (is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                         : SSL_set1_host(ssl, host)) == 1;
    if (!ok) {
        SSL_free(ssl);
        return err_set(err, ERR_FAILED, "%s: TLS: %s", host, tls_reason());
    }
    SSL_set_connect_state(ssl);
    l->tls = ssl;
    return 0;
}

int cass_link_handshake(struct cass_link *l, struct err *err)
{
    int n = SSL_do_handshake(l->tls);
    if (n == 1) {
        l->want_out = false;
        return 1;
    }
    int why = SSL_get_error(l->tls, n);
    l->want_out = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return 0;
    long verdict = SSL_get_verify_result(l->tls);
    if (verdict != X509_V_OK)
        return err_set(err, ERR_FAILED,
                       "TLS: the server's certificate: %s (tls.ca names who signed it)",
                       X509_verify_cert_error_string(verdict));
    return err_set(err, ERR_UNREACHED, "TLS: %s",
                   why == SSL_ERROR_SYSCALL
                       ? "the server closed the connection (does it speak TLS?)"
                       : tls_reason());
}

static ssize_t tls_result(struct cass_link *l, int n, bool reading)
{
    int why = SSL_get_error(l->tls, n);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        l->want_out = why == SSL_ERROR_WANT_WRITE;
        errno = EAGAIN;
        return -1;
    }
    ERR_clear_error();
    if (why == SSL_ERROR_ZERO_RETURN && reading)
        return 0;
    if (why != SSL_ERROR_SYSCALL || errno == 0 || errno == EAGAIN)
        errno = ECONNRESET;
    return -1;
}

ssize_t cass_link_read(struct cass_link *l, void *buf, size_t n)
{
    if (!l->tls)
        return recv(l->fd, buf, n, 0);
    errno = 0;
    int got = SSL_read(l->tls, buf, (int)n);
    return got > 0 ? got : tls_result(l, got, true);
}

ssize_t cass_link_write(struct cass_link *l, const void *buf, size_t n)
{
    if (!l->tls)
        return send(l->fd, buf, n, MSG_NOSIGNAL);
    errno = 0;
    int put = SSL_write(l->tls, buf, (int)(n > (1u << 30) ? (1u << 30) : n));
    return put > 0 ? put : tls_result(l, put, false);
}

bool cass_link_pending(const struct cass_link *l)
{
    return l->tls && SSL_pending(l->tls) > 0;
}

static void tls_free(struct cass_link *l)
{
    if (l->tls) {
        SSL_shutdown(l->tls);
        ERR_clear_error();
        SSL_free(l->tls);
    }
    l->tls = NULL;
}
#else

bool cass_tls_built(void)
{
    return false;
}

void *cass_tls_context(const struct options *o, struct err *err)
{
    (void)o;
    err_set(err, ERR_USAGE, "cassandras: TLS is not built in (libssl-dev was not there)");
    return NULL;
}

void cass_tls_context_free(void *context)
{
    (void)context;
}

int cass_link_secure(struct cass_link *l, void *context, const char *host, bool verify,
                     struct err *err)
{
    (void)l;
    (void)context;
    (void)verify;
    return err_set(err, ERR_FAILED, "%s: TLS is not built in", host);
}

int cass_link_handshake(struct cass_link *l, struct err *err)
{
    (void)l;
    return err_set(err, ERR_FAILED, "TLS is not built in");
}

ssize_t cass_link_read(struct cass_link *l, void *buf, size_t n)
{
    return recv(l->fd, buf, n, 0);
}

ssize_t cass_link_write(struct cass_link *l, const void *buf, size_t n)
{
    return send(l->fd, buf, n, MSG_NOSIGNAL);
}

bool cass_link_pending(const struct cass_link *l)
{
    (void)l;
    return false;
}

static void tls_free(struct cass_link *l)
{
    (void)l;
}
#endif

void cass_link_close(struct cass_link *l)
{
    if (l->fd < 0)
        return;
    tls_free(l);
    close(l->fd);
    l->fd = -1;
    l->want_out = false;
}
