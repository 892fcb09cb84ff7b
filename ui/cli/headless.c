/* The run without a screen: see headless.h.
 *
 * One loop waits for snapshots and for signals (a signalfd: nothing is done in a handler). --at and
 * the pools' ends are handled by the engine. This loop decides only to give up: when no target was
 * reached within 10 s, or when only pools that were never reached are left. After a signal it tells
 * the engine to end at once, waits briefly so that output is complete within 500 ms, and writes the
 * partial outcome from the last snapshot. */
#include "ui/cli/headless.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/os/usage.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/config/command_text.h"
#include "engine/engine.h"
#include "engine/os/loop.h"
#include "engine/state/snapshot.h"
#include "ui/base/end_signal.h"
#include "ui/base/exit_code.h"
#include "ui/base/fd_write.h"
#include "ui/base/out_file.h"
#include "ui/base/say.h"
#include "ui/cli/cli.h"
#include "ui/json/run.h"
#include "ui/report/report.h"
#include "ui/run/journal.h"
#include "ui/run/outcome.h"
#include "ui/run/repeat.h"
#include "ui/run/summary.h"

#define REACH_S 10.0
#define STANDSTILL_S 1.0
#define SIGNAL_WAIT_NS (200 * NS_PER_MS)
#define PROGRESS_NS (10 * NS_PER_S)
#define REDRAW_NS (NS_PER_S / 2)

struct run {
    const struct cli *cli;
    const struct scenario *scenario;
    const char *command; /* that repeats the run */
    struct engine *engine;
    struct journal *journal; /* NULL: not wanted, or not possible */
    int signal_fd;
    int signal;           /* that ended it; 0: none */
    uint64_t deadline_ns; /* after a signal */
    uint64_t begin_ns, cpu_begin_ns, next_progress_ns, message_serial;
    int64_t sweep;  /* the ticket of --sweep; 0: there is none */
    bool unwritten; /* a requested report could not be written */
    int unreached;  /* exit code if no target was reached; 0: one was */
    bool ending, given_up, reached, usage, last;
    bool tty, line; /* stderr is a terminal; it shows a progress line */
};

/* ---- Signals ---- */

