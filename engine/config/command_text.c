/* Commands as text, and what a command means for locks and screens.
 *
 * command_text is the exact inverse of command_parse: events, replays and saved sessions rely on
 * it. Help, completion and the reader in command.c share the one table at the end. */
#include "engine/config/command_text.h"

#include "engine/config/command.h"

#include "engine/config/dial.h"
#include "engine/config/target.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest decimal that reads back to the same value; whole rates as 250k or 5M. */
static void add_real(struct text *out, double v, bool rate)
{
    char number[40];
    if (rate && v >= 1e6 && v < 1e15 && fmod(v, 1e6) == 0) {
        text_add(out, "%.0fM", v / 1e6);
        return;
    }
    if (rate && v >= 1e3 && v < 1e15 && fmod(v, 1e3) == 0) {
        text_add(out, "%.0fk", v / 1e3);
        return;
    }
    if (fabs(v) < 1e15 && v == floor(v)) {
        text_add(out, "%.0f", v);
        return;
    }
    text_add(out, "%s", format_exact_number(number, sizeof number, v));
}

static void add_amount(struct text *out, const struct command *c)
{
    static const char *const signs[] = {
        [AMOUNT_SET] = "",  [AMOUNT_ADD] = "+", [AMOUNT_SUB] = "-",
        [AMOUNT_MUL] = "*", [AMOUNT_DIV] = "/",
    };
    if (c->kind == AMOUNT_OFF || c->kind == AMOUNT_AUTO) {
        text_add(out, c->kind == AMOUNT_OFF ? " off" : " auto");
        return;
    }
    bool factor = c->kind == AMOUNT_MUL || c->kind == AMOUNT_DIV;
    bool rate = c->verb == VERB_RATE && !factor;
    text_add(out, " %s", signs[c->kind]);
    add_real(out, c->amount, rate);
    if (rate)
        text_add(out, "/s");
    if (c->over_ns) {
        char duration[32];
        text_add(out, " over %s", format_exact_duration(duration, sizeof duration, c->over_ns));
    }
}

static const char *verb_name(enum verb verb)
{
    for (const struct verb_help *v = verb_table; v->name; v++)
        if (v->verb == verb)
            return v->name;
    return "?";
}

static char *write_command(const struct command *c, const char *argument, char *buf, size_t size)
{
    struct text out = {.limit = size ? size - 1 : 1};
    bool pool_after = c->verb == VERB_REMOVE || c->verb == VERB_SWEEP;
    if (c->pool[0] && !pool_after)
        text_add(&out, "%s ", c->pool);
    text_add(&out, "%s", verb_name(c->verb));
    if (c->pool[0] && pool_after)
        text_add(&out, " %s", c->pool);
    if (c->verb <= VERB_RATE)
        add_amount(&out, c);
    else if (c->verb == VERB_PATTERN)
        text_add(&out, " %s", pattern_name(c->pattern));
    else if (c->verb == VERB_SET)
        text_add(&out, " %s", c->option);
    if (argument[0])
        text_add(&out, " %s", argument);
    copy_str(buf, size, text_str(&out));
    if (out.s) /* a value that is set may be a secret */
        explicit_bzero(out.s, out.room);
    text_free(&out);
    return buf;
}

char *command_text(const struct command *c, char *buf, size_t size)
{
    return write_command(c, c->text, buf, size);
}

char *command_shown(const struct command *c, char *buf, size_t size)
{
    char text[COMMAND_LINE_MAX], masked[COMMAND_TEXT_MAX];
    if (c->verb == VERB_ADD)
        write_command(c, target_masked(c->text, masked, sizeof masked), text, sizeof text);
    else
        command_text(c, text, sizeof text);
    secret_masked_command(text, buf, size);
    explicit_bzero(text, sizeof text);
    return buf;
}

bool command_changes_load(const struct command *c)
{
    if (dial_of_verb(c->verb) >= 0)
        return true;
    switch (c->verb) {
    case VERB_SET:
    case VERB_RESUME:
    case VERB_RESUME_ALL:
    case VERB_START:
    case VERB_ADD:
    case VERB_UNDO:
    case VERB_SWEEP:
        return true;
    default:
        return false;
    }
}

bool command_is_for_screen(const struct command *c)
{
    switch (c->verb) {
    case VERB_SCREENSHOT:
    case VERB_REPORT:
    case VERB_BASELINE:
    case VERB_THEME:
    case VERB_QUIT:
        return true;
    default:
        return false;
    }
}

bool command_names_file(const struct command *c)
{
    switch (c->verb) {
    case VERB_SCREENSHOT:
    case VERB_REPORT:
    case VERB_BASELINE:
        return c->text[0] != '\0';
    case VERB_THEME:
        return strchr(c->text, '/') != NULL;
    default:
        return false;
    }
}

double command_amount(const struct command *c, double now)
{
    double v = 0;
    switch (c->kind) {
    case AMOUNT_SET:
        v = c->amount;
        break;
    case AMOUNT_ADD:
        v = now + c->amount;
        break;
    case AMOUNT_SUB:
        v = now - c->amount;
        break;
    case AMOUNT_MUL:
        v = now * c->amount;
        break;
    case AMOUNT_DIV:
        v = now / c->amount;
        break;
    case AMOUNT_OFF:
    case AMOUNT_AUTO:
        return 0;
    }
    if (v <= 0)
        return 0;
    return c->verb == VERB_RATE ? v : round(v);
}

const char *origin_name(enum origin origin)
{
    switch (origin) {
    case BY_KEY:
        return "key";
    case BY_COMMAND:
        return "command";
    case BY_AT:
        return "at";
    case BY_SWEEP:
        return "sweep";
    case BY_SERVER:
        return "server";
    case BY_RULE:
        return "rule";
    }
    return "?";
}
