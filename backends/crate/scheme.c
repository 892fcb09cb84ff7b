/* The wrong scheme, and redirects; see the header. libcurl follows no redirect (site.c): the load
 * would go to a host that is not in the URL, and each request would be sent twice. Called by the
 * pool's thread and by workers. */
#if LOADTOP_HAVE_CURL && LOADTOP_HAVE_ZLIB
#include "backends/crate/scheme.h"

#include "backends/common/link.h"
#include "backends/common/tls_scheme.h"
#include "backends/crate/types.h"
#include "engine/base/err.h"
#include "engine/base/secret.h"

#include <stdio.h>
#include <string.h>

static const char question[] = "GET / HTTP/1.0\r\n\r\n";
static const struct tls_scheme scheme = {
    .plain = "crate", .tls = "crates", .question = question, .question_len = sizeof question - 1};

bool crate_is_tls(const struct crate_host *h)
{
    return strncmp(h->root, "https", 5) == 0;
}

int crate_scheme_check(const struct crate_host *h, const struct address *a, const struct pool *pool,
                       struct err *err)
{
    char text[TLS_SCHEME_TEXT];
    bool tls = crate_is_tls(h);
    if (atomic_load(&h->known) ||
        !link_scheme_is_wrong(pool, h->at.host, a, &scheme, tls, UINT64_MAX))
        return 0;
    return err_set(err, ERR_FAILED, "%s: %s", h->shown,
                   tls_wrong_scheme(&scheme, tls, text, sizeof text));
}

/* Writes the beginning of a URL, without its path: "https://h:4200/", like crate_host.root. */
static bool url_place(const char *url, char *buf, size_t size)
{
    char *protocol = NULL, *host = NULL, *port = NULL;
    CURLU *u = curl_url();
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &protocol, 0) == CURLUE_OK &&
              (strcmp(protocol, "http") == 0 || strcmp(protocol, "https") == 0) &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (ok) {
        char place[160];
        int n = snprintf(place, sizeof place, "%s://%s:%s/", protocol, host, port);
        ok = n < (int)sizeof place;
        secret_said(buf, size, place, strlen(place));
    }
    curl_free(protocol);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return ok;
}

#define ONCE 80

bool crate_redirected(CURL *easy, const struct crate_host *h, long status, char *buf, size_t size)
{
    char *url = NULL, place[160] = "";
    if (status < 301 || status > 308 || status == 304)
        return false;
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &url);
    if (!url || !url_place(url, place, sizeof place))
        snprintf(buf, size, "the server redirects (%ld), and does not say where to", status);
    else if (strcmp(h->root, place) == 0)
        snprintf(buf, size,
                 "the server redirects (%ld) to another path: is this CrateDB's HTTP port?",
                 status);
    else /* a long place would not fit twice, and what is to be used must not be cut */
        snprintf(buf, size, "the server redirects (%ld)%s%s: use %s%s", status,
                 strlen(place) > ONCE ? "" : " to ", strlen(place) > ONCE ? "" : place,
                 strncmp(place, "https", 5) == 0 ? scheme.tls : scheme.plain, strstr(place, "://"));
    return true;
}

#else
extern int crate_not_built; /* ISO C wants a declaration */
#endif
