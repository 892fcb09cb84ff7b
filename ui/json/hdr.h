/* Histograms as HdrHistogram writes them, so that other people's tools read ours: the compressed V2
 * encoding in base64 (Tene; the log format 1.3 has one in each line).
 *
 * In memory a histogram is the engine's; packed it is the payload of that encoding. Values are
 * nanoseconds. Without zlib nothing here can be made or read: hdr_available says so. */
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
/* Its inverse into a histogram that was initialised. 0, or -1 when s is no such encoding of ours
 * (3 digits from 1 ns). What the encoding cannot carry is taken as the middle of each bucket: mean
 * and deviation; least and greatest as its edges. */
int hdr_decode(struct histogram *, const char *s, size_t len);

#endif
