/* Questions to the user, in particular before load starts: consent to the first load of a remote
 * target, and the name of a protected host. */
#ifndef LOADTOP_UI_LIVE_ASK_H
#define LOADTOP_UI_LIVE_ASK_H

#include "ui/panels/screen_state.h"

struct app;
struct pool_snapshot;

/* Asks for consent to the first load of one pool, or (NULL) of all pools that wait for it and were
 * not asked about; pools that do not fit into the question are asked about in the next one. */
void app_ask_first(struct app *, const struct pool_snapshot *only);
/* Opens a question with this text. */
void act_ask(struct app *, enum question, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Asks for the name of a pool's protected host. */
void app_ask_name(struct app *, const struct pool_snapshot *);
/* Asks for each pool that waits for consent, once it has been inspected. */
void ask_update(struct app *);

#endif
