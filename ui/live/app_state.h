/* State and actions shared by the parts of the dashboard. */
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
    const char *colors;  /* direct, 256, 16, none, or NULL: best of the terminal */
    const char *glyphs;  /* braille, block, acs, ascii, or NULL: best of the locale */
    const char *out_dir; /* folder for captures and reports; NULL: the current one */
    const char *command; /* command that repeats the run, for files; may be NULL */
    bool quiet;
    const struct backend *const *backends;
    struct json_t *screens; /* array to which captures are added; borrowed */
    /* Called once when every pool has ended while the screen stays; may be NULL. */
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
    struct probe *probe;           /* the form's test; NULL: none is running */
    const struct snapshot *live;   /* the newest snapshot; holds a reference */
    const struct snapshot *frozen; /* a reference while the display is frozen, else NULL */
    uint64_t message_serial;       /* last one that was shown */
    int64_t ticket;     /* ticket of the user's last command while its result is open; 0: none */
    struct turns turns; /* of the dial */
    bool dirty, quit;
    /* Suspend at the end of this turn: by the key the process group, as the terminal would; by a
     * signal the process alone, because its sender has chosen whom to stop. */
    enum { SUSPEND_NO, SUSPEND_SELF, SUSPEND_GROUP } suspend;
    int signal; /* that ended it; 0: none */
    bool ended_seen;
    /* The pools in the present question about a first load: the answer applies only to them. */
    struct first_load {
        unsigned pool, consent_epoch;
    } question[QUESTIONS_MAX]; /* [questions] */
    unsigned questions;
    /* By pool number: the consent_epoch about which the user was asked */
    unsigned asked[POOLS_RUN_MAX + 1];
    /* by pool number: the protected name about which the user was asked, see name_mark; 0: none */
    unsigned name_asked[POOLS_RUN_MAX + 1];
};

/* The snapshot on the screen: the frozen or the newest one. */
static inline const struct snapshot *app_shown(const struct app *a)
{
    return a->frozen ? a->frozen : a->live;
}
/* the selected pool in the newest snapshot; NULL: none */
const struct pool_snapshot *app_pool(const struct app *);
void app_notice(struct app *, enum role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sends a command as text; an immediate refusal is shown as a notice. */
void app_send(struct app *, enum origin, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void app_pause_all(struct app *);
void app_quit(struct app *);

#endif
