/* The validity lights of a plateau: what was watched, second by second, while it was made.
 *
 * Private to the engine; part of plateau.c's stretch. Beginning anew (lights_clear) goes with the
 * stretch's histograms, so that N, X and R of Little's law are of the same seconds. */
#ifndef LOADTOP_ENGINE_FIGURES_LIGHTS_H
#define LOADTOP_ENGINE_FIGURES_LIGHTS_H

struct histogram;
struct lights;
struct plateau;
struct pool;
struct point;
struct trend;

void lights_clear(struct lights *);
void lights_tenth(struct lights *, const struct point *);
void lights_second(struct pool *);
/* Fills what the plateau keeps: its lights, figures, valid, why_not and caution. */
void lights_judge(const struct pool *, const struct trend *, struct plateau *);

#endif
