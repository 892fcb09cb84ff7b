/* The command language: text <-> struct.
 *
 * Whatever a key does is one of these; keys, `:`, --at, scenarios and sweeps all send them through
 * the engine's one queue. The grammar is in docs/contract.md; `command_text` is the inverse of
 * `command_parse`. */
#ifndef LOADTOP_ENGINE_CONFIG_COMMAND_H
#define LOADTOP_ENGINE_CONFIG_COMMAND_H

#include "engine/config/pattern.h"
#include "engine/base/secret.h"
#include "engine/config/verb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

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

/* What became of a command. */
enum command_result {
    COMMAND_UNKNOWN, /* never sent, or so long ago that it is not kept any more */
    COMMAND_WAITING, /* in the queue */
    COMMAND_DONE,    /* carried out, or given to the front end that has to */
    COMMAND_PARTLY,  /* some pools took it, another refused it */
    COMMAND_REFUSED
};

#define COMMAND_TEXT_MAX (3 * SECRET_MAX + 2048) /* a target whose password is all %-escapes */
#define COMMAND_SHORT_MAX 256 /* of all but a target, an option's value and a mix */
#define COMMAND_LINE_MAX (COMMAND_TEXT_MAX + 96) /* a whole command, as command_text writes it */
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

#endif