static int take_signals(void)
{
    sigset_t set;
    end_signals_fill(&set);
    sigprocmask(SIG_BLOCK, &set, NULL); /* every thread that starts later inherits it */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void end_run(struct run *r, enum end_how how, enum end_reason by)
{
    engine_end(r->engine, how, by);
    r->ending = true;
}

static void check_signal(struct run *r)
{
    struct signalfd_siginfo info;
    if (read(r->signal_fd, &info, sizeof info) != sizeof info || r->signal)
        return;
    r->signal = (int)info.ssi_signo;
    r->deadline_ns = clock_ns() + SIGNAL_WAIT_NS;
    end_run(r, END_NOW, END_BY_SIGNAL);
}

/* ---- Progress ---- */

static void wipe_line(struct run *r)
{
    if (r->line)
        fd_write_all(STDERR_FILENO, "stderr", "\r\033[K", 4, 0, NULL);
    r->line = false;
}

static void note(struct run *r, const char *text)
{
    if (cli_flag(r->cli, OWN_QUIET))
        return;
    wipe_line(r);
    complain("%s", text);
}

static int terminal_cols(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

static void show_progress(struct run *r, const struct snapshot *s)
{
    uint64_t now = clock_ns();
    if (cli_flag(r->cli, OWN_QUIET) || r->ending || now < r->next_progress_ns)
        return;
    struct text t = {0}, line = {0}; /* one write, because other programs may write there too */
    if (r->tty) {
        r->next_progress_ns = now + REDRAW_NS;
        summary_progress(&t, s, false);
        /* leave one column free, so that no terminal wraps */
        size_t room = (size_t)terminal_cols() - 1;
        size_t len = t.s ? clean_line(t.s, t.len) : 0;
        if (len > room) /* no character takes more columns than bytes */
            len = clean_line(t.s, room);
        text_add(&line, "\r%.*s\033[K", (int)len, text_str(&t));
        r->line = true;
    } else {
        r->next_progress_ns += PROGRESS_NS;
        summary_progress(&t, s, true);
        text_add_line(&line, "%s", text_str(&t));
    }
    fd_write_all(STDERR_FILENO, "stderr", text_str(&line), line.len, 0, NULL);
    text_free(&line);
    text_free(&t);
}

static bool ends_by_itself(const struct scenario *s)
{
    bool ends = s->limits.max_time_ns > 0 || s->sweep[0];
    unsigned endless = 0;
    for (unsigned i = 0; i < s->pools; i++)
        endless += !s->pool[i]->count && !s->pool[i]->duration_ns;
    for (unsigned i = 0; i < s->ats; i++) {
        struct command c;
        if (command_parse(&c, s->at[i].text, NULL, NULL) == 0 && c.verb == VERB_QUIT)
            ends = true;
    }
    return ends || !endless;
}

static void say_start(struct run *r)
{
    const struct snapshot *s = engine_snapshot(r->engine);
    for (unsigned i = 0; s && i < s->pools; i++) {
        struct text t = {0};
        summary_load(&t, &s->pool[i]);
        note(r, text_str(&t));
        text_free(&t);
    }
    snapshot_release(s);
    if (!ends_by_itself(r->scenario))
        note(r, "no -d or -n for every pool: this runs until a signal (Ctrl-C) ends it");
}

/* ---- Watching ---- */

static bool pool_was_loaded(const struct pool_snapshot *p)
{
    const struct counts *c = &p->counts, *w = &p->warm;
    return p->connections_up || c->completed || c->errors || c->timeouts || c->in_flight ||
           w->completed || w->errors || w->timeouts || w->in_flight;
}

/* The newest failure of a connection; NULL: there was none. */
static const struct error_class *newest_failure(const struct pool_snapshot *p)
{
    const struct error_class *newest = NULL;
    for (unsigned i = 0; i < p->conn_errors; i++)
        if (!newest || p->conn_error[i].last_s > newest->last_s)
            newest = &p->conn_error[i];
    return newest;
}

/* Why no thread of the pool could be started; NULL: one was. */
static const char *why_no_thread(const struct snapshot *s, const struct pool_snapshot *p)
{
    for (unsigned i = s->events; i-- > 0 && !p->workers;)
        if (s->event[i].kind == EVENT_REFUSED && s->event[i].by == BY_RULE &&
            strcmp(s->event[i].pool, p->name) == 0)
            return s->event[i].to;
    return NULL;
}

/* Was it this machine that had no thread, descriptor or port for the pool? */
static bool is_own_limit(const struct snapshot *s, const struct pool_snapshot *p)
{
    const struct error_class *newest = newest_failure(p);
    return why_no_thread(s, p) || (newest && strcmp(newest->name, "own_limit") == 0);
}

/* Why a pool was not reached. The state's reason is how it ended, once it has. */
static const char *why_not(const struct snapshot *s, const struct pool_snapshot *p)
{
    const struct error_class *newest = newest_failure(p);
    const char *no_thread = why_no_thread(s, p);
    if (no_thread)
        return no_thread;
    if (p->errors && p->error[0].last[0])
        return p->error[0].last;
    if (p->state != POOL_ENDED && p->state_why[0])
        return p->state_why;
    if (newest && newest->last[0])
        return newest->last;
    return p->down_why[0] ? p->down_why : p->target;
}

/* State of the pools' targets so far. */
struct reach {
    bool any;     /* a pool has, or had, a connection, or was paused by the user */
    bool loading; /* a pool that was reached has not ended */
    /* a pool never reached; a pool refused permanently */
    const struct pool_snapshot *missing, *refused;
};

static struct reach pools_reached(const struct snapshot *s)
{
    struct reach r = {0};
    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        /* That the target answered is no load if this machine can carry none. */
        bool reached = pool_was_loaded(p) || (p->answered && !is_own_limit(s, p)) ||
                       p->state == POOL_PAUSED || p->state == POOL_STOPPED ||
                       p->ended_by == END_BY_RULE; /* ended at once by a protection rule */
        if (p->error_code && p->error_code != ERR_UNREACHED) {
            r.refused = p;
        } else if (reached) {
            r.any = true;
            r.loading = r.loading || p->state != POOL_ENDED;
        } else if (!r.missing) {
            r.missing = p;
        }
    }
    return r;
}

/* Ends the run if no target was reached within 10 s, or if only pools are left that never reached
 * theirs. */
static void check_targets(struct run *r, const struct snapshot *s)
{
    struct reach now = pools_reached(s);
    char why[700] = "";
    bool late = s->now_s >= REACH_S;
    r->reached = r->reached || now.any;
    if (r->ending || r->given_up)
        return;
    bool own = now.missing && is_own_limit(s, now.missing);
    bool never =
        !r->reached || (own && !now.any && s->ended); /* it may have answered, for nothing */
    if (now.missing && never && (late || s->ended)) {
        char within[32] = "";
        if (late)
            snprintf(within, sizeof within, " within %.0f s", REACH_S);
        snprintf(why, sizeof why, "%s%s: %s: %s",
                 own ? "nothing was loaded, by a limit of this machine" : "no target was reached",
                 within, now.missing->name, why_not(s, now.missing));
        r->unreached = own ? EXIT_FAILED : EXIT_UNREACHED;
    } else if (now.missing && r->reached && !now.loading && late && !s->ended) {
        snprintf(why, sizeof why, "%s was never reached, and all else has ended: %s",
                 now.missing->name, why_not(s, now.missing));
    } else if (now.refused && s->ended) {
        snprintf(why, sizeof why, "%s: %s", now.refused->name, now.refused->state_why);
    } else {
        return;
    }
    r->given_up = true;
    wipe_line(r);
    complain("%s", why);
    if (!s->ended)
        end_run(r, END_NOW, END_BY_ERROR);
}

/* Ends the run if its pools are stopped, or paused without an end, and no --at is left: without a
 * screen no other command can resume them. */
static void check_standstill(struct run *r, const struct snapshot *s)
{
    bool idle = true, waiting = false, by_rule = false;
    double last_s = 0;
    for (unsigned i = 0; i < r->scenario->ats; i++)
        last_s = fmax(last_s, (double)r->scenario->at[i].at_ns / NS_PER_S);
    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        bool waits = p->state == POOL_STOPPED || (p->state == POOL_PAUSED && !p->duration_ns);
        waiting = waiting || waits;
        idle = idle && (waits || p->state == POOL_ENDED);
    }
    if (r->ending || s->ended || !idle || !waiting || s->now_s < last_s + STANDSTILL_S)
        return;
    for (unsigned i = 0; i < s->events; i++) /* other events of this origin are only told */
        by_rule = by_rule || (s->event[i].by == BY_RULE && (s->event[i].kind == EVENT_RULE ||
                                                            s->event[i].kind == EVENT_REFUSED));
    note(r, "nothing is loaded and no command is to come: this is the end");
    end_run(r, END_DRAIN, by_rule ? END_BY_ERROR : END_BY_USER);
}

