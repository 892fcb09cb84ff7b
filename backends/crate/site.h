/* Blocking HTTP requests other than load: one at a time, trying hosts in turn. Each call has a
 * timeout. */
#ifndef LOADTOP_BACKENDS_CRATE_SITE_H
#define LOADTOP_BACKENDS_CRATE_SITE_H

#include <curl/curl.h>
#include <stdbool.h>

struct crate_host;
struct crate_site;
struct curl_slist;
struct err;
struct json_t;
struct options;
struct pool;
struct target;

/* Fills in hosts, headers and TLS. pool may be NULL; sender: for the User-Agent header. ERR_USAGE,
 * ERR_FAILED. */
int crate_site_open(struct crate_site *, const struct pool *, const struct target *,
                    const struct options *, const char *sender, struct err *);
void crate_site_close(struct crate_site *); /* takes a zeroed one */
/* Headers of every request, with authentication; NULL: out of memory. The caller's to free. */
struct curl_slist *crate_headers(const struct target *, const struct options *, bool gzip);
void crate_tls_options(CURL *, const struct options *);
/* Did the request fail before its connection was established? Then nothing was sent. */
bool crate_unconnected(CURL *, CURLcode);
/* A hint to append to libcurl's message; "": none. */
const char *crate_hint(const struct crate_host *, CURLcode);
/* Options of every request: the User-Agent, and no proxies, .netrc or redirects. */
void crate_plain_options(CURL *, const char *sender);
/* GET / of a host; `fresh`: on a connection of its own. 0 (status and reply are set) or
 * ERR_UNREACHED. */
int crate_site_get(struct crate_site *, unsigned host, bool fresh, long timeout_ms, struct err *);
/* GET / of a host, and reads its cluster's name; where a proxy blocks that, the cluster has none.
 * ERR_UNREACHED; ERR_FAILED also when it belongs to
 * another cluster than the earlier hosts. The caller then decides whether it may be used
 * (host.known). */
int crate_site_identify(struct crate_site *, unsigned host, struct err *);
/* Is this (NULL: unknown) the cluster of the first host? Any thread, once `identified`. */
bool crate_same_cluster(const struct crate_site *, const char *cluster);
/* Runs a statement on the first known host that answers. args: stolen, may be NULL. *reply (may be
 * NULL): the caller's. ERR_UNREACHED: no host answered; ERR_FAILED: with CrateDB's message;
 * site->code is set. */
int crate_site_sql(struct crate_site *, const char *sql, struct json_t *args, struct json_t **reply,
                   long timeout_ms, struct err *);
/* rows[row][col] of a reply as a number, or `otherwise`. */
double crate_cell(const struct json_t *reply, unsigned row, unsigned col, double otherwise);
const char *crate_cell_text(const struct json_t *reply, unsigned row, unsigned col);
/* Sum of a cell that is a list of numbers. */
double crate_cell_sum(const struct json_t *reply, unsigned row, unsigned col);

#endif
