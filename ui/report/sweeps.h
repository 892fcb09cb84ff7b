/* The tables of sweeps. */
#ifndef LOADTOP_UI_REPORT_SWEEPS_H
#define LOADTOP_UI_REPORT_SWEEPS_H

struct doc;
struct saved_pool;
struct saved_sweep;

/* Adds the tables of one sweep, or of all sweeps of a pool. */
void report_sweep(struct doc *, const struct saved_sweep *sweep);
void report_sweeps(struct doc *, const struct saved_pool *pool);

#endif