/* A pool added without its own end ends with the initial pools, whose -n or -d defined the run. */
static void check_last_second(struct run *r, const struct snapshot *s)
{
    enum end_reason by = END_BY_NONE;
    bool waits = false;
    for (unsigned i = 0; i < s->pools; i++) {
        const struct pool_snapshot *p = &s->pool[i];
        bool ended = p->state == POOL_ENDED, first = p->number <= r->scenario->pools;
        if (!first && ended)
            continue;
        if (!ended && (first || p->count || p->duration_ns))
            return;
        if (first)
            by = p->ended_by;
        waits = waits || !ended;
    }
    if (r->ending || s->ended || !waits || !by)
        return;
    end_run(r, END_DRAIN, by == END_BY_COUNT ? END_BY_COUNT : END_BY_DURATION);
}

/* Executes `report [FILE]` with the run so far. Without a file name the report goes to --out, with
 * the time in its name. */
static void report(struct run *r, const char *file)
{
    char path[512], stamp[32] = "", text[640];
    time_t now = time(NULL);
    struct tm tm;
    struct err err = {0};
    if (localtime_r(&now, &tm))
        strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    if (*file)
        copy_str(path, sizeof path, file);
    else
        snprintf(path, sizeof path, "%s/loadtop-%s-report.html", cli_text(r->cli, OWN_OUT), stamp);
    const struct snapshot *s = engine_snapshot(r->engine);
    json_t *run = json_run(s, r->command, NAN);
    bool failed = !run || report_write(run, path, OUT_AT_ONCE, &err) < 0;
    json_decref(run);
    snapshot_release(s);
    r->unwritten = r->unwritten || failed;
    if (failed) {
        complain("report: %s", err.msg);
        return;
    }
    snprintf(text, sizeof text, "report: %s", path);
    note(r, text);
}

