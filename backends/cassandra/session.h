/* Requests on a blocking link (common/link.h), other than load. */
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

/* The options of STARTUP: names and values for cql_write_startup, terminated by NULL. The server's
 * list of clients (system_views.clients, nodetool clientstats --client-options) shows them. */
#define CASS_STARTUP_MAX 16
void cass_startup(const char *pair[CASS_STARTUP_MAX], const char *sender, bool lz4);
/* Connects to one of the host's addresses with the settings of p (target, tls, sender), and
 * authenticates. The pool may be NULL. ERR_UNREACHED, ERR_REFUSED or ERR_FAILED. */
int cass_session_open(struct cass_session *, const struct cass_pool *p, const struct pool *,
                      struct cass_host *, uint64_t deadline_ns, struct err *);
void cass_session_close(struct cass_session *); /* takes a zeroed one whose fd is -1 */
/* Sends a query and reads all pages of its answer; row (may be NULL) is called with the values of
 * each row, a null one having s == NULL. An ERROR of the server is ERR_FAILED, or ERR_UNREACHED
 * where its state passes by itself: `refused` is set, and error_code. */
typedef void (*cass_row_fn)(void *ctx, const struct cql_str *value, unsigned values);
int cass_session_query(struct cass_session *, const char *cql, cass_row_fn row, void *ctx,
                       uint64_t deadline_ns, struct err *);
/* Copies the cluster's name to buf; "" where the server refuses the question; ERR_REFUSED when it does not fit, because a truncated name
 * cannot be checked. */
int cass_session_cluster(struct cass_session *, char *buf, size_t size, uint64_t deadline_ns,
                         struct err *);
/* Prepares the statement and fills in the parameters' types from the server. */
int cass_session_prepare(struct cass_session *, struct cass_statement_info *, uint64_t deadline_ns,
                         struct err *);
/* Subscribes to events; later calls pass them to `event`. */
int cass_session_register(struct cass_session *, void (*event)(void *, const struct cql_event *),
                          void *ctx, uint64_t deadline_ns, struct err *);
/* Reads pending events without waiting. -1: the connection is lost. */
int cass_session_poll(struct cass_session *);

#endif
