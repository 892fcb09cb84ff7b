/* The run with a screen: see dashboard.h. The screen itself is ui/live/app.c.
 *
 * The signals that end a run are blocked before the engine creates its threads, so that only this
 * thread receives them: by handlers while the screen is open, by a signalfd before and after. No
 * load starts before it is known that the screen can be opened. */
#include "ui/cli/dashboard.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/os/usage.h"
#include "engine/base/err.h"
#include "engine/engine.h"
#include "engine/os/loop.h"
#include "engine/state/snapshot.h"
#include "ui/base/end_signal.h"
#include "ui/base/exit_code.h"
#include "ui/base/say.h"
#include "ui/cli/cli.h"
#include "ui/live/app.h"
#include "ui/run/journal.h"
#include "ui/run/outcome.h"

#define SIGNAL_WAIT_NS (200 * NS_PER_MS)
#define DRAIN_STEP_NS (50 * NS_PER_MS)

static int block_signals(void)
{
    sigset_t set;

    end_signals_fill(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int taken_signal(int fd)
{
    struct signalfd_siginfo info;

    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

static int send_sweep(struct engine *e, const struct scenario *s, struct err *err)
{
    char text[sizeof s->sweep + 8];

    if (!s->sweep[0])
        return 0;
    snprintf(text, sizeof text, "sweep %s", s->sweep);
    return engine_send_text(e, text, BY_COMMAND, err) < 0 ? err->code : 0;
}

/* Waits until requests in flight have drained; a signal ends the wait. Returns 0 or the signal. */
static int wait_end(struct engine *e, int fd, int signal)
{
    uint64_t until = clock_ns() + SIGNAL_WAIT_NS;

    if (signal) {
        engine_wait(e, SIGNAL_WAIT_NS);
        return signal;
    }
    while (!engine_wait(e, DRAIN_STEP_NS)) {
        int now = taken_signal(fd);

        if (now && !signal) {
            signal = now;
            until = clock_ns() + SIGNAL_WAIT_NS;
            engine_end(e, END_NOW, END_BY_SIGNAL);
        }
        if (signal && clock_ns() >= until)
            break;
    }
    return signal;
}

static int fail(const struct err *err)
{
    complain("%s", err->msg);
    return exit_of_error(err->code);
}

/* A run that ended by itself is written at its end; it is written again if it is changed
 * afterwards. */
static int write_ended(void *ctx, const struct snapshot *s, struct err *err)
{
    return outcome_write_json(ctx, s, err);
}

/* Shows the running engine, ends it, and writes the outcome. */
static int show(struct engine *e, struct app_settings *settings, const struct cli *c, int fd)
{
    struct outcome o = {.json = cli_text(c, OWN_JSON),
                        .keep = !cli_flag(c, OWN_NO_HISTORY),
                        .quiet = cli_flag(c, OWN_QUIET),
                        .command = settings->command,
                        .cpu_share = NAN,
                        .screens = settings->screens};
    uint64_t begin_ns = clock_ns(), cpu_begin_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct err err = {0};
    int code, signal;
    bool kept;
    const struct snapshot *s;
    struct journal *journal = outcome_journal(&o);

    settings->ended = write_ended;
    settings->ended_ctx = &o; // cppcheck-suppress autoVariables ; taken back below
    code = app_run(e, settings, journal, &err);
    settings->ended = NULL;
    settings->ended_ctx = NULL;
    if (code < 0) {
        engine_end(e, END_NOW, END_BY_ERROR);
        journal_close(journal, true);
        return fail(&err);
    }
    signal = wait_end(e, fd, code >= EXIT_SIGNAL ? code - EXIT_SIGNAL : 0);
    s = engine_snapshot(e);
    o.cpu_share = process_cpu_share(begin_ns, cpu_begin_ns, s->cpus);
    o.hurry = signal != 0;
    code = signal ? EXIT_SIGNAL + signal : exit_of_run(s);
    code = exit_worse(code, outcome_write(&o, s, &kept));
    journal_close(journal, kept);
    snapshot_release(s);
    if (!signal) /* a signal that arrived while waiting for a reader */
        signal = taken_signal(fd);
    end_signals_end();
    return signal ? EXIT_SIGNAL + signal : code;
}

int dashboard_run(const struct cli *c, const struct scenario *s,
                  const struct backend *const *backends, const char *command)
{
    struct app_settings settings = {.theme = cli_text(c, OWN_THEME),
                                    .colors = cli_text(c, OWN_COLORS),
                                    .glyphs = cli_text(c, OWN_GLYPHS),
                                    .out_dir = cli_text(c, OWN_OUT),
                                    .command = command,
                                    .quiet = cli_flag(c, OWN_QUIET),
                                    .backends = backends};
    struct err err = {0};
    struct engine *e;
    int fd, code;

    if (app_check(&settings, &err))
        return fail(&err);
    fd = block_signals();
    if (fd < 0) {
        complain("signals: %s", strerror(errno));
        return EXIT_FAILED;
    }
    e = engine_new(s, backends, false, &err);
    if (!e || engine_start(e, &err) || send_sweep(e, s, &err)) {
        engine_free(e);
        close(fd);
        return fail(&err);
    }
    settings.screens = json_array();
    code = show(e, &settings, c, fd);
    json_decref(settings.screens);
    if (code >= EXIT_SIGNAL) /* must end within the guaranteed time */
        engine_leave(e);
    else
        engine_free(e);
    close(fd);
    return code;
}