/* Executes front-end commands: quit ends the run, reports are written; the others need a screen. */
static void carry_out(struct run *r)
{
    struct command c;
    char text[COMMAND_SHORT_MAX + 64];
    while (engine_take_screen(r->engine, &c)) {
        if (c.verb == VERB_QUIT) {
            end_run(r, END_DRAIN, END_BY_USER);
            continue;
        }
        if (c.verb == VERB_REPORT) {
            report(r, c.text);
            continue;
        }
        char shown[COMMAND_SHORT_MAX];
        snprintf(text, sizeof text, "%s: not without a screen",
                 command_shown(&c, shown, sizeof shown));
        note(r, text);
    }
}

/* Ends the run if its sweep (--sweep) was refused, because that was its purpose. True if it ends
 * now. */
static bool end_by_refused_sweep(struct run *r)
{
    struct err why;
    if (!r->sweep || engine_ticket_result(r->engine, r->sweep, &why) != COMMAND_REFUSED)
        return false;
    r->sweep = 0;
    r->usage = true;
    if (r->ending)
        return false;
    complain("--sweep %s: %s", r->scenario->sweep, why.msg);
    end_run(r, END_NOW, END_BY_ERROR);
    return true;
}

/* Prints the engine's message, such as why a command was refused. */
static void pass_on_message(struct run *r, const struct snapshot *s)
{
    if (s->message_serial == r->message_serial)
        return;
    r->message_serial = s->message_serial;
    if (!end_by_refused_sweep(r) && s->message[0])
        note(r, s->message);
}

static int send_sweep(struct run *r, struct err *err)
{
    char text[sizeof r->scenario->sweep + 8];
    if (!r->scenario->sweep[0])
        return 0;
    snprintf(text, sizeof text, "sweep %s", r->scenario->sweep);
    r->sweep = engine_send_text(r->engine, text, BY_COMMAND, err);
    return r->sweep < 0 ? (int)r->sweep : 0;
}

/* Watches until the run has ended. Returns the last snapshot, which the caller releases. */
static const struct snapshot *watch_run(struct run *r)
{
    struct pollfd fds[2] = {{.fd = engine_fd(r->engine), .events = POLLIN},
                            {.fd = r->signal_fd, .events = POLLIN}};
    struct err err = {0};
    for (;;) {
        uint64_t count;
        int wait_ms = r->signal ? 10 : 200;
        if (poll(fds, 2, wait_ms) > 0 && fds[0].revents &&
            read(fds[0].fd, &count, sizeof count) < 0 && errno != EAGAIN)
            complain("engine: %s", strerror(errno));
        check_signal(r);
        const struct snapshot *s = engine_snapshot(r->engine);
        check_targets(r, s);
        check_standstill(r, s);
        check_last_second(r, s);
        carry_out(r);
        pass_on_message(r, s);
        if (!journal_tick(r->journal, s, &err))
            complain("%s: a crash would lose this run", err.msg);
        if (s->ended || (r->signal && clock_ns() >= r->deadline_ns))
            return s;
        show_progress(r, s);
        snapshot_release(s);
    }
}

