/* The command language: text <-> struct.
 *
 * Whatever a key does is one of these; keys, `:`, --at, scenarios and sweeps all send them through
 * the engine's one queue. The grammar is in CONTRACT.md; `command_text` is the inverse of
 * `command_parse`. */
#ifndef LOADTOP_ENGINE_COMMAND_H
#define LOADTOP_ENGINE_COMMAND_H

#include "engine/pattern.h"
#include "engine/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum verb {
    VERB_THREADS,
    VERB_CLIENTS,
    VERB_CONNECTIONS,
    VERB_DEPTH,
    VERB_RATE, /* amount */
    VERB_PATTERN,
    VERB_OPS,
    VERB_SET,
    VERB_PAUSE,
    VERB_RESUME,
    VERB_STOP,
    VERB_START,
    VERB_ADD,
    VERB_REMOVE,
    VERB_PAUSE_ALL,
    VERB_RESUME_ALL,
    VERB_UNDO,
    VERB_LOCK,
    VERB_UNLOCK,
    VERB_SWEEP,
    VERB_SWEEP_STOP,
    VERB_MARK,
    VERB_SCREENSHOT,
    VERB_REPORT,
    VERB_BASELINE,
    VERB_THEME,
    VERB_QUIT,
    VERBS
};

enum amount_kind {
    AMOUNT_SET,
    AMOUNT_ADD,
    AMOUNT_SUB,
    AMOUNT_MUL,
    AMOUNT_DIV,
    AMOUNT_OFF, /* rate off */
    AMOUNT_AUTO /* connections auto: as many as the clients need */
};

/* Who sent it, as the JSON's `by` says. */
enum origin { BY_KEY, BY_COMMAND, BY_AT, BY_SWEEP, BY_SERVER, BY_RULE };
const char *origin_name(enum origin);

#define COMMAND_TEXT_MAX (3 * SECRET_MAX + 2048) /* a target whose password is all %-escapes */
#define COMMAND_SHORT_MAX 256                    /* of all but a target and an option's value */
struct command {
    enum verb verb;
    char pool[32]; /* name or number as typed; "": none given */
    enum amount_kind kind;
    double amount;    /* rate: operations a second */
    uint64_t over_ns; /* "over T": reached in even steps; 0: at once */
    enum pattern pattern;
    char option[48];             /* set OPTION */
    char text[COMMAND_TEXT_MAX]; /* VALUE, MIX, TARGET, TEXT, FILE, NAME, or the rest of a sweep */
};

/* Reads one command. ERR_USAGE with the wrong word and the nearest; *at_column (may be NULL) is
 * where that word starts in text, so that `:` can point at it. */
int command_parse(struct command *, const char *text, struct err *, unsigned *at_column);
char *command_text(const struct command *, char *buf, size_t size);
/* The same for screens, events and files: without secrets and without an added target's query. */
char *command_shown(const struct command *, char *buf, size_t size);
/* Does it raise or change load? (Refused while locked. Pause, stop, remove and marks do not.) */
bool command_changes_load(const struct command *);
/* Is it carried out by the front end (screenshot, report, baseline, theme, quit)? */
bool command_is_for_screen(const struct command *);
/* The new value of an amount applied to `now`. */
double command_amount(const struct command *, double now);

/* For completion and help: name, form, one sentence. Ends with a NULL name. */
struct verb_help {
    const char *name, *form, *help;
    enum verb verb;
};
extern const struct verb_help verb_table[];

#endif
