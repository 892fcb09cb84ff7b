/* The input line: commands, exact values, marks, and search. */
#ifndef LOADTOP_UI_LIVE_PROMPT_H
#define LOADTOP_UI_LIVE_PROMPT_H

#include "ui/panels/screen_state.h"

struct app;

void prompt_open(struct app *, enum mode, const char *text);
void prompt_key(struct app *, uint32_t key);
void prompt_paste(struct app *, const char *utf8);
/* Moves to the next or previous row with the search text; shows a notice when there is none. */
void prompt_find_next(struct app *, bool forward);

#endif
