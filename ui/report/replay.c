/* The command that repeats a run, with what was done by hand while it ran: each key and each typed
 * command is an --at. See replay.h.
 *
 * What a sweep, the server or a rule did is not in it: it would happen again by itself. */
#include "ui/report/replay.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/dial.h"
#include "ui/base/quote.h"
#include "ui/json/saved_run.h"

static bool has_option(const struct saved_run *run, const char *pool, const char *name)
{
    const struct saved_pool *p = saved_pool_of(run, pool);
    return p && json_object_get(p->options, name);
}

static bool one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* The event as a command; false: it is none, or cannot be told as one. */
static bool as_command(const struct saved_run *run, const struct saved_event *e, struct text *t)
{
    static const char *const orders[] = {"pause", "resume", "stop", "start", NULL};
    const char *what = e->what, *to = e->to, *pool = e->pool;
    int d = dial_find(what);
    if (strcmp(what, "mark") == 0)
        text_add(t, "mark%s%s", *to ? " " : "", to);
    else if (!*pool)
        return false;
    else if (strcmp(what, "sweep") == 0 && *to)
        text_add(t, "sweep %s %s", pool, to);
    else if (d >= 0 && *to)
        text_add(t, "%s %s%s %s", pool, dial_is_plain_set((enum dial)d) ? "set " : "", what, to);
    else if (one_of(what, orders))
        text_add(t, "%s %s", pool, what);
    else if (has_option(run, pool, what) && *to)
        text_add(t, "%s set %s %s", pool, what, to);
    else
        return false;
    return true;
}

unsigned report_command(const struct saved_run *run, struct text *t)
{
    const char *command = run->command;
    unsigned left_out = 0;
    if (!*command)
        return 0;
    text_add(t, "%s", command);
    for (size_t i = 0; i < run->events; i++) {
        const struct saved_event *e = &run->event[i];
        const char *by = e->by, *what = e->what;
        struct text words = {0}, at = {0};
        bool option = strcmp(what, "sweep") == 0 && strstr(command, " --sweep ") &&
                      e->t_s < 1; /* it is in the command already */
        if (option || (strcmp(by, "key") != 0 && strcmp(by, "command") != 0) ||
            strcmp(what, "refused") == 0 || strcmp(what, "sweep end") == 0 ||
            strcmp(what, "lock") == 0 || strcmp(what, "unlock") == 0)
            continue;
        if (as_command(run, e, &words)) {
            text_add(&at, "%.3fs %s", e->t_s, text_str(&words));
            text_add(t, " --at ");
            text_add_quoted(t, text_str(&at));
        } else {
            left_out++;
        }
        text_free(&words);
        text_free(&at);
    }
    if (strcmp(run->ended_by, "user") == 0 && run->elapsed_s > 0)
        text_add(t, " --at '%.3fs quit'", run->elapsed_s);
    return left_out;
}
