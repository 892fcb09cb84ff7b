/* loadtop: the entry point.
 *
 *   command line -> scenario -> engine -> dashboard or headless -> outcome
 *
 * This is the only place that knows all three: it hands the engine the table of backends, and both
 * to the front end. It makes no decisions about a run; it turns errors into one line and an exit
 * code. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/registry.h"
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/scenario.h"
#include "engine/config/verb.h"
#include "engine/engine.h"
#include "ui/base/exit_code.h"
#include "ui/base/out_file.h"
#include "ui/base/say.h"
#include "ui/cli/access.h"
#include "ui/cli/backends_list.h"
#include "ui/cli/clean.h"
#include "ui/cli/cli.h"
#include "ui/cli/cli_scenario.h"
#include "ui/cli/dashboard.h"
#include "ui/cli/demo.h"
#include "ui/cli/fit.h"
#include "ui/cli/headless.h"
#include "ui/cli/help_text.h"
#include "ui/cli/history_verb.h"
#include "ui/cli/themes.h"
#include "ui/report/compare.h"
#include "ui/report/report.h"
#include "ui/term/theme.h"
#include "ui/term/theme_files.h"

static int complain_of(const struct err *err)
{
    complain("%s", err->msg);
    return exit_of_error(err->code);
}

/* Warns before the run if its outcome cannot be written; the run continues, because its summary is
 * printed in any case. */
static void check_outputs(const struct cli *c, const struct scenario *s)
{
    struct err err = {0};
    struct command at;
    const char *json = cli_text(c, OWN_JSON);
    if (*json && !(json[0] == '-' && !json[1]) && out_file_check(json, &err) < 0)
        complain("warning: %s", err.msg);
    /* its folder may be made by then, so that a timed report is no error before it is due */
    for (unsigned i = 0; i < s->ats; i++)
        if (command_parse(&at, s->at[i].text, NULL, NULL) == 0 && at.text[0] &&
            (at.verb == VERB_REPORT || at.verb == VERB_SCREENSHOT) &&
            origin_is_trusted(s->at[i].origin) && out_file_check(at.text, &err) < 0)
            complain("warning: --at '%s %s': %s", at.verb == VERB_REPORT ? "report" : "screenshot",
                     at.text, err.msg);
}

/* An unknown theme is refused even without a screen. */
static int check_theme(const struct cli *c)
{
    struct err err = {0};
    struct theme theme;
    const char *name = cli_text(c, OWN_THEME);
    if (!option_given(&c->own, OWN_THEME) || theme_load(&theme, name, &err) == 0)
        return EXIT_DONE;
    complain("--theme %.60s: %s", name, err.msg);
    return exit_of_error(err.code);
}

static int start(const struct cli *c, struct scenario *s)
{
    struct err err = {0};
    bool headless = cli_flag(c, OWN_HEADLESS);
    s->limits.ask_names = !headless;
    if (cli_scenario(c, s, backends, &err) < 0)
        return complain_of(&err);
    if (headless && !s->pools) {
        complain("--headless needs a TARGET, such as redis://localhost or null:");
        return EXIT_WRONG_USAGE;
    }
    if (!headless && option_u64(&c->own, OWN_REPEAT) > 1) {
        complain("--repeat %llu: only with --headless",
                 (unsigned long long)option_u64(&c->own, OWN_REPEAT));
        return EXIT_WRONG_USAGE;
    }
    if (check_theme(c) != EXIT_DONE)
        return EXIT_WRONG_USAGE;
    if (access_check(s, !headless, &err) < 0 || access_passwords(c, s, &err) < 0)
        return complain_of(&err);
    struct text command = {0};
    cli_command(c, s, &command);
    check_outputs(c, s);
    s->limits.hold_remote = !headless && !s->limits.yes;
    int code = headless ? headless_run(c, s, backends, text_str(&command))
                        : dashboard_run(c, s, backends, text_str(&command));
    text_free(&command);
    return code;
}

static int run(const struct cli *c)
{
    struct demo demo = {.folder = -1, .leash = -1, .mock_leash = -1};
    struct err err = {0};
    struct scenario *s = malloc(sizeof *s);
    int code = EXIT_DONE;
    if (!s)
        abort();
    scenario_init(s);
    if (c->verb == CLI_DEMO && demo_start(&demo, c, s, backends, &err) < 0)
        code = complain_of(&err);
    else
        code = start(c, s);
    demo_stop(&demo);
    scenario_fini(s);
    free(s);
    return code;
}

static int print_text(int bad, struct text *t, const struct err *err)
{
    int code = bad ? complain_of(err) : print_stdout(text_str(t), t->len);
    text_free(t);
    return code;
}

/* Runs a verb that may find a regression (exit code 1). */
static int compare(const struct cli *c, int argc, char **argv,
                   int (*verb)(struct text *, int, char *const *, bool *, struct err *))
{
    struct err err = {0};
    struct text t = {0};
    bool regressed;
    int bad = verb(&t, argc - c->rest, argv + c->rest, &regressed, &err);
    int code = print_text(bad, &t, &err);
    return exit_worse(code, regressed ? EXIT_THRESHOLD : EXIT_DONE);
}

/* Its text has colours. */
static int themes(const struct cli *c, int argc, char **argv)
{
    struct err err = {0};
    struct text t = {0};
    int bad = themes_verb(&t, argc - c->rest, argv + c->rest, &err);
    int code = bad ? complain_of(&err) : print_colored(text_str(&t), t.len);
    text_free(&t);
    return code;
}

static int carry_out(const struct cli *c, int argc, char **argv)
{
    struct err err = {0};
    struct text t = {0};
    switch (c->verb) {
    case CLI_RUN:
    case CLI_DEMO:
        return run(c);
    case CLI_BACKENDS:
        return print_text(backends_list(&t, argc - c->rest, argv + c->rest, backends, &err), &t,
                          &err);
    case CLI_HELP:
        if (c->words > 1)
            err_set(&err, ERR_USAGE, "help %.60s: one TOPIC at most", c->word[1]);
        return print_text(err.code ? err.code
                                   : help_text(&t, c->words ? c->word[0] : NULL, backends, &err),
                          &t, &err);
    case CLI_VERSION:
        text_add(&t, "loadtop " LOADTOP_VERSION "\n");
        return print_text(0, &t, &err);
    case CLI_CLEAN:
        return clean_run(c, backends);
    case CLI_THEMES:
        return themes(c, argc, argv);
    case CLI_FIT:
        return print_text(fit_verb(&t, argc - c->rest, argv + c->rest, &err), &t, &err);
    case CLI_REPORT:
        return print_text(report_verb(&t, argc - c->rest, argv + c->rest, &err), &t, &err);
    case CLI_COMPARE:
        return compare(c, argc, argv, compare_verb);
    case CLI_HISTORY:
        return compare(c, argc, argv, history_verb);
    }
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    /* must be first, because until then other users can read passwords in the process list */
    char **words = access_take_arguments(argc, argv);
    access_take_environment();
    struct cli *c = malloc(sizeof *c);
    struct err err = {0};
    if (!c)
        abort();
    keep_standard_descriptors();
    /* report a closed pipe, and a limit of the size of files, as an error of the write */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* numbers are formatted as in the C locale, because they go into JSON */
    setlocale(LC_CTYPE, "");
    int code = cli_parse(c, argc, words, backends, &err) < 0 ? complain_of(&err)
                                                             : carry_out(c, argc, words);
    cli_fini(c);
    free(c);
    access_drop_arguments(words);
    /* threads may still run, but everything is written */
    if (code > EXIT_SIGNAL || engine_threads_left())
        _exit(code);
    return code;
}
