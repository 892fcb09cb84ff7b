/* The loop of the dashboard; see app.h.
 *
 *   poll(keyboard, signals, engine) -> input, commands -> newest snapshot -> cells -> terminal
 *
 * Nothing in here waits for a worker or a target. All input that is there is taken before a frame
 * is drawn, so that a storm of keys or resizes costs one frame. */
#include "ui/app.h"

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

#include "engine/base/text.h"
#include "ui/app_private.h"
#include "ui/glyphs.h"
#include "ui/journal.h"
#include "ui/probe.h"
#include "engine/base/quantity.h"

#define NOTICE_S 6.0
#define IDLE_MS 250
#define INPUTS_A_TURN 256 /* then signals and the screen have theirs */
#define FRAME_GAP_S 0.016
#define SUSPEND_S 1.0 /* at most, for what is in flight to end before the process is stopped */

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

const struct pool_snapshot *app_pool(const struct app *a)
{
    const struct pool_snapshot *shown = screen_pool(&a->sc, app_shown(a));

    /* The display may be frozen; what a key does counts from what holds now. */
    for (unsigned i = 0; shown && i < a->live->pools; i++)
        if (a->live->pool[i].number == shown->number)
            return &a->live->pool[i];
    return NULL;
}

void app_notice(struct app *a, enum role role, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(a->sc.notice, sizeof a->sc.notice, fmt, ap);
    va_end(ap);
    secret_hide_places(a->sc.notice);
    a->sc.notice_role = role;
    a->sc.notice_until = a->sc.clock + NOTICE_S;
    a->dirty = true;
}

void app_send(struct app *a, enum origin by, const char *fmt, ...)
{
    struct err err = {0};
    char buf[COMMAND_TEXT_MAX + 512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (engine_send_text(a->engine, buf, by, &err))
        app_notice(a, ROLE_ALERT, "%s", err.msg);
}

void app_pause_all(struct app *a)
{
    app_send(a, BY_KEY, "pause all");
}

void app_quit(struct app *a)
{
    engine_end(a->engine, END_DRAIN, "user");
    a->quit = true;
}

/* ---- set-up ---- */

static int set_looks(struct app *a, struct err *err)
{
    const struct app_settings *s = a->settings;
    const char *glyphs = s->glyphs && s->glyphs[0] ? s->glyphs : NULL;

    if (theme_load(&a->theme, s->theme && s->theme[0] ? s->theme : theme_default(), err))
        return ERR_USAGE;
    a->cells.glyphs = glyphs_find(glyphs ? glyphs : "braille");
    if (!a->cells.glyphs)
        return err_set(err, ERR_USAGE, "--glyphs %.40s: braille, block, acs or ascii", glyphs);
    return 0;
}

/* What only the open terminal tells. */
static void fit_terminal(struct app *a)
{
    const struct app_settings *s = a->settings;
    const char *term = getenv("TERM");

    a->tier = term_tier();
    if (s->glyphs && s->glyphs[0])
        return;
    if (!term_utf8())
        a->cells.glyphs = glyphs_find("acs");
    else if (term && !strcmp(term, "linux")) /* the console's fonts have no braille */
        a->cells.glyphs = glyphs_find("block");
}

/* ---- the first load elsewhere ---- */

/* "redis://db1:6379 at 10.0.0.7:6379: Redis 7.0.15, 12,345 items, 3 other clients" */
static void describe_target(struct text *t, const struct pool_snapshot *p)
{
    char number[32];

    text_add(t, "%s %.200s", p->name, p->target);
    if (p->address[0] && !strstr(p->target, p->address))
        text_add(t, " at %s", p->address);
    if (p->room_why[0])
        text_add(t, " (%s)", p->room_why);
    if (p->state != POOL_PAUSED) {
        text_add(t, " (not reached yet)");
        return;
    }
    text_add(t, ": %s", p->version[0] ? p->version : "version not known");
    if (p->data_items >= 0)
        text_add(t, ", %s item%s", format_count(number, sizeof number, (uint64_t)p->data_items),
                 p->data_items == 1 ? "" : "s");
    if (p->data_bytes >= 0)
        text_add(t, ", %s", format_bytes(number, sizeof number, (double)p->data_bytes));
    if (p->data_items < 0 && p->data_bytes < 0)
        text_add(t, ", size not known");
    if (p->other_clients >= 0)
        text_add(t, ", %lld other client%s", (long long)p->other_clients,
                 p->other_clients == 1 ? "" : "s");
    else
        text_add(t, ", other clients not known");
    text_add(t, "; load: %u thread%s x %u client%s", p->load.threads,
             p->load.threads == 1 ? "" : "s", p->load.clients, p->load.clients == 1 ? "" : "s");
}

/* Tells one protected name from the next that the same pool waits for. */
static unsigned name_mark(const char *name)
{
    unsigned h = 2166136261U; /* FNV-1a */
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619U;
    return h ? h : 1;
}

void app_ask_name(struct app *a, const struct pool_snapshot *p)
{
    a->name_asked[p->number] = name_mark(p->guard);
    copy_str(a->sc.question_host, sizeof a->sc.question_host, p->guard);
    field_set(&a->sc.input, "");
    a->sc.input.secret = false;
    a->sc.input_error[0] = '\0';
    act_ask(a, ASK_PROTECTED,
            "Pool %u, %s: %.120s is protected (%.120s). No load was sent to it. To "
            "load it, type its name:",
            p->number, p->name, p->guard, p->guard_rule);
}

static bool waits_for_yes(const struct pool_snapshot *p)
{
    return p->held && !p->guard[0] && p->state == POOL_PAUSED;
}

/* Adds a pool to the question. False: it is full, and the pool is asked about in the next one. */
static bool add_question(struct app *a, struct text *list, const struct pool_snapshot *p)
{
    struct text one = {.limit = QUESTION_MAX - 2};

    describe_target(&one, p);
    bool fits =
        !list->len || (a->questions < QUESTIONS_MAX && list->len + one.len + 2 < QUESTION_MAX);
    if (fits) {
        text_add(list, "%s%s", list->len ? "; " : "", text_str(&one));
        a->question[a->questions++] = (struct first_load){p->number, p->holds};
        a->asked[p->number] = p->holds;
    }
    text_free(&one);
    return fits;
}

static void ask(struct app *a, const struct text *list)
{
    act_ask(a, ASK_FIRST_LOAD, "This loads what is not on this machine: %s. Start the load?",
            text_str(list));
}

void app_ask_first(struct app *a, const struct pool_snapshot *only)
{
    struct text list = {.limit = QUESTION_MAX};
    bool room = true;

    a->questions = 0;
    for (unsigned i = 0; i < a->live->pools && room; i++) {
        const struct pool_snapshot *p = &a->live->pool[i];
        bool wanted = only ? p == only : a->asked[p->number] != p->holds;

        if (wanted && waits_for_yes(p))
            room = add_question(a, &list, p);
    }
    if (list.len)
        ask(a, &list);
    text_free(&list);
}

/* What has become known of the pools in the question meanwhile is put into it; no other pool is. */
static void renew_question(struct app *a)
{
    struct text list = {.limit = QUESTION_MAX};

    for (unsigned k = 0; k < a->questions; k++)
        for (unsigned i = 0; i < a->live->pools; i++)
            if (a->live->pool[i].number == a->question[k].pool) {
                text_add(&list, "%s", list.len ? "; " : "");
                describe_target(&list, &a->live->pool[i]);
            }
    if (list.len)
        ask(a, &list);
    text_free(&list);
}

/* So that those that come back are asked about again. */
static void forget_question(struct app *a)
{
    for (unsigned k = 0; k < a->questions; k++)
        a->asked[a->question[k].pool] = 0;
    a->questions = 0;
}

static bool still_asked(const struct app *a)
{
    for (unsigned k = 0; k < a->questions; k++)
        for (unsigned i = 0; i < a->live->pools; i++)
            if (a->live->pool[i].number == a->question[k].pool && waits_for_yes(&a->live->pool[i]))
                return true;
    return false;
}

/* Asks for each pool that waits for a yes, once it was looked at. */
static void look_for_held(struct app *a)
{
    bool fresh = false;

    for (unsigned i = 0; i < a->live->pools; i++) {
        const struct pool_snapshot *p = &a->live->pool[i];

        if (p->guard[0] && a->sc.mode == MODE_VIEW &&
            a->name_asked[p->number] != name_mark(p->guard))
            app_ask_name(a, p);
        fresh = fresh || (waits_for_yes(p) && a->asked[p->number] != p->holds);
    }
    bool asking = a->sc.mode == MODE_ASK && a->sc.question == ASK_FIRST_LOAD;
    if (asking && !still_asked(a)) { /* it ended, or is gone again */
        a->sc.mode = MODE_VIEW;
        a->sc.question = ASK_NONE;
        forget_question(a);
    } else if (asking)
        renew_question(a);
    else if (fresh && a->sc.mode == MODE_VIEW)
        app_ask_first(a, NULL);
}

/* The run's JSON is written at its end, also while the screen stays. */
static void look_for_end(struct app *a)
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
    look_for_held(a);
    look_for_end(a);
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
        a->suspend = true;
    }
    a->dirty = true; /* a resize */
}

