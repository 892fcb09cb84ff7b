/* The panels with validity checks and the time budget. */
#ifndef LOADTOP_UI_PANELS_JUDGE_H
#define LOADTOP_UI_PANELS_JUDGE_H

struct cells;
struct layout;
struct screen;
struct snapshot;

void valid_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);
void budget_panel(struct cells *, const struct snapshot *, struct screen *, const struct layout *);

#endif
