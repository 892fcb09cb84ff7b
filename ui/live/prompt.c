/* The input line: commands with history and completion, exact values, marks, and search.
 *
 * A command is checked before it is sent, so that an error is shown under the wrong word while it
 * can be corrected; the engine checks again. */
#include "ui/live/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/base/text.h"
#include "engine/config/command_text.h"
#include "engine/config/scenario.h"
#include "ui/live/app_state.h"
#include "ui/live/capture.h"
#include "ui/panels/show.h"
#include "ui/term/theme_files.h"
#include "ui/widgets/dial.h"

#define CANDIDATES_MAX 128

void prompt_open(struct app *a, enum mode mode, const char *text)
{
    a->sc.mode = mode;
    field_set(&a->sc.input, text);
    a->sc.input.secret = false;
    a->sc.input_error[0] = '\0';
    a->sc.input_error_at = -1;
    a->sc.completions[0] = '\0';
    a->sc.history.back = 0;
    a->sc.finding_help = false;
}

static void close_prompt(struct app *a)
{
    a->sc.mode = a->sc.finding_help ? MODE_HELP : MODE_VIEW;
    a->sc.finding_help = false;
    a->sc.input_error[0] = '\0';
}

static void wrong(struct app *a, int at, const char *msg)
{
    copy_str(a->sc.input_error, sizeof a->sc.input_error, msg);
    secret_hide_places(a->sc.input_error);
    a->sc.input_error_at = at;
}

/* ---- carrying out ---- */

static bool needs_pool(enum verb verb)
{
    return verb <= VERB_START || verb == VERB_REMOVE || verb == VERB_SWEEP;
}

static const struct pool_snapshot *pool_named(const struct snapshot *s, const char *name)
{
    char number[16];

    for (unsigned i = 0; i < s->pools; i++) {
        snprintf(number, sizeof number, "%u", s->pool[i].number);
        if (!strcmp(s->pool[i].name, name) || !strcmp(number, name))
            return &s->pool[i];
    }
    return NULL;
}

/* The offset at which the n-th word begins. */
static int word_at(const char *s, int n)
{
    int i = 0;

    while (s[i] == ' ')
        i++;
    while (n-- > 0) {
        while (s[i] && s[i] != ' ')
            i++;
        while (s[i] == ' ')
            i++;
    }
    return i;
}

static int nearest_pool(struct app *a, const char *name, char *buf, size_t size)
{
    const char *names[POOLS_MAX + 1];
    const char *near;
    unsigned n = 0;

    for (unsigned i = 0; i < a->live->pools && n < POOLS_MAX; i++)
        names[n++] = a->live->pool[i].name;
    names[n] = NULL;
    near = nearest_name(name, names);
    snprintf(buf, size, "there is no pool '%.31s'%s%s", name, near ? "; nearest: " : "",
             near ? near : "");
    return -1;
}

/* Checks a command. 0, or -1 after showing the error and its position. */
static int check(struct app *a, struct command *c, const char *text)
{
    struct err err = {0};
    char msg[256];
    bool after = c->verb == VERB_REMOVE || c->verb == VERB_SWEEP, named = c->pool[0];

    if (c->pool[0] && !pool_named(a->live, c->pool)) {
        nearest_pool(a, c->pool, msg, sizeof msg);
        wrong(a, word_at(text, after), msg);
        return -1;
    }
    if (!c->pool[0] && needs_pool(c->verb)) {
        const struct pool_snapshot *p = app_pool(a);

        if (!p) {
            wrong(a, -1, "there is no pool: add one with `add redis://localhost`");
            return -1;
        }
        snprintf(c->pool, sizeof c->pool, "%u", p->number);
    }
    if (c->verb == VERB_ADD && a->live->pools >= POOLS_MAX) {
        snprintf(msg, sizeof msg, "at most %d pools are allowed at a time: remove one first",
                 POOLS_MAX);
        wrong(a, word_at(text, 0), msg);
        return -1;
    }
    if (c->verb == VERB_ADD) {
        struct pool_spec spec = {0};

        if (pool_spec_parse(&spec, c->text, ORIGIN_ARGV, NULL, a->settings->backends, &err)) {
            wrong(a, word_at(text, 1), err.msg);
            return -1;
        }
        pool_spec_fini(&spec);
    }
    if (c->verb == VERB_SET) {
        const struct pool_snapshot *p = pool_named(a->live, c->pool);
        struct options o;
        int rc;

        int d = dial_find(c->option);

        if (!p || !p->options)
            return 0;
        if (d >= 0 && dial_is_plain_set((enum dial)d)) {
            struct load load;

            rc = dial_read(&load, (enum dial)d, c->text, &err);
        } else {
            options_copy(&o, p->options);
            rc = options_set(&o, c->option, c->text, ORIGIN_ARGV, true, &err);
            options_fini(&o);
        }
        if (rc) {
            bool known = d >= 0 || options_find(p->backend->options, c->option) >= 0;
            int name = named ? 2 : 1; /* the word behind `set` */

            wrong(a, word_at(text, name + known), err.msg);
            return -1;
        }
    }
    return 0;
}

