/* The loop of the dashboard; see app.h.
 *
 *   poll(keyboard, signals, engine) -> input, commands -> newest snapshot -> cells -> terminal
 *
 * Nothing here waits for a worker or a target. All pending input is read before a frame is drawn,
 * so that many keys or resizes cost one frame. */
#include "ui/live/app.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/os/usage.h"
#include "engine/base/text.h"
#include "ui/live/act.h"
#include "ui/live/app_state.h"
#include "ui/live/ask.h"
#include "ui/live/capture.h"
#include "ui/live/probe.h"
#include "ui/run/journal.h"
#include "ui/term/glyphs.h"
#include "ui/term/theme_files.h"
#include "ui/views/screen.h"
#include "ui/views/views.h"

#define IDLE_MS 250
#define INPUTS_A_TURN 256 /* after this many, signals and the screen get their turn */
#define FRAME_GAP_S 0.016
#define SUSPEND_S 1.0 /* longest wait for requests in flight before the process is stopped */

static double seconds(clockid_t clock)
{
    return (double)clock_read_ns(clock) / 1e9;
}

/* ---- set-up ---- */

/* A glyph set that the locale cannot show is refused: it would be question marks. */
static int refuse_glyphs(const char *name, struct err *err)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE",
                                            "LANG"}; /* the first that is set */
    const char *which = "LANG", *value = NULL;

    for (size_t i = 0; i < sizeof variables / sizeof *variables && !(value && *value); i++) {
        which = variables[i];
        value = getenv(which);
    }
    return err_set(
        err, ERR_USAGE,
        "--glyphs %.40s: the locale (%s=%.40s) is not UTF-8, or not installed: take acs or "
        "ascii, or a UTF-8 locale such as LC_ALL=C.UTF-8",
        name, which, value ? value : "");
}

static int set_appearance(struct app *a, struct err *err)
{
    const struct app_settings *s = a->settings;
    const char *glyphs = s->glyphs && s->glyphs[0] ? s->glyphs : NULL;

    if (theme_load(&a->theme, s->theme && s->theme[0] ? s->theme : theme_default(), err))
        return ERR_USAGE;
    a->cells.glyphs = glyphs_find(glyphs ? glyphs : "braille");
    if (!a->cells.glyphs)
        return err_set(err, ERR_USAGE, "--glyphs %.40s: braille, block, acs or ascii", glyphs);
    if (glyphs && a->cells.glyphs->needs_utf8 && !locale_is_utf8())
        return refuse_glyphs(glyphs, err);
    return 0;
}

/* Settings that depend on the open terminal. */
static void fit_terminal(struct app *a)
{
    const struct app_settings *s = a->settings;
    const char *term = getenv("TERM");

    a->tier = term_tier();
    if (s->glyphs && s->glyphs[0])
        return;
    if (!term_utf8())
        a->cells.glyphs = glyphs_find("acs");
    else if (term && !strcmp(term, "linux")) /* the Linux console's fonts have no braille */
        a->cells.glyphs = glyphs_find("block");
}

/* Writes the run's JSON when the run has ended, even if the screen stays open. */
static void check_end(struct app *a)
{
    const struct app_settings *s = a->settings;
    struct err err = {0};

    if (a->ended_seen || !a->live->ended || !a->live->pools)
        return;
    a->ended_seen = true;
    if (s->ended && s->ended(s->ended_ctx, a->live, &err))
        app_notice(a, ROLE_ALERT, "%s", err.msg);
}

/* ---- snapshots ---- */

/* Shows why the user's last command was refused, whatever else has happened since. */
static void look_for_answer(struct app *a)
{
    struct err why;

    if (a->ticket <= 0)
        return;
    enum command_result result = engine_ticket_result(a->engine, a->ticket, &why);
    if (why.msg[0])
        app_notice(a, ROLE_CAUTION, "%s", why.msg);
    if (result != COMMAND_WAITING)
        a->ticket = 0;
}

static void take_snapshot(struct app *a)
{
    const struct snapshot *s = engine_snapshot(a->engine);
    struct err err = {0};

    snapshot_release(a->live);
    a->live = s;
    a->dirty = true;
    a->sc.real_s = s->now_s;
    if (!journal_tick(a->journal, s, &err))
        app_notice(a, ROLE_CAUTION, "%s: a crash would lose this run", err.msg);
    if (s->message_serial != a->message_serial) {
        a->message_serial = s->message_serial;
        if (s->message[0])
            app_notice(a, ROLE_CAUTION, "%s", s->message);
    }
    look_for_answer(a);
    ask_update(a);
    check_end(a);
}

static void drain_eventfd(int fd)
{
    uint64_t n;

    (void)!read(fd, &n, sizeof n);
}

static void screen_commands(struct app *a)
{
    struct command c;

    while (engine_take_screen(a->engine, &c))
        capture_command(a, &c);
}

/* ---- one turn ---- */

void app_draw(struct app *a)
{
    static double window_from, window_cpu;
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    int rows, cols;

    term_size(&rows, &cols);
    if (rows != a->cells.rows || cols != a->cells.cols)
        cells_resize(&a->cells, rows, cols);
    a->sc.theme = a->theme.name;
    a->sc.glyphs = a->cells.glyphs->name;
    a->sc.colors = tier_name(a->tier);
    screen_draw(&a->cells, &a->sc, app_shown(a), a->live);
    term_cursor(a->sc.cursor_x, a->sc.cursor_y);
    term_show(&a->cells, &a->theme, a->tier);
    a->dirty = false;
    if (a->sc.clock - window_from >= 2) {
        if (window_from > 0)
            a->sc.cost_share = (cpu - window_cpu) / (a->sc.clock - window_from);
        window_from = a->sc.clock;
        window_cpu = cpu;
    }
}

