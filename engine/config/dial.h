/* Dials: the settings of a pool's load that can be changed while it runs, as one table.
 *
 * A dial can also be set before the start, so its name, type, range and help are those of a row of
 * pool_option_table; this table says how it is changed. Commands, sweeps, curves, forms and replays
 * read both tables, so a dial or a range is written in one place. */
#ifndef LOADTOP_ENGINE_CONFIG_DIAL_H
#define LOADTOP_ENGINE_CONFIG_DIAL_H

#include "engine/config/pool_spec.h"
#include "engine/config/verb.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Their order is that on the screen and that of the verbs that set a dial. */
enum dial {
    DIAL_THREADS,
    DIAL_CLIENTS,
    DIAL_CONNECTIONS,
    DIAL_DEPTH,
    DIAL_RATE,
    DIAL_PATTERN,
    DIAL_OPS,
    DIAL_THINK,
    DIAL_ARRIVAL,
    DIALS
};

struct dial_spec {
    enum pool_option option;
    enum verb verb;      /* VERB_SET: it is changed by `set NAME VALUE` */
    const char *unset;   /* the word for "no explicit value" (auto, off); NULL: none */
    const char *example; /* example values for a sweep; NULL: not offered in the sweep form */
    /* raising it puts more requests in flight: scaling curves are drawn over it */
    bool in_flight;
    bool scales; /* ideal throughput is proportional to it: efficiency is shown, not gain */
};
extern const struct dial_spec dial_table[DIALS];

/* The dial's row of pool_option_table: name, type, range, help. */
const struct option_spec *dial_option(enum dial);
int dial_find(const char *name); /* the dial of this name; -1: none */
int dial_of_verb(enum verb);     /* the dial that the verb sets; -1: none */
bool dial_is_amount(enum dial);  /* a number that commands also step (+1, *2) and ramp (over 60s) */
bool dial_is_plain_set(enum dial); /* it is changed by `set NAME VALUE` */

/* A dial of a load as a number: amounts as they are, pattern and arrival as their enum, think in
 * ns. NAN for the operations, which are no single number. */
double dial_get(const struct load *, enum dial);
/* The inverse, rounded if the dial takes whole numbers; v must be in range. Not for operations. */
void dial_put(struct load *, enum dial, double v);
/* Reads a value as in a URL or a scenario, or the dial's word for "not set" (`connections auto`), with
 * the same error messages ("threads 0: out of range, allowed 1 to 4096"). On ERR_USAGE the load is
 * unchanged. A mix of operations is accepted without a check and does not change the load, because
 * it needs the pool's own table (ops_parse). */
int dial_read(struct load *, enum dial, const char *value, struct err *);
/* Sets a dial of the load to a computed amount (dial_is_amount). ERR_USAGE, with the message of
 * dial_read: it is out of range. */
int dial_set_amount(struct load *, enum dial, double v, struct err *);
/* The dial's value as text that dial_read accepts, or the dial's word for "not set"; "" for
 * operations. Returns buf. */
char *dial_text(const struct load *, enum dial, char *buf, size_t size);

#endif
