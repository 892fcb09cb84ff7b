/* What the parts of the front end share: the loop (app.c), what keys do (act.c), what is typed
 * (prompt.c) and what is kept in files (capture.c). Not for others. */
#ifndef LOADTOP_UI_APP_PRIVATE_H
#define LOADTOP_UI_APP_PRIVATE_H

#include "engine/engine.h"
#include "engine/base/err.h"
#include "engine/state/snapshot.h"
#include "ui/app.h"
#include "ui/cells.h"
#include "ui/keys.h"
#include "ui/screen.h"
#include "ui/term.h"
#include "ui/theme.h"

#define QUESTION_MAX 440 /* characters of the pools in a question */
#define QUESTIONS_MAX 8

struct app {
    struct engine *engine;
    const struct app_settings *settings;
    struct journal *journal; /* borrowed; may be NULL */
    struct screen sc;
    struct cells cells;
    struct theme theme;
    enum tier tier;
    struct probe *probe;           /* of the form; NULL: none runs */
    const struct snapshot *live;   /* the newest; held */
    const struct snapshot *frozen; /* held while the display is frozen, else NULL */
    uint64_t message_serial;       /* last one that was shown */
    struct turns turns;            /* of the dial */
    bool dirty, quit, suspend;
    int signal; /* that ended it; 0: none */
    bool ended_seen;
    /* The pools that the present question about a first load shows: a yes is for them alone. */
    struct first_load {
        unsigned pool, holds;
    } question[QUESTIONS_MAX]; /* [questions] */
    unsigned questions;
    /* By a pool's number: which of its holds was asked about; the name of
     * its protected host was. */
    unsigned asked[POOLS_RUN_MAX + 1];
    unsigned name_asked[POOLS_RUN_MAX + 1]; /* which name, see name_mark; 0: none */
};

/* What the screen shows: the frozen snapshot or the newest. */
static inline const struct snapshot *app_shown(const struct app *a)
{
    return a->frozen ? a->frozen : a->live;
}
const struct pool_snapshot *
app_pool(const struct app *); /* the selected one, as it is now; NULL: none */

/* Draws the screen as it is now and shows it on the terminal, which must be open. */
void app_draw(struct app *);
void app_notice(struct app *, enum role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sends a command as text; a refusal at once is a notice. */
void app_send(struct app *, enum origin, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Asks for the first load of one pool, or (NULL) of those that wait for a yes and were not asked
 * about; those that the question has no room for come in the next one. */
void app_ask_first(struct app *, const struct pool_snapshot *only);
void app_pause_all(struct app *);
void app_quit(struct app *);

/* act.c */
void act_input(struct app *, const struct input *);
void act_probe(struct app *); /* looks whether the form's test has a result */
void act_ask(struct app *, enum question, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* prompt.c */
void prompt_open(struct app *, enum mode, const char *text);
void prompt_key(struct app *, uint32_t key);
void prompt_paste(struct app *, const char *utf8);
/* The first row from `from` on in direction `step` that has the text that is
 * looked for; -1: none. */
void prompt_find_next(struct app *, bool forward);
/* Asks for the name of a pool's protected host. */
void app_ask_name(struct app *, const struct pool_snapshot *);
/* capture.c: commands that the screen carries out. */
void capture_command(struct app *, const struct command *);
void capture_theme_follow(struct app *); /* takes a theme's file anew that was written meanwhile */

#endif
