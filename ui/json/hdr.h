/* Histograms in HdrHistogram's format, so that other tools can read them: the compressed V2
 * encoding in base64 (Tene; the log format 1.3 has one in each line).
 *
 * histogram_pack makes the payload of this encoding. Values are nanoseconds. Without zlib these
 * functions do not work: see hdr_available. */
#ifndef LOADTOP_UI_JSON_HDR_H
#define LOADTOP_UI_JSON_HDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct histogram;

bool hdr_available(void);
/* The payload of histogram_pack as base64 of the compressed encoding: free() it. NULL: no zlib, or
 * out of memory. */
char *hdr_encode(const uint8_t *payload, size_t len);
/* The inverse, into an initialised histogram. 0, or -1 when s is not such an encoding with our
 * parameters (3 digits from 1 ns). Mean and deviation are not encoded and are computed from the
 * buckets' middles, minimum and maximum from their edges. */
int hdr_decode(struct histogram *, const char *s, size_t len);

#endif
