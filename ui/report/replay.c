/* The command that repeats a run, with an --at for each interactive command. See replay.h.
 *
 * Changes by a sweep, the server or a rule are not included, because they would happen again by
 * themselves. */
#include "ui/report/replay.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/config/command.h"
#include "engine/config/command_text.h"
#include "engine/config/dial.h"
#include "engine/state/snapshot.h"
#include "ui/base/quote.h"
#include "ui/json/saved_run.h"

static bool has_option(const struct saved_run *run, const char *pool, const char *name)
{
    const struct saved_pool *p = saved_pool_of(run, pool);
    return p && json_object_get(p->options, name);
}

static bool is_kind(const struct saved_event *e, enum event_kind kind)
{
    return strcmp(e->what, event_kind_name(kind)) == 0;
}

static bool is_by(const struct saved_event *e, enum origin by)
{
    return strcmp(e->by, origin_name(by)) == 0;
}

/* The pool's name as a command has it; its number, in buf, where the name would be read as another
 * word (`rate threads 4`, `sweep stop threads=1,2`). */
static const char *pool_word(const struct saved_run *run, const char *name, bool swept, char *buf,
                             size_t size)
{
    char line[COMMAND_SHORT_MAX];
    struct command c;
    const struct saved_pool *p = saved_pool_of(run, name);
    snprintf(line, sizeof line, swept ? "sweep %s threads=1" : "%s pause", name);
    if (!p || (command_parse(&c, line, NULL, NULL) == 0 && strcmp(c.pool, name) == 0))
        return name;
    snprintf(buf, size, "%.0f", p->number > 0 ? p->number : (double)(p - run->pool) + 1);
    return buf;
}

/* Adds the event as a command; false: it is not one, or cannot be expressed as one. */
static bool as_command(const struct saved_run *run, const struct saved_event *e, struct text *t)
{
    bool order = is_kind(e, EVENT_PAUSE) || is_kind(e, EVENT_RESUME) || is_kind(e, EVENT_STOP) ||
                 is_kind(e, EVENT_START);
    const char *what = e->what, *to = e->to;
    int d = dial_find(what);
    bool sweep = is_kind(e, EVENT_SWEEP) && *to;
    char number[32];
    const char *pool = pool_word(run, e->pool, sweep, number, sizeof number);
    if (is_kind(e, EVENT_MARK))
        text_add(t, "mark%s%s", *to ? " " : "", to);
    else if (!*pool)
        return false;
    else if (sweep)
        text_add(t, "sweep %s %s", pool, to);
    else if (d >= 0 && *to)
        text_add(t, "%s %s%s %s", pool, dial_is_plain_set((enum dial)d) ? "set " : "", what, to);
    else if (order)
        text_add(t, "%s %s", pool, what);
    else if (has_option(run, e->pool, what) && *to)
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
        struct text words = {0}, at = {0};
        /* it is in the command already */
        bool option = is_kind(e, EVENT_SWEEP) && strstr(command, " --sweep ") && e->t_s < 1;
        if (option || !(is_by(e, BY_KEY) || is_by(e, BY_COMMAND)) || is_kind(e, EVENT_REFUSED) ||
            is_kind(e, EVENT_SWEEP_END) || is_kind(e, EVENT_LOCK) || is_kind(e, EVENT_UNLOCK))
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
    if (strcmp(run->ended_by, end_reason_name(END_BY_USER)) == 0 && run->elapsed_s > 0)
        text_add(t, " --at '%.3fs quit'", run->elapsed_s);
    return left_out;
}