/* May an operation still wait for its answer? Stopped now, it would take as long as the suspension.
 * What is in flight is counted at each tick, a pause shows at once: two ticks later it is known. */
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

    a->suspend = false;
    /* The pause is carried out by the engine: once this process is stopped, it is too late. */
    while (is_loading(a) && left > 0) {
        struct pollfd fd = {.fd = engine_fd(a->engine), .events = POLLIN};

        if (poll(&fd, 1, 1 + (int)(left * 1e3)) > 0) {
            drain_eventfd(fd.fd);
            take_snapshot(a);
        }
        left = end - seconds(CLOCK_MONOTONIC);
    }
    term_suspend();
    app_notice(a, ROLE_CAUTION,
               "load stays paused: p resumes the selected pool, :resume all goes on with all");
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
    if (n > 0 && (fd[0].revents & (POLLHUP | POLLERR | POLLNVAL)) && !a->signal)
        a->signal = SIGHUP; /* the terminal is gone */
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
        bool late = a->dirty; /* a frame is owed: do not sleep on it */

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
    return set_looks(&a, err) ? ERR_USAGE : term_check(settings->colors, err);
}

int app_run(struct engine *engine, const struct app_settings *settings, struct journal *journal,
            struct err *err)
{
    static struct app a; /* large, and there is one terminal */
    int rc;

    memset(&a, 0, sizeof a);
    a.engine = engine;
    a.settings = settings;
    a.journal = journal;
    screen_init(&a.sc);
    rc = set_looks(&a, err);
    if (!rc)
        rc = term_open(settings->colors, err);
    if (rc)
        return rc;
    fit_terminal(&a);
    a.sc.clock = seconds(CLOCK_MONOTONIC);
    take_snapshot(&a);
    loop(&a);
    if (a.signal)
        engine_end(engine, END_NOW, "signal");
    term_close();
    probe_free(a.probe, !a.signal);
    form_close(&a.sc.form);
    baseline_free(&a.sc);
    snapshot_release(a.frozen);
    snapshot_release(a.live);
    cells_free(&a.cells);
    return a.signal ? 128 + a.signal : 0;
}
