/* The outputs at the end of a run: see outcome.h.
 *
 * Each output is made completely in memory and written once, so that errors such as a full disk or
 * a closed pipe are detected separately. Called by main, headless and after the dashboard. */
#include "ui/run/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/state/snapshot.h"
#include "ui/base/exit_code.h"
#include "ui/base/fd_write.h"
#include "ui/base/out_file.h"
#include "ui/base/say.h"
#include "ui/json/run.h"
#include "ui/run/history.h"
#include "ui/run/journal.h"
#include "ui/run/repeat.h"
#include "ui/run/summary.h"

int exit_of_run(const struct snapshot *s)
{
    int code = s->ended_by == END_BY_ERROR ? EXIT_FAILED : EXIT_DONE;
    for (unsigned i = 0; i < s->pools; i++)
        code = exit_worse(code, exit_of_error(s->pool[i].error_code));
    for (unsigned i = 0; i < s->thresholds; i++)
        if (!s->threshold[i].known || !s->threshold[i].ok)
            code = exit_worse(code, EXIT_THRESHOLD);
    return code;
}

static int write_json(const struct outcome *o, const json_t *run, const char *file)
{
    struct err err = {0};
    size_t len;
    char *text = json_text(run, &len);
    int code = EXIT_DONE;
    if (strcmp(file, "-") == 0) {
        code = print_bytes(STDOUT_FILENO, "stdout", text, len, o->hurry);
    } else if (out_file_write(file, text, len, o->hurry ? OUT_AT_ONCE : OUT_PATIENT, &err) < 0) {
        complain("%s", err.msg);
        code = EXIT_FAILED;
    }
    free(text);
    return code;
}

/* Errors when saving to the history are reported but do not make the run fail. */
static bool is_wanted(const struct outcome *o)
{
    return o->keep && history_available();
}

/* The history and the journal are in one folder: report an error of it only once. */
static void complain_of_state(const struct err *err)
{
    static char said[sizeof err->msg];
    if (strcmp(said, err->msg) != 0)
        complain("%s", err->msg);
    copy_str(said, sizeof said, err->msg);
}

static bool keep_run(const struct outcome *o, const json_t *run)
{
    struct err err = {0};
    if (!is_wanted(o) || history_save(run, o->hurry, &err) == 0)
        return true;
    complain_of_state(&err);
    return false;
}

struct journal *outcome_journal(const struct outcome *o)
{
    struct err err = {0};
    struct journal *j = is_wanted(o) ? journal_open(o->command, o->screens, &err) : NULL;
    if (err.code)
        complain_of_state(&err);
    return j;
}

/* After a signal the last snapshot may be from before the end: marks it as ended by the signal. */
static struct snapshot as_ended(const struct snapshot *s)
{
    struct snapshot copy = *s; /* borrows what it points to */
    copy.ended = true;
    copy.ended_by = END_BY_SIGNAL;
    return copy;
}

static int print_summary(const struct outcome *o, const struct snapshot *s, bool only_json)
{
    struct text t = {0};
    summary_text(&t, s);
    if (o->repeats)
        repeats_text(o->repeats, &t);
    int code = print_page(only_json ? STDERR_FILENO : STDOUT_FILENO,
                          only_json ? "stderr" : "stdout", text_str(&t), t.len, o->hurry);
    text_free(&t);
    return code;
}

int outcome_write_json(const struct outcome *o, const struct snapshot *s, struct err *err)
{
    const char *file = o->json;
    size_t len;
    /* A pipe is written once, at the end. */
    if (!*file || strcmp(file, "-") == 0 || out_file_is_special(file))
        return 0;
    json_t *run = json_with_screens(s, o->command, o->cpu_share, o->screens);
    char *text = json_text(run, &len);
    int bad = out_file_write(file, text, len, OUT_AT_ONCE, err);
    free(text);
    json_decref(run);
    return bad;
}

int outcome_write(const struct outcome *o, const struct snapshot *s, bool *kept)
{
    struct snapshot ended;
    if (o->hurry)
        out_end_soon();
    if (o->hurry && !s->ended) {
        ended = as_ended(s);
        s = &ended;
    }
    const char *json = o->json;
    bool only_json = strcmp(json, "-") == 0;
    json_t *run = json_with_screens(s, o->command, o->cpu_share, o->screens);
    if (o->repeats)
        repeats_json(o->repeats, run);
    int code = *json ? write_json(o, run, json) : EXIT_DONE;
    bool unwritten = code != EXIT_DONE;
    if (!only_json || !o->quiet)
        code = exit_worse(code, print_summary(o, s, only_json));
    *kept = keep_run(o, run);
    if (unwritten && *kept && is_wanted(o))
        complain("the run itself is kept: loadtop history show %.16s -o FILE.json", s->run_id);
    json_decref(run);
    return code;
}