static bool run_command(struct app *a, const char *text)
{
    struct command c;
    struct err err = {0};
    unsigned at = 0;

    if (!text[strspn(text, " ")])
        return true;
    if (secret_was_masked(text)) {
        wrong(a, -1, "the secret was not kept: type it in place of the ***");
        return false;
    }
    if (command_parse(&c, text, &err, &at)) {
        wrong(a, (int)at, err.msg);
        return false;
    }
    if (check(a, &c, text))
        return false;
    if (command_is_for_screen(&c)) {
        capture_command(a, &c);
        return true;
    }
    a->ticket = engine_send(a->engine, &c, BY_COMMAND, &err);
    if (a->ticket < 0)
        wrong(a, -1, err.msg);
    return a->ticket >= 0;
}

static bool run_exact(struct app *a, const char *text)
{
    const struct pool_snapshot *p = app_pool(a);
    char command[COMMAND_TEXT_MAX];
    struct command c;
    struct err err = {0};
    unsigned at = 0;
    size_t before;

    if (!p || !text[strspn(text, " ")])
        return true;
    dial_set(p, a->sc.dial, text, command, sizeof command);
    before = strlen(command) - strlen(text);
    if (command_parse(&c, command, &err, &at) == 0)
        a->ticket = engine_send(a->engine, &c, BY_KEY, &err);
    if (err.code)
        wrong(a, at >= before ? (int)(at - before) : -1, err.msg);
    return !err.code;
}

/* ---- finding ---- */

/* If the view has no rows, searches the pools in the order of the snapshot. */
static bool row_found(const struct app *a, int row)
{
    const struct view *view = screen_view(&a->sc);
    const struct snapshot *s = app_shown(a);
    const char *find = a->sc.find;

    if (row < 0)
        return false;
    if (view->row_has)
        return view->row_has(s, &a->sc, row, find);
    return row < (int)s->pools &&
           (text_has(s->pool[row].name, find) || text_has(s->pool[row].target, find));
}

static int selected_row(const struct app *a)
{
    return screen_view(&a->sc)->row_has ? a->sc.row[a->sc.view]
                                        : screen_pool_index(&a->sc, app_shown(a));
}

void prompt_find_next(struct app *a, bool forward)
{
    const struct snapshot *s = app_shown(a);
    bool rows = screen_view(&a->sc)->row_has != NULL;
    int n = rows ? a->sc.rows[a->sc.view] : (int)s->pools, at = selected_row(a);

    if (!a->sc.find[0] || n == 0)
        return;
    for (int i = 1; i <= n; i++) {
        int row = ((at + (forward ? i : -i)) % n + n) % n;

        if (!row_found(a, row))
            continue;
        if (rows)
            a->sc.row[a->sc.view] = row;
        else
            a->sc.pool = s->pool[row].number;
        return;
    }
    app_notice(a, ROLE_CAUTION, "'%s' is not in this table", a->sc.find);
}

/* ---- completion ---- */

struct candidates {
    char s[CANDIDATES_MAX][64];
    int n;
    char word[64]; /* prefix that candidates must have */
};

static void offer(struct candidates *l, const char *s)
{
    if (l->n == CANDIDATES_MAX || strncmp(s, l->word, strlen(l->word)))
        return;
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->s[i], s))
            return;
    copy_str(l->s[l->n++], sizeof l->s[0], s);
}

static void offer_list(struct candidates *l, const char *choices)
{
    while (*choices) {
        size_t len = strcspn(choices, "|");
        char one[64];

        snprintf(one, sizeof one, "%.*s", (int)len, choices);
        offer(l, one);
        choices += len + (choices[len] == '|');
    }
}

static void offer_pools(struct candidates *l, const struct snapshot *s)
{
    for (unsigned i = 0; i < s->pools; i++)
        offer(l, s->pool[i].name);
}

static void offer_themes(struct candidates *l)
{
    char *names[THEMES_MAX];
    int n = theme_list(names);

    for (int i = 0; i < n; i++) {
        offer(l, names[i]);
        free(names[i]);
    }
}

static void offer_verbs(struct candidates *l)
{
    for (const struct verb_help *v = verb_table; v->name; v++)
        offer(l, v->name);
}

static void offer_options(struct candidates *l, const struct pool_snapshot *p)
{
    for (int i = 0; p && p->backend->options[i].name; i++)
        if (p->backend->options[i].flags & OPTION_LIVE)
            offer(l, p->backend->options[i].name);
    for (int d = 0; d < DIALS; d++)
        if (dial_is_plain_set((enum dial)d))
            offer(l, dial_option((enum dial)d)->name);
}

static void offer_schemes(struct candidates *l, const struct backend *const *backends)
{
    for (int i = 0; backends && backends[i]; i++)
        if (!backends[i]->unavailable && backends[i]->example)
            offer(l, backends[i]->example);
}

