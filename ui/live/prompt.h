/* The line that is typed: commands, exact values, marks, and finding. */
#ifndef LOADTOP_UI_LIVE_PROMPT_H
#define LOADTOP_UI_LIVE_PROMPT_H

#include "ui/panels/screen_state.h"

struct app;

void prompt_open(struct app *, enum mode, const char *text);
void prompt_key(struct app *, uint32_t key);
void prompt_paste(struct app *, const char *utf8);
/* To the next row, or the one before, that has the text looked for; says so when there is none. */
void prompt_find_next(struct app *, bool forward);

#endif
