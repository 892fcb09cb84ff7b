/* Option tables: names, types, ranges and defaults of settings, described once.
 *
 * A backend describes its options in a const table. The URL's query, the command line, the YAML
 * file, `set OPTION VALUE`, the dials, the start form and `loadtop backends` all come from it.
 *
 * Values are kept in one array parallel to the table. A scalar (everything except text) is 64 bits
 * and can be changed while workers read it (relaxed atomics); a text is fixed once the pool is
 * open. */
#ifndef LOADTOP_ENGINE_CONFIG_OPTION_H
#define LOADTOP_ENGINE_CONFIG_OPTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum option_type {
    OPTION_BOOL,     /* yes|no (also true|false, on|off, 1|0) */
    OPTION_COUNT,    /* a whole number, "10k" allowed */
    OPTION_REAL,     /* a number */
    OPTION_DURATION, /* ns */
    OPTION_SIZE,     /* bytes */
    OPTION_SPAN,     /* "32" or "32-4096": low and high, bytes */
    OPTION_CHOICE,   /* one of `choices`, kept as its index */
    OPTION_TEXT,     /* any text */
    OPTION_SECRET    /* a text that is never shown, logged or saved */
};

enum {
    OPTION_LIVE = 1, /* can be changed while the load runs: gets a dial */
    /* the name ends in '.': takes any number of NAME.anything=value (kafka.X=) */
    OPTION_PREFIX = 2,
    OPTION_REOPEN = 4, /* a live change reopens connections */
    /* its value makes this process read a file or contact a host other than the target: accepted
     * from a trusted origin only (origin_is_trusted) */
    OPTION_TRUSTED_ONLY = 8
};

struct option_spec {
    const char *name;
    enum option_type type;
    unsigned flags;
    const char *def; /* the default as text; NULL: unset (reads as 0 or "") */
    /* range of a COUNT, REAL, DURATION (ns), SIZE or SPAN (bytes); both 0: no bound */
    double min, max;
    const char *choices; /* CHOICE: "uniform|zipf|sequential" */
    const char *help;    /* one sentence */
    /* an older name that is still accepted, shown only in the list of options; NULL: none. Not for
     * PREFIX options. */
    const char *alias;
}; /* a table ends with a NULL name */

/* Where a value came from. OPTION_TRUSTED_ONLY options are accepted only from what the user typed
 * (the command line including --at, and the keyboard, which counts as the command line) or from the
 * user's configuration. A scenario, the environment and a saved run may come from anybody and are
 * not trusted. A command such as `add` has the origin of its sender. */
enum option_origin {
    ORIGIN_DEFAULT,
    ORIGIN_ARGV,
    ORIGIN_CONFIG,
    ORIGIN_ENVIRONMENT,
    ORIGIN_SCENARIO,
    ORIGIN_RUN
};
bool origin_is_trusted(enum option_origin);
const char *origin_words(enum option_origin); /* "a scenario file" */

/* A property that may follow the name of a PREFIX option; a table of them ends with a NULL name. */
struct option_property {
    const char *name;
    unsigned flags; /* OPTION_TRUSTED_ONLY */
};
struct option_properties {
    const struct option_property *allowed;
    /* The reason why a known property is not in the list, to complete "kafka.X: refused: ...";
     * returns NULL for an unknown one. May be NULL. */
    const char *(*refusal)(const char *name);
    /* Does this value need a trusted origin although other values of the property do not? May be
     * NULL. */
    bool (*value_needs_trust)(const char *name, const char *value);
};

#define OPTIONS_MAX 64

struct options {
    const struct option_spec *table;            /* borrowed */
    const struct option_properties *properties; /* borrowed; NULL: a PREFIX option takes any name */
    unsigned n;
    _Atomic uint64_t scalar[OPTIONS_MAX];
    char *text[OPTIONS_MAX]; /* owned; PREFIX options: "name=value\n" lines, names without prefix */
    /* enum option_origin; of a PREFIX option, that of its last property */
    uint8_t origin[OPTIONS_MAX];
};

/* Sets every option to its default. Asserts that the table is well formed (defaults parse). */
void options_init(struct options *, const struct option_spec *table);
/* Overwrites all values of `to` without freeing them. */
void options_copy(struct options *to, const struct options *from);
void options_fini(struct options *);
/* The index of the option with this name or alias, or -1. "kafka.linger.ms" finds the PREFIX option
 * "kafka.". */
int options_find(const struct option_spec *table, const char *name);
/* Refuses an option whose name is not among the NULL-terminated names; the error names the nearest
 * of them, or all. Returns ERR_USAGE. */
int option_unknown(const char *name, const char *const *names, struct err *);
/* Reads value into option `name`. An unknown name, a value of the wrong form or out of range:
 * ERR_USAGE with a line that names the option, the value, what is allowed and the nearest name. A
 * value that needs a trusted origin is refused with the places where it may be given. With
 * `live_only`, an option that cannot be changed while running is refused. */
int options_set(struct options *, const char *name, const char *value, enum option_origin,
                bool live_only, struct err *);
/* The value as it would be typed; "***" for a SECRET; buf is always terminated. */
char *options_text(const struct options *, unsigned index, char *buf, size_t size);

static inline uint64_t option_u64(const struct options *o, unsigned i)
{
    return atomic_load_explicit(&((struct options *)(uintptr_t)o)->scalar[i], memory_order_relaxed);
}
static inline bool option_bool(const struct options *o, unsigned i)
{
    return option_u64(o, i) != 0;
}
/* Was it set explicitly, rather than by default? */
static inline bool option_given(const struct options *o, unsigned i)
{
    return o->origin[i] != ORIGIN_DEFAULT;
}
double option_real(const struct options *, unsigned i);
static inline uint32_t option_low(const struct options *o, unsigned i)
{
    return (uint32_t)option_u64(o, i);
}
static inline uint32_t option_high(const struct options *o, unsigned i)
{
    return (uint32_t)(option_u64(o, i) >> 32);
}
const char *option_str(const struct options *, unsigned i); /* never NULL */

#endif
