/* The latencies of a run in its JSON, so that reports, .hgrm and .hlog can be made from a saved
 * run, and any HdrHistogram library can read them:
 *
 *   "histograms": { "encoding": "HdrHistogram V2 compressed, base64", "unit": "ns",
 *     "service", "response", "by_op": { "get": { "service", "response" } },
 *     "interval_s": 1, "intervals": [ { "start_s", "length_s", "max_us", "service" } ] } or null
 *
 * Absent histograms are null. A run longer than 15 minutes has longer intervals, so that there are
 * at most 900. Null while the run is going on, and without zlib. */
#ifndef LOADTOP_UI_JSON_HISTOGRAM_H
#define LOADTOP_UI_JSON_HISTOGRAM_H

struct histogram;
struct json_t;
struct pool_snapshot;

struct json_t *json_histograms(const struct pool_snapshot *);
/* Decodes one of them. 0; -1: it is "", so there is none; ERR_USAGE: invalid. */
int json_histogram_read(struct histogram *, const char *encoded);

#endif
