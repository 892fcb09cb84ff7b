/* OpenSSL asks for the passphrase of an encrypted key on the terminal unless it is told not to: in
 * the middle of a screen, and for ever without a person. */
#ifndef LOADTOP_BACKENDS_COMMON_TLS_PASSPHRASE_H
#define LOADTOP_BACKENDS_COMMON_TLS_PASSPHRASE_H

/* For SSL_CTX_set_default_passwd_cb: there is none, so an encrypted key is an error. */
static inline int tls_no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf, (void)size, (void)writing, (void)ctx;
    return -1;
}

#endif
