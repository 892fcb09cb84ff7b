/* CrateDB's errors: codes, class names, and advice.
 *
 * A class is "4091 DuplicateKey": the code of CrateDB's HTTP interface and a short name
 * (https://cratedb.com/docs/crate/reference/en/latest/interfaces/http.html#error-codes). An answer
 * without a code is classed by its HTTP status: "503 Service Unavailable". */
#ifndef LOADTOP_BACKENDS_CRATE_SQL_ERROR_H
#define LOADTOP_BACKENDS_CRATE_SQL_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#define CRATE_CLASS_MAX 40

/* The class of a code of CrateDB's, into buf; returns buf. 0: "row failed". */
char *crate_code_class(char *buf, size_t size, int code);
/* The class of an HTTP status, into buf; returns buf. */
char *crate_status_class(char *buf, size_t size, long status);
/* Does this HTTP status report a state that passes by itself, of the server or of a proxy that has
 * lost it? */
bool crate_status_passes(long status);
/* Does this status of GET / mean only that a proxy blocks it? */
bool crate_status_hides(long status);
/* Advice for the user, or NULL: none. */
const char *crate_code_advice(int code);
const char *crate_status_advice(long status);
/* The code that corresponds to the exception at the start of a message, or 0. Up to CrateDB 5.9 a
 * failed row has a message and no code. */
int crate_code_of_message(const char *msg, size_t len);
/* Copies the message, cut so that the advice (may be NULL) still fits after it. Returns the
 * length. */
size_t crate_message(char *buf, size_t size, const char *msg, size_t len, const char *advice);

#endif
