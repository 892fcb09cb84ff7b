/* The tables of sweeps. */
#ifndef LOADTOP_UI_REPORT_SWEEPS_H
#define LOADTOP_UI_REPORT_SWEEPS_H

struct doc;
struct saved_pool;
struct saved_sweep;

/* The tables of one sweep, or of all of a pool's. */
void report_sweep(struct doc *, const struct saved_sweep *sweep);
void report_sweeps(struct doc *, const struct saved_pool *pool);

#endif
