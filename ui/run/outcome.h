/* The end of a run: exit code, summary and files, the same for the dashboard and for headless
 * runs. */
#ifndef LOADTOP_UI_RUN_OUTCOME_H
#define LOADTOP_UI_RUN_OUTCOME_H

#include <stdbool.h>

struct err;
struct journal;
struct json_t;
struct repeats;
struct snapshot;

/* The exit code of an ended run from its snapshot: 0, 99, or that of the error that ended it. */
int exit_of_run(const struct snapshot *);

struct outcome {
    const char *json;        /* file for the JSON, "-" for stdout, "" for none */
    bool keep;               /* save the run in the history */
    bool quiet;              /* no summary if the JSON goes to stdout */
    const char *command;     /* command that repeats the run, or NULL */
    double cpu_share;        /* CPU share of the process over the run, of all cores; NaN: unknown */
    struct repeats *repeats; /* of --repeat, or NULL */
    struct json_t *screens;  /* captured screens, or NULL */
    bool hurry;              /* after a signal: do not wait for slow readers */
};

/* Writes the JSON first, then prints the summary, each even if the other failed. Errors are
 * reported on stderr. *kept: the run is in the history, or should not be. 0 or EXIT_FAILED. */
int outcome_write(const struct outcome *, const struct snapshot *, bool *kept);
/* Writes only the JSON, and only if it goes to a file; prints nothing. 0, or err. */
int outcome_write_json(const struct outcome *, const struct snapshot *, struct err *);
/* The journal for a run that will be saved; NULL: not wanted, or (with a message on stderr) not
 * possible. */
struct journal *outcome_journal(const struct outcome *);

#endif
