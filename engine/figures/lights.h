/* Validity checks ("lights") of a plateau, made second by second while it is measured.
 *
 * Private to the engine; part of plateau.c's period. lights_clear is called whenever the period's
 * histograms are cleared, so that N, X and R of Little's law cover the same seconds. */
#ifndef LOADTOP_ENGINE_FIGURES_LIGHTS_H
#define LOADTOP_ENGINE_FIGURES_LIGHTS_H

struct lights;
struct plateau;
struct pool;
struct point;
struct trend;

void lights_clear(struct lights *);
void lights_tenth(const struct pool *, struct lights *, const struct point *);
void lights_second(struct pool *);
/* Fills the plateau's lights, figures, valid, why_not and caution. */
void lights_judge(const struct pool *, const struct trend *, struct plateau *);

#endif
