/* Removes the leftovers of a saved run: see clean.h.
 *
 * The file is not trusted: for each pool it only gives the host, the port, the names, the user, and
 * what to look for. Options come from the command line. Only objects that are marked by this run on
 * the server itself are removed; they are listed first, then the user is asked. Pools are
 * independent: one that fails does not keep the others from being cleaned. Called by main. */
#include "ui/cli/clean.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/config/scenario.h"
#include "engine/pools/guard.h"
#include "engine/pools/net.h"
#include "engine/pools/protect.h"
#include "engine/pools/sender.h"
#include "ui/base/exit_code.h"
#include "ui/base/fd_write.h"
#include "ui/base/say.h"
#include "ui/cli/access.h"
#include "ui/cli/cli.h"
#include "ui/json/read.h"

/* A pool of the file and its result. */
struct job {
    const struct cli *cli;
    char name[POOL_NAME_MAX];
    struct scenario scenario; /* of the one pool */
    struct clean clean;
    char sender[128];
    unsigned ours, stays;
    struct text *out;
};

static void say(struct clean *c, enum clean_fate fate, const char *what, int64_t count,
                const char *why)
{
    static const char *const words[] = {
        [CLEAN_OURS] = "would go", [CLEAN_GONE] = "gone",   [CLEAN_ABSENT] = "not there any more",
        [CLEAN_SHARED] = "left",   [CLEAN_STAYS] = "stays",
    };
    struct job *j = c->ctx;
    char n[32] = "";
    j->ours += fate == CLEAN_OURS;
    j->stays += fate == CLEAN_STAYS;
    if (count >= 0)
        format_count(n, sizeof n, (uint64_t)count);
    text_add_line(j->out, "%s: %s: %s%s%s%s%s", j->name, words[fate], n, *n ? " " : "", what,
                  *why ? ": " : "", why);
}

/* ---- asking ---- */

/* Asks on the terminal; anything but a typed "yes" means no, also when there is no terminal. */
static bool asked(const char *question)
{
    char line[16];
    struct text shown = {0};
    if (!isatty(STDIN_FILENO))
        return false;
    text_add_shown(&shown, "%s Type yes: ", question);
    fd_write_all(STDERR_FILENO, "stderr", text_str(&shown), shown.len, -1, NULL);
    text_free(&shown);
    if (!fgets(line, sizeof line, stdin))
        return false;
    bool whole = strchr(line, '\n') != NULL;
    for (int c = 0; !whole && c != '\n' && c != EOF;) /* discard the rest of the line */
        c = getchar();
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, "yes") == 0;
}

static bool flush(struct job *j)
{
    bool done = print_stdout(text_str(j->out), j->out->len) == EXIT_DONE;
    text_clear(j->out);
    return done;
}

/* Is a host of the target remote and not confirmed by name? Then *host is set to it. Resolves
 * names. */
static bool is_away(const struct job *j, const char **host, struct err *err)
{
    const struct target *t = &j->scenario.pool[0]->target;
    struct rules *rules = rules_load(err);
    *host = NULL;
    for (unsigned i = 0; rules && i < t->hosts && !*host; i++) {
        const char *where = NULL;
        bool away = false;
        rules_judge(rules, t->host[i].name, &where, &away);
        if (away && !confirm_lists(j->scenario.limits.confirm, t->host[i].name))
            *host = t->host[i].name;
    }
    /* A socket path from the file may lead to any server. */
    if (rules && !t->hosts && !confirm_lists(j->scenario.limits.confirm, t->path))
        *host = t->path;
    rules_free(rules);
    return *host != NULL;
}

/* Would a password or a token be sent? */
static bool has_secret(const struct job *j)
{
    const struct pool_spec *spec = j->scenario.pool[0];
    for (unsigned i = 0; i < spec->options.n; i++)
        if (spec->options.table[i].type == OPTION_SECRET && *option_str(&spec->options, i))
            return true;
    return spec->target.has_password;
}

/* Secrets from the environment or the command line are sent to a host from the file only if it is
 * this machine, was confirmed by name, or the user agrees now. --yes is not sufficient, because it
 * was given before the host was known. */
static int allow_secret(struct job *j, struct err *err)
{
    const char *host;
    char question[600];
    if (!has_secret(j) || !is_away(j, &host, err))
        return err->code;
    snprintf(
        question, sizeof question,
        "%s: the file names %.200s, which is not this machine. Send your password or token there?",
        j->name, host);
    if (asked(question))
        return 0;
    return err_set(err, ERR_REFUSED,
                   "no password or token is sent to %.100s, which only the file names: --confirm "
                   "'%.60s' allows it",
                   host, host);
}

/* ---- one pool ---- */

/* Takes settings that the file never contains, such as a token; settings of other backends are
 * skipped. */
static int take_settings(const struct cli *c, struct pool_spec *spec, struct err *err)
{
    int bad = 0;
    for (unsigned i = 0; i < c->settings && !bad; i++)
        if (options_find(spec->backend->options, c->setting[i].name) >= 0)
            bad = options_set(&spec->options, c->setting[i].name, c->setting[i].value, ORIGIN_ARGV,
                              false, err);
    return bad;
}

