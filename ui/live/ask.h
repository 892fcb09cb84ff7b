/* Questions, and above all those before load starts: the first load of what is not on this machine, and the name of a
 * protected host. */
#ifndef LOADTOP_UI_LIVE_ASK_H
#define LOADTOP_UI_LIVE_ASK_H

#include "ui/panels/screen_state.h"

struct app;
struct pool_snapshot;

/* Asks for the first load of one pool, or (NULL) of those that wait for a yes and were not asked
 * about; those that the question has no room for come in the next one. */
void app_ask_first(struct app *, const struct pool_snapshot *only);
/* Opens a question with this text. */
void act_ask(struct app *, enum question, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Asks for the name of a pool's protected host. */
void app_ask_name(struct app *, const struct pool_snapshot *);
/* Asks for each pool that waits for a yes, once it was looked at. */
void ask_look(struct app *);

#endif
