/* The latencies of a run in its JSON, so that reports, .hgrm and .hlog can be made of a saved run
 * alone, and so that any HdrHistogram library can read them:
 *
 *   "histograms": { "encoding": "HdrHistogram V2 compressed, base64", "unit": "ns",
 *     "service", "response", "by_op": { "get": { "service", "response" } },
 *     "interval_s": 1, "intervals": [ { "start_s", "length_s", "max_us", "service" } ] } or null
 *
 * Absent histograms are null. A run longer than 15 minutes has longer intervals, so that there are
 * at most 900. Null while the run goes on, and without zlib. */
#ifndef LOADTOP_UI_JSON_HISTOGRAM_H
#define LOADTOP_UI_JSON_HISTOGRAM_H

struct histogram;
struct json_t;
struct pool_snapshot;

struct json_t *json_histograms(const struct pool_snapshot *);
/* Reads one of them. 0; -1: it is "", so there is none; ERR_USAGE: it is no histogram of ours. */
int json_histogram_read(struct histogram *, const char *encoded);

#endif