/* ---- One run and all of them ---- */

static int begin(struct run *r, const struct backend *const *backends)
{
    struct err err = {0};
    r->begin_ns = clock_ns();
    r->cpu_begin_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    r->next_progress_ns = r->begin_ns + (r->tty ? NS_PER_S : PROGRESS_NS);
    r->engine = engine_new(r->scenario, backends, false, &err);
    if (r->engine && engine_start(r->engine, &err) == 0 && send_sweep(r, &err) == 0)
        return EXIT_DONE;
    complain("%s", err.msg);
    engine_free(r->engine);
    r->engine = NULL;
    return exit_of_error(err.code);
}

static int exit_code(const struct run *r, const struct snapshot *s)
{
    if (r->signal)
        return EXIT_SIGNAL + r->signal;
    if (r->usage)
        return EXIT_WRONG_USAGE;
    int code = exit_worse(exit_of_run(s), r->unreached);
    return r->unwritten ? exit_worse(code, EXIT_FAILED) : code;
}

/* Executes one run. Its outcome is written if it is the last, or no further one is possible. */
static int run_once(struct run *r, const struct backend *const *backends, struct outcome *o,
                    struct repeats *repeats)
{
    int code = begin(r, backends);
    if (code != EXIT_DONE)
        return code;
    say_start(r);
    r->journal = outcome_journal(o);
    const struct snapshot *s = watch_run(r);
    wipe_line(r);
    code = exit_code(r, s);
    if (repeats)
        repeats_add(repeats, s, code);
    o->cpu_share = process_cpu_share(r->begin_ns, r->cpu_begin_ns, s->cpus);
    o->hurry = r->signal != 0;
    r->last = !repeats || code >= EXIT_SIGNAL || r->unreached || r->usage ||
              repeats->runs == repeats->wanted;
    bool kept = true;
    if (r->last && !r->usage) /* wrong usage is one line */
        code = exit_worse(code, outcome_write(o, s, &kept));
    journal_close(r->journal, kept);
    if (r->last) {
        check_signal(r); /* check for a signal that arrived while waiting for a reader */
        code = r->signal ? EXIT_SIGNAL + r->signal : code;
        end_signals_end();
    }
    snapshot_release(s);
    if (r->signal) /* do not wait for a target that hangs */
        engine_leave(r->engine);
    else
        engine_free(r->engine);
    return code;
}

int headless_run(const struct cli *c, const struct scenario *s,
                 const struct backend *const *backends, const char *command)
{
    struct repeats repeats;
    unsigned wanted = (unsigned)option_u64(&c->own, OWN_REPEAT);
    struct outcome o = {.json = cli_text(c, OWN_JSON),
                        .keep = !cli_flag(c, OWN_NO_HISTORY),
                        .quiet = cli_flag(c, OWN_QUIET),
                        .command = command,
                        .cpu_share = NAN};
    int fd = take_signals(), code = EXIT_DONE;
    if (fd < 0) {
        complain("signals: %s", strerror(errno));
        return EXIT_FAILED;
    }
    repeats_init(&repeats, wanted);
    if (wanted > 1)
        o.repeats = &repeats;
    bool last = false;
    for (unsigned i = 0; i < wanted && !last; i++) {
        struct run r = {.command = command,
                        .cli = c,
                        .scenario = s,
                        .signal_fd = fd,
                        .tty = isatty(STDERR_FILENO) == 1};
        if (wanted > 1) {
            char text[48];
            snprintf(text, sizeof text, "run %u of %u", i + 1, wanted);
            note(&r, text);
        }
        code = exit_worse(code, run_once(&r, backends, &o, o.repeats));
        last = r.last || !r.engine;
    }
    repeats_fini(&repeats);
    close(fd);
    return code;
}
