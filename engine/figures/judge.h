/* Evaluates a pool's figures: its bottleneck, and whether its figures are valid. */
#ifndef LOADTOP_ENGINE_FIGURES_JUDGE_H
#define LOADTOP_ENGINE_FIGURES_JUDGE_H

struct pool;
struct pool_snapshot;

void judge_bottleneck(const struct pool *, struct pool_snapshot *);
void judge_validity(const struct pool *, struct pool_snapshot *);

#endif
