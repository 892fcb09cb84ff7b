/* Dials: what of a pool's load can be changed while it runs, as one table.
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

/* In the order of the screen, and of the verbs that are a dial's own. */
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
    const char *unset;   /* the command's word for no value of its own (auto, off); NULL: none */
    const char *example; /* values to begin a sweep with; NULL: the form of a sweep leaves it out */
    bool in_flight;      /* more of it puts more in flight: scaling curves are drawn over it */
    bool scales; /* ideally, throughput grows in proportion: efficiency is shown, not gain */
};
extern const struct dial_spec dial_table[DIALS];

/* Its row of pool_option_table: name, type, range, help. */
const struct option_spec *dial_option(enum dial);
int dial_find(const char *name); /* -1: there is none of this name */
int dial_of_verb(enum verb);     /* -1: the verb is no dial's own */
bool dial_is_amount(enum dial);  /* a number that commands also step (+1, *2) and ramp (over 60s) */
bool dial_is_plain_set(enum dial); /* it is changed by `set NAME VALUE` */

/* A dial of a load as a number: amounts as they are, pattern and arrival as their enum, think in
 * ns. NAN for the operations, which are no single number. */
double dial_get(const struct load *, enum dial);
/* The inverse, rounded to a whole number where the dial is one; v is in range. Not for operations.
 */
void dial_put(struct load *, enum dial, double v);
/* Reads a value as a URL or a scenario does, or the word for unset (`connections auto`), with the
 * same words when it is refused ("threads 0: out of range, allowed 1 to 4096"). ERR_USAGE leaves the
 * load as it was. Operations need the pool's own table (ops_parse): they are taken as they are, and
 * the load stays as it was. */
int dial_read(struct load *, enum dial, const char *value, struct err *);
/* Puts a computed amount (dial_is_amount) into the load. ERR_USAGE when it is out of range, in the
 * words of dial_read. */
int dial_set_amount(struct load *, enum dial, double v, struct err *);
/* Its value as dial_read reads it, or the word for unset; "" for operations. Returns buf. */
char *dial_text(const struct load *, enum dial, char *buf, size_t size);

#endif