static void take_signals(struct app *a)
{
    struct term_signals s = term_take_signals();

    if (s.end)
        a->signal = s.end;
    if (s.suspend) {
        app_pause_all(a);
        a->suspend = SUSPEND_SELF;
    }
    a->dirty = true; /* a resize */
}

/* May an operation still be in flight? If the process stopped now, its latency would include the
 * suspension. A pause is visible at once but operations in flight are counted per tick, so wait two
 * ticks. */
static bool is_loading(const struct app *a)
{
    const struct snapshot *s = a->live;

    for (unsigned i = 0; i < s->pools; i++)
        if (s->pool[i].state == POOL_LOADING || s->pool[i].counts.in_flight > 0 ||
            (s->pool[i].state == POOL_PAUSED && s->now_s - s->pool[i].state_since_s < 0.2))
            return true;
    return false;
}

static void suspend(struct app *a)
{
    double end = seconds(CLOCK_MONOTONIC) + SUSPEND_S, left = SUSPEND_S;

    bool group = a->suspend == SUSPEND_GROUP;

    a->suspend = SUSPEND_NO;
    /* The engine executes the pause; wait for it, because a stopped process cannot. */
    while (is_loading(a) && left > 0) {
        struct pollfd fd = {.fd = engine_fd(a->engine), .events = POLLIN};

        if (poll(&fd, 1, 1 + (int)(left * 1e3)) > 0) {
            drain_eventfd(fd.fd);
            take_snapshot(a);
        }
        left = end - seconds(CLOCK_MONOTONIC);
    }
    bool done = term_suspend(group);
    app_notice(a, ROLE_CAUTION,
               "%sload stays paused: p resumes the selected pool, :resume all goes on with all",
               done ? "" : "not suspended, there is no job control here; ");
}

static void turn(struct app *a, bool wait)
{
    struct pollfd fd[3] = {{.fd = term_key_fd(), .events = POLLIN},
                           {.fd = term_signal_fd(), .events = POLLIN},
                           {.fd = engine_fd(a->engine), .events = POLLIN}};
    struct input in;
    int n = poll(fd, 3, wait ? IDLE_MS : 0);

    a->sc.clock = seconds(CLOCK_MONOTONIC);
    if (fd[1].revents)
        take_signals(a);
    /* the terminal is gone */
    if (n > 0 && (fd[0].revents & (POLLHUP | POLLERR | POLLNVAL)) && !a->signal)
        a->signal = SIGHUP;
    if (fd[2].revents & POLLIN) {
        drain_eventfd(fd[2].fd);
        take_snapshot(a);
    }
    for (int i = 0; i < INPUTS_A_TURN && !a->quit && !a->signal && term_read(&in); i++)
        act_input(a, &in);
    screen_commands(a);
    act_probe(a);
    capture_theme_follow(a);
    if (a->sc.notice[0] && a->sc.clock >= a->sc.notice_until) {
        a->sc.notice[0] = '\0';
        a->dirty = true;
    }
}

static void loop(struct app *a)
{
    double drawn = 0;

    while (!a->quit && !a->signal) {
        bool late = a->dirty; /* a frame is pending: do not sleep */

        turn(a, !late);
        if (a->suspend)
            suspend(a);
        if (a->dirty && !a->quit && !a->signal) {
            double now = seconds(CLOCK_MONOTONIC);

            if (now - drawn < FRAME_GAP_S) { /* more input may be on its way */
                struct timespec gap = {.tv_nsec = (long)((FRAME_GAP_S - (now - drawn)) * 1e9)};

                if (gap.tv_nsec > 0)
                    nanosleep(&gap, NULL);
                turn(a, false);
                if (a->quit || a->signal)
                    break;
            }
            app_draw(a);
            drawn = seconds(CLOCK_MONOTONIC);
        }
    }
}

int app_check(const struct app_settings *settings, struct err *err)
{
    static struct app a;

    a.settings = settings;
    return set_appearance(&a, err) ? ERR_USAGE : term_check(settings->colors, err);
}

int app_run(struct engine *engine, const struct app_settings *settings, struct journal *journal,
            struct err *err)
{
    static struct app a; /* static because it is large and there is only one */
    int rc;

    memset(&a, 0, sizeof a);
    a.engine = engine;
    a.settings = settings;
    a.journal = journal;
    screen_init(&a.sc, views);
    rc = set_appearance(&a, err);
    if (!rc)
        rc = term_open(settings->colors, err);
    if (rc)
        return rc;
    fit_terminal(&a);
    a.sc.clock = seconds(CLOCK_MONOTONIC);
    take_snapshot(&a);
    loop(&a);
    if (a.signal)
        engine_end(engine, END_NOW, END_BY_SIGNAL);
    term_close();
    probe_free(a.probe, !a.signal);
    form_close(&a.sc.form);
    baseline_free(&a.sc.baselines);
    snapshot_release(a.frozen);
    snapshot_release(a.live);
    cells_free(&a.cells);
    return a.signal ? 128 + a.signal : 0;
}