/* Reads host, port, names and user of the file's URL, and leaves its options out. */
static int read_target(struct job *j, const char *url, const struct backend *const *backends,
                       struct err *err)
{
    struct text bare = {0};
    text_put(&bare, url, strcspn(url, "?"));
    int bad = scenario_add(&j->scenario, text_str(&bare), ORIGIN_RUN, NULL, backends, err);
    text_free(&bare);
    if (!bad) {
        /* a saved run has the user but no password */
        struct target *t = &j->scenario.pool[0]->target;
        explicit_bzero(t->password, sizeof t->password);
        t->has_password = false;
    }
    if (!bad)
        bad = take_settings(j->cli, j->scenario.pool[0], err);
    if (!bad && !j->scenario.pool[0]->backend->clean)
        bad = err_set(err, ERR_FAILED, "%s cannot remove what it leaves",
                      j->scenario.pool[0]->backend->name);
    return bad;
}

/* Inspects, lists, asks, removes. */
static int carry_out(struct job *j, struct err *err)
{
    struct pool_spec *spec = j->scenario.pool[0];
    int bad = spec->backend->clean(&j->clean, err);
    if (bad || !j->ours)
        return bad;
    if (!flush(j))
        return err_set(err, ERR_FAILED, "what would go cannot be shown, so nothing is removed");
    if (!cli_flag(j->cli, OWN_YES) && !asked("Remove what would go?"))
        return err_set(err, ERR_FAILED,
                       "nothing was removed (--yes removes it without a question)");
    j->clean.remove = true;
    j->stays = 0;
    return spec->backend->clean(&j->clean, err);
}

static int clean_pool(const struct cli *c, const char *run, const json_t *pool,
                      const struct backend *const *backends, struct text *out)
{
    const char *name = json_string_value(json_object_get(pool, "name"));
    const char *url = json_string_value(json_object_get(pool, "url"));
    const json_t *left = json_object_get(pool, "left_behind");
    struct err err = {0};
    if (!name || !pool_name_ok(name) || !url || (left && !json_is_array(left))) {
        complain("clean: a pool of the file has no name, url or list of what it left behind");
        return EXIT_WRONG_USAGE;
    }
    if (json_array_size(left) == 0) {
        text_add_line(out, "%s: left nothing behind", name);
        return EXIT_DONE;
    }
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        abort();
    j->cli = c;
    j->out = out;
    copy_str(j->name, sizeof j->name, name);
    scenario_init(&j->scenario);
    copy_str(j->scenario.limits.confirm, sizeof j->scenario.limits.confirm, c->confirm);
    int bad = read_target(j, url, backends, &err);
    if (!bad)
        bad = access_check(&j->scenario, false, &err);
    if (!bad)
        bad = access_passwords(c, &j->scenario, &err);
    if (!bad)
        bad = allow_secret(j, &err);
    if (!bad) {
        sender_name(j->sender, sizeof j->sender, run);
        j->clean = (struct clean){.target = &j->scenario.pool[0]->target,
                                  .options = &j->scenario.pool[0]->options,
                                  .run = run,
                                  .confirm = j->scenario.limits.confirm,
                                  .sender = j->sender,
                                  .leftovers = left,
                                  .say = say,
                                  .ctx = j};
        bad = carry_out(j, &err);
    }
    if (bad) {
        flush(j);
        complain("clean: %s: %s", name, err.msg);
    }
    int code = exit_worse(exit_of_error(bad), j->stays ? EXIT_FAILED : EXIT_DONE);
    scenario_fini(&j->scenario);
    free(j);
    return code;
}

/* The run's id, or "": an old file has none, and nothing on a server is marked with it. */
static const char *run_of(const json_t *run)
{
    const char *id = json_string_value(json_object_get(run, "run_id"));
    return id && strlen(id) == 8 && strspn(id, "0123456789abcdef") == 8 ? id : "";
}

int clean_run(const struct cli *c, const struct backend *const *backends)
{
    struct err err = {0};
    struct text out = {0};
    if (c->words != 1) {
        complain("clean needs one file: loadtop clean RUN.json");
        return EXIT_WRONG_USAGE;
    }
    net_confirm(c->confirm);
    json_t *run = json_load_run(c->word[0], true, &err);
    if (!run) {
        complain("clean: %s", err.msg);
        return exit_of_error(err.code);
    }
    const json_t *pools = json_object_get(run, "pools");
    int code = EXIT_DONE;
    for (size_t i = 0; i < json_array_size(pools); i++)
        code =
            exit_worse(code, clean_pool(c, run_of(run), json_array_get(pools, i), backends, &out));
    json_decref(run);
    if (!cli_flag(c, OWN_QUIET))
        code = exit_worse(code, print_stdout(text_str(&out), out.len));
    text_free(&out);
    return code;
}
