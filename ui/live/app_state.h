/* What the parts of the dashboard share, and what each of them may do: tell, send, pause, quit. */
#ifndef LOADTOP_UI_LIVE_APP_STATE_H
#define LOADTOP_UI_LIVE_APP_STATE_H

#include "engine/base/err.h"
#include "engine/engine.h"
#include "engine/state/snapshot.h"
#include "ui/panels/screen_state.h"
#include "ui/term/cells.h"
#include "ui/term/term.h"
#include "ui/term/theme.h"
#include "ui/widgets/keys.h"

#define QUESTIONS_MAX 8

struct backend;
struct journal;
struct json_t;
struct probe;

struct app_settings {
    const char *theme;   /* name, or NULL: the default */
    const char *colors;  /* direct, 256, 16, none, or NULL: what the terminal can do */
    const char *glyphs;  /* braille, block, acs, ascii, or NULL: what the locale can do */
    const char *out_dir; /* where captures and reports go; NULL: here */
    const char *command; /* that repeats the run, for files; may be NULL */
    bool quiet;
    const struct backend *const *backends;
    struct json_t *screens; /* array: what is captured is added to it; borrowed */
    /* Told once, when every pool has ended while the screen stays; or NULL. */
    int (*ended)(void *ctx, const struct snapshot *, struct err *);
    void *ended_ctx;
};

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
    int64_t ticket;     /* of what was sent last by hand and is not answered yet; 0: none */
    struct turns turns; /* of the dial */
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
void app_notice(struct app *, enum role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sends a command as text; a refusal at once is a notice. */
void app_send(struct app *, enum origin, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void app_pause_all(struct app *);
void app_quit(struct app *);

#endif
