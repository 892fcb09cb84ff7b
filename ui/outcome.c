/* The end of a run for whoever started it: see outcome.h.
 *
 * Each output is made whole in memory first and written once, so that a full disk or a closed pipe
 * is noticed for each by itself. Called by main, headless and after the dashboard. */
#include "ui/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/err.h"
#include "engine/secret.h"
#include "engine/snapshot.h"
#include "engine/text.h"
#include "engine/utf8.h"
#include "ui/cli.h"
#include "ui/export/file.h"
#include "ui/export/json.h"
#include "ui/history.h"
#include "ui/journal.h"
#include "ui/repeat.h"
#include "ui/summary.h"

void complain(const char *fmt, ...)
{
    char line[1024] = "loadtop: ";
    const int before = (int)strlen(line), room = (int)sizeof line - before - 1;
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(line + before, (size_t)room, fmt, args) < 0)
        line[before] = '\0';
    va_end(args);
    secret_hide_places(line);
    clean_str(line + before);
    size_t len = strlen(line);
    line[len++] = '\n';
    fd_write_all(STDERR_FILENO, "stderr", line, len, OUT_BLINK_MS, NULL);
}

void keep_standard_descriptors(void)
{
    /* A connection that was given the number 1 would receive the summary. */
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

int exit_worse(int a, int b)
{
    static const int order[] = {EXIT_DONE, EXIT_THRESHOLD, EXIT_FAILED, EXIT_UNREACHED,
                                EXIT_WRONG_USAGE};
    int rank_a = (int)(sizeof order / sizeof *order), rank_b = rank_a;
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++) {
        if (order[i] == a)
            rank_a = i;
        if (order[i] == b)
            rank_b = i;
    }
    return rank_b > rank_a ? b : a;
}

int exit_of_error(int code)
{
    switch (code) {
    case 0:
        return EXIT_DONE;
    case ERR_USAGE:
    case ERR_REFUSED:
    case ERR_ABSENT:
        return EXIT_WRONG_USAGE;
    case ERR_UNREACHED:
        return EXIT_UNREACHED;
    default:
        return EXIT_FAILED;
    }
}

int exit_of_run(const struct snapshot *s)
{
    int code = strcmp(s->ended_by, "error") == 0 ? EXIT_FAILED : EXIT_DONE;
    for (unsigned i = 0; i < s->pools; i++)
        code = exit_worse(code, exit_of_error(s->pool[i].error_code));
    for (unsigned i = 0; i < s->thresholds; i++)
        if (!s->threshold[i].known || !s->threshold[i].ok)
            code = exit_worse(code, EXIT_THRESHOLD);
    return code;
}

static int print(int fd, const char *what, const char *text, size_t len, bool hurry)
{
    struct err err = {0};
    if (fd_write_all(fd, what, text, len, hurry ? OUT_BLINK_MS : -1, &err) == 0)
        return EXIT_DONE;
    complain("%s", err.msg);
    return EXIT_FAILED;
}

/* A page for people: no text in it acts on a terminal. */
static int print_page(int fd, const char *what, const char *text, size_t len, bool hurry)
{
    struct text page = {.limit = SIZE_MAX / 4};
    text_put(&page, text, len);
    int code = print(fd, what, text_str(&page), page.s ? clean_lines(page.s, page.len) : 0, hurry);
    text_free(&page);
    return code;
}

int print_stdout(const char *text, unsigned long len)
{
    return print_page(STDOUT_FILENO, "stdout", text, len, false);
}

int print_colored(const char *text, unsigned long len)
{
    return print(STDOUT_FILENO, "stdout", text, len, false);
}

static int write_json(const struct outcome *o, const json_t *run, const char *file)
{
    struct err err = {0};
    size_t len;
    char *text = json_text(run, &len);
    int code = EXIT_DONE;
    if (strcmp(file, "-") == 0) {
        code = print(STDOUT_FILENO, "stdout", text, len, o->hurry);
    } else if (out_file_write(file, text, len, o->hurry ? OUT_AT_ONCE : OUT_PATIENT, &err) < 0) {
        complain("%s", err.msg);
        code = EXIT_FAILED;
    }
    free(text);
    return code;
}

/* Keeping a run is a convenience: what goes wrong there is said, and fails nothing. */
static bool is_wanted(const struct cli *c)
{
    return !cli_flag(c, OWN_NO_HISTORY) && history_available();
}

/* The history and the journal lie in one folder: what is wrong with it is said once. */
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
    if (!is_wanted(o->cli) || history_save(run, o->hurry, &err) == 0)
        return true;
    complain_of_state(&err);
    return false;
}

struct journal *outcome_journal(const struct cli *c, const char *command, const json_t *screens)
{
    struct err err = {0};
    struct journal *j = is_wanted(c) ? journal_open(command, screens, &err) : NULL;
    if (err.code)
        complain_of_state(&err);
    return j;
}

/* After a signal the last snapshot may be from before the end: it is still what the signal ended.
 */
static struct snapshot as_ended(const struct snapshot *s)
{
    struct snapshot copy = *s; /* borrows what it points to */
    copy.ended = true;
    copy_str(copy.ended_by, sizeof copy.ended_by, "signal");
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
    const char *file = cli_text(o->cli, OWN_JSON);
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
    const char *json = cli_text(o->cli, OWN_JSON);
    bool only_json = strcmp(json, "-") == 0;
    json_t *run = json_with_screens(s, o->command, o->cpu_share, o->screens);
    if (o->repeats)
        repeats_json(o->repeats, run);
    int code = *json ? write_json(o, run, json) : EXIT_DONE;
    bool unwritten = code != EXIT_DONE;
    if (!only_json || !cli_flag(o->cli, OWN_QUIET))
        code = exit_worse(code, print_summary(o, s, only_json));
    *kept = keep_run(o, run);
    if (unwritten && *kept && is_wanted(o->cli))
        complain("the run itself is kept: loadtop history show %.16s -o FILE.json", s->run_id);
    json_decref(run);
    return code;
}
