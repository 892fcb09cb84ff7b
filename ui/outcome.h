/* How a run ended: its exit code, and what is printed and written of it. The same for the dashboard
 * and for a run without a screen. */
#ifndef LOADTOP_UI_OUTCOME_H
#define LOADTOP_UI_OUTCOME_H

#include <stdbool.h>

struct cli;
struct err;
struct journal;
struct json_t;
struct repeats;
struct snapshot;

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG_USAGE = 2,
    EXIT_UNREACHED = 3,
    EXIT_THRESHOLD = 99,
    EXIT_SIGNAL = 128 /* + its number */
};

/* The one that says more about what went wrong: a signal, then 2, 3, 1, 99, 0. */
int exit_worse(int a, int b);
/* That of an error: an enum err_code, or 0. */
int exit_of_error(int err_code);
/* That of an ended run as far as its snapshot tells: 0, 99, or that of the error that ended it. */
int exit_of_run(const struct snapshot *);

struct outcome {
    const struct cli *cli;
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
struct journal *outcome_journal(const struct cli *, const char *command,
                                const struct json_t *screens);
/* What is printed on stdout by the verbs that print: of text from outside, only what utf8.h shows.
 * 0 or EXIT_FAILED. */
int print_stdout(const char *text, unsigned long len);
/* Likewise of a text that holds colours of our own: as it is. */
int print_colored(const char *text, unsigned long len);
/* "loadtop: MESSAGE" on stderr. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What to say when stdout was closed before the start: its number is taken,
 * and writes to it fail. */
void keep_standard_descriptors(void);

#endif
