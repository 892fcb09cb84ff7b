/* The latencies of a run, interval by interval, in HdrHistogram's log format 1.3. */
#ifndef LOADTOP_UI_EXPORT_HLOG_H
#define LOADTOP_UI_EXPORT_HLOG_H

struct err;
struct saved_run;
struct text;

/* Tags: POOL for the service times of each interval; POOL/response, POOL/OP and POOL/OP/response
 * for the whole run as one interval (those are not stored per second). ERR_USAGE when the run has
 * no histograms: it was saved while running, or by a loadtop without zlib. */
int hlog_text(const struct saved_run *run, struct text *, struct err *);

#endif