static void offer_all(struct app *a, struct candidates *l, const char *words[], int n)
{
    const struct pool_snapshot *p = n > 0 ? pool_named(a->live, words[0]) : NULL;
    const char *verb = p ? (n > 1 ? words[1] : "") : n > 0 ? words[0] : "";
    int after = n - (p ? 2 : 1); /* words after the verb, before the one being typed */

    if (n == 0)
        offer_pools(l, a->live);
    if (!*verb)
        offer_verbs(l);
    else if (!strcmp(verb, "set") && after == 0)
        offer_options(l, p ? p : app_pool(a));
    else if (!strcmp(verb, "set") && after == 1) {
        const struct pool_snapshot *of = p ? p : app_pool(a);
        int i = of ? options_find(of->backend->options, words[n - 1]) : -1;

        if (i >= 0 && of->backend->options[i].choices)
            offer_list(l, of->backend->options[i].choices);
    } else if (!strcmp(verb, "pattern") && after == 0)
        offer_list(l, PATTERN_CHOICES);
    else if ((!strcmp(verb, "remove") || !strcmp(verb, "sweep")) && after == 0)
        offer_pools(l, a->live);
    else if (!strcmp(verb, "add") && after == 0)
        offer_schemes(l, a->settings->backends);
    else if (!strcmp(verb, "theme") && after == 0)
        offer_themes(l);
    else if (!strcmp(verb, "pause") && after == 0)
        offer(l, "all");
}

/* Inserts the common prefix of all candidates, and lists them if there are several. */
static void complete(struct app *a)
{
    static struct candidates l;
    struct field *f = &a->sc.input;
    char text[FIELD_MAX], shown[256] = "";
    const char *words[16];
    size_t common = 0, start;
    int n = 0;

    snprintf(text, sizeof text, "%.*s", (int)f->at, f->s);
    start = strlen(text);
    while (start > 0 && text[start - 1] != ' ')
        start--;
    snprintf(l.word, sizeof l.word, "%.*s", (int)(f->at - start), f->s + start);
    l.n = 0;
    text[start] = '\0';
    for (char *rest = text, *w; n < 16 && (w = strtok_r(rest, " ", &rest));)
        words[n++] = w;
    offer_all(a, &l, words, n);
    a->sc.completions[0] = '\0';
    if (l.n == 0)
        return;
    common = strlen(l.s[0]);
    for (int i = 1; i < l.n; i++)
        while (common > 0 && strncmp(l.s[0], l.s[i], common))
            common--;
    if (common > strlen(l.word)) {
        char add[64];

        snprintf(add, sizeof add, "%.*s%s", (int)(common - strlen(l.word)), l.s[0] + strlen(l.word),
                 l.n == 1 ? " " : "");
        field_insert(f, add);
    } else if (l.n == 1) {
        field_insert(f, " ");
    }
    for (int i = 0; i < l.n && l.n > 1; i++)
        text_append(shown, sizeof shown, strlen(shown), "%s  ", l.s[i]);
    copy_str(a->sc.completions, sizeof a->sc.completions, shown);
}

/* ---- keys ---- */

static void enter(struct app *a)
{
    char text[FIELD_MAX];
    enum mode mode = a->sc.mode;

    copy_str(text, sizeof text, a->sc.input.s);
    if (mode == MODE_COMMAND && !run_command(a, text))
        return;
    if (mode == MODE_EXACT && !run_exact(a, text))
        return;
    if (mode == MODE_COMMAND)
        history_add(&a->sc.history, text);
    if (mode == MODE_MARK)
        app_send(a, BY_KEY, "mark %.200s", text[strspn(text, " ")] ? text : "mark");
    if (a->sc.mode == mode)
        close_prompt(a);
    if (mode == MODE_FIND) {
        copy_str(a->sc.find, sizeof a->sc.find, text);
        if (a->sc.mode == MODE_VIEW && !row_found(a, selected_row(a)))
            prompt_find_next(a, true);
    }
}

void prompt_key(struct app *a, uint32_t key)
{
    if (key == KEYCODE_ESC) {
        close_prompt(a);
    } else if (key == KEYCODE_ENTER) {
        enter(a);
    } else if (key == KEYCODE_TAB && a->sc.mode == MODE_COMMAND) {
        complete(a);
    } else if (key == KEYCODE_UP || key == KEYCODE_DOWN) {
        if (a->sc.mode == MODE_COMMAND)
            history_move(&a->sc.history, &a->sc.input, key == KEYCODE_UP);
    } else if (key == KEYCODE_BACKSPACE && a->sc.input.len == 0) {
        close_prompt(a);
    } else if (field_key(&a->sc.input, key)) {
        a->sc.input_error[0] = '\0';
        a->sc.completions[0] = '\0';
        if (a->sc.mode == MODE_FIND && a->sc.finding_help)
            copy_str(a->sc.find, sizeof a->sc.find, a->sc.input.s);
    }
}

void prompt_paste(struct app *a, const char *utf8)
{
    a->sc.input_error[0] = '\0';
    if (!field_insert(&a->sc.input, utf8))
        wrong(a, -1, FIELD_TOO_LONG);
}
