/* A host that is addressed with the wrong scheme (crate or crates), or that redirects to
 * another. */
#ifndef LOADTOP_BACKENDS_CRATE_SCHEME_H
#define LOADTOP_BACKENDS_CRATE_SCHEME_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct address;
struct crate_host;
struct err;
struct pool;

bool crate_is_tls(const struct crate_host *);
/* Asks a host that has not been used yet, and has given no usable answer, what it speaks, without
 * credentials. 0, or ERR_FAILED with the scheme to use. Blocks for a second at most; pool may be
 * NULL. */
int crate_scheme_check(const struct crate_host *, const struct address *, const struct pool *,
                       struct err *);
/* Was the request redirected? Then writes where to and what to do: "the server redirects (301) to
 * https://h:4200/: use crates://h:4200/". */
bool crate_redirected(CURL *, const struct crate_host *, long status, char *buf, size_t size);

#endif
