/* How a run ended: its exit code, and what is printed and written of it. The same for the dashboard
 * and for a run without a screen. */
#ifndef LOADTOP_UI_RUN_OUTCOME_H
#define LOADTOP_UI_RUN_OUTCOME_H

#include <stdbool.h>

struct err;
struct journal;
struct json_t;
struct repeats;
struct snapshot;

/* That of an ended run as far as its snapshot tells: 0, 99, or that of the error that ended it. */
int exit_of_run(const struct snapshot *);

struct outcome {
    const char *json;        /* the file that it goes into, "-" for stdout, "" for none */
    bool keep;               /* in the history */
    bool quiet;              /* no summary beside JSON on stdout */
    const char *command;     /* that repeats the run, or NULL */
    double cpu_share;        /* of the process over the run, of all cores; NaN: unknown */
    struct repeats *repeats; /* of --repeat, or NULL */
    struct json_t *screens;  /* that were captured, or NULL */
    bool hurry;              /* after a signal: nobody is waited for who does not read */
};

/* Writes the JSON first, then prints the summary; each also when the other failed. What failed is
 * said on stderr. *kept: it is in the history, or is not wanted there. 0 or EXIT_FAILED. */
int outcome_write(const struct outcome *, const struct snapshot *, bool *kept);
/* Only the JSON, and only if it goes to a file: nothing is printed. 0, or err. */
int outcome_write_json(const struct outcome *, const struct snapshot *, struct err *);
/* The journal of a run that is to be kept; NULL: none is wanted, or (after a word on stderr) none
 * can be. */
struct journal *outcome_journal(const struct outcome *);

#endif
