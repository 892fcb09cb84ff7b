/* One request on a connection, and its outcome. */
#ifndef LOADTOP_BACKENDS_CRATE_REQUEST_H
#define LOADTOP_BACKENDS_CRATE_REQUEST_H

#include "engine/backend.h"

#include <curl/curl.h>

struct crate_conn;

enum submit crate_submit(struct conn *, struct op *);
/* Ends the connection's request according to libcurl's result: op_done and the like, or
 * conn_down. */
void crate_request_done(struct crate_conn *, CURLcode);
/* The error class: "refused", "timeout", "tls", "bad reply", "closed" or "connect". */
const char *crate_network_class(CURLcode, long os_errno);

#endif
