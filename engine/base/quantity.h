/* How quantities are read and written: durations, rates, sizes, counts.
 *
 * Every quantity that a user types or reads is parsed and formatted here, so `5ms`, `10k/s` and
 * `64KiB` mean the same in a URL, a flag, a YAML file, a command and on the screen. Quoting for
 * JSON is jansson's. */
#ifndef LOADTOP_ENGINE_BASE_QUANTITY_H
#define LOADTOP_ENGINE_BASE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Readers: the whole of s must be the quantity. 0, or -1 when it is not one or out of range.
 *
 *   parse_duration  a unit is required: ns us ms s m h, fractions allowed ("1.5s"); "0" is 0
 *   parse_rate      operations a second: "5000/s", "10k/s", "1.5M/s", "600/m"; "/s" may be left out
 *   rate_in_range   is this a valid rate for a load, a ceiling or a goal? see RATE_RANGE
 *   parse_size      bytes: "32", "64k", "1MiB" (k, M, G are powers of 1024)
 *   parse_count     "10k" is 10,000 */
int parse_duration(const char *s, uint64_t *ns);
int parse_rate(const char *s, double *per_s);
bool rate_in_range(double per_s);
#define RATE_RANGE "0.001/s to 1G/s"
int parse_size(const char *s, uint64_t *bytes);
int parse_count(const char *s, uint64_t *n);
int parse_real(const char *s, double *v);

/* Writers return buf, always terminated. Numbers keep three significant digits with a unit:
 * "1.40ms", "412k", "12.6k", "61.0MB". The exact ones are the shortest that read back to
 * the same value. */
char *format_duration(char *buf, size_t size, double ns);
char *format_exact_duration(char *buf, size_t size, uint64_t ns);
char *format_number(char *buf, size_t size, double v);
char *format_exact_number(char *buf, size_t size, double v); /* 0.1, 1e+20 */
char *format_bytes(char *buf, size_t size, double bytes);
char *format_count(char *buf, size_t size, uint64_t n);     /* 1,234,567 */
char *format_clock(char *buf, size_t size, double seconds); /* 00:12:41 */

/* A count that a server sent as a floating-point number, truncated: 0 to 2^53; -1 for NaN, negative
 * and larger values. */
int64_t whole_count(double v);

#endif
