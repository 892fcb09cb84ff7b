/* Requests on a blocking link (common/link.h), for all that is not load. */
#ifndef LOADTOP_BACKENDS_CASSANDRA_SESSION_H
#define LOADTOP_BACKENDS_CASSANDRA_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cass_host;
struct cass_pool;
struct cass_session;
struct cass_statement_info;
struct cql_event;
struct cql_str;
struct err;
struct pool;

/* What STARTUP says of us: names and values for cql_write_startup, ended by NULL. The server's list
 * of clients (system_views.clients, nodetool clientstats --client-options) shows them. */
#define CASS_STARTUP_MAX 16
void cass_startup(const char *pair[CASS_STARTUP_MAX], const char *sender, bool lz4);
/* Connects to one of the host's addresses as p says (target, tls, sender), agrees on the protocol and
 * authenticates. The pool may be NULL. ERR_UNREACHED, ERR_REFUSED or ERR_FAILED. */
int cass_session_open(struct cass_session *, const struct cass_pool *p, const struct pool *,
                      struct cass_host *, uint64_t deadline_ns, struct err *);
void cass_session_close(struct cass_session *); /* takes a zeroed one whose fd is -1 */
/* Sends a query and reads all pages of its answer; row (may be NULL) is called with the values of
 * each row, a null one having s == NULL. An ERROR of the server is ERR_FAILED, with its code in
 * error_code. */
typedef void (*cass_row_fn)(void *ctx, const struct cql_str *value, unsigned values);
int cass_session_query(struct cass_session *, const char *cql, cass_row_fn row, void *ctx,
                       uint64_t deadline_ns, struct err *);
/* The cluster's name, whole, into buf; ERR_REFUSED when it does not fit: then nothing can be said
 * of it. */
int cass_session_cluster(struct cass_session *, char *buf, size_t size, uint64_t deadline_ns,
                         struct err *);
/* Prepares and fills what the server says of the parameters. */
int cass_session_prepare(struct cass_session *, struct cass_statement_info *, uint64_t deadline_ns,
                         struct err *);
/* Asks for events; they come to `event` from then on, from any call. */
int cass_session_register(struct cass_session *, void (*event)(void *, const struct cql_event *),
                          void *ctx, uint64_t deadline_ns, struct err *);
/* Reads what has come by itself, without waiting. -1: the connection is lost. */
int cass_session_poll(struct cass_session *);

#endif
