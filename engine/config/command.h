/* The command language: text <-> struct.
 *
 * Every change of a run is one of these commands; keys, `:`, --at, scenarios and sweeps all send
 * them through the engine's single queue. The grammar is in docs/contract.md; `command_text` is the
 * inverse of `command_parse`. */
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

/* Who sent a command: `by` in the JSON. */
enum origin { BY_KEY, BY_COMMAND, BY_AT, BY_SWEEP, BY_SERVER, BY_RULE };

/* The result of a command. */
enum command_result {
    COMMAND_UNKNOWN, /* never sent, or so long ago that it is not kept any more */
    COMMAND_WAITING, /* in the queue */
    COMMAND_DONE,    /* executed, or passed to the front end for execution */
    COMMAND_PARTLY,  /* some pools took it, another refused it */
    COMMAND_REFUSED
};

/* room for a target whose password is %-escaped throughout */
#define COMMAND_TEXT_MAX (3 * SECRET_MAX + 2048)
/* enough for every command except those with a target, an option's value or a mix */
#define COMMAND_SHORT_MAX 256
/* a whole command, as command_text writes it */
#define COMMAND_LINE_MAX (COMMAND_TEXT_MAX + 96)
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

/* Reads one command. ERR_USAGE names the wrong word and the nearest valid one; *at_column (may be
 * NULL) is the offset of the wrong word, so that `:` can point at it. */
int command_parse(struct command *, const char *text, struct err *, unsigned *at_column);

#endif
