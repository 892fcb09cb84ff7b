/* May this run load these targets, and with which password?
 *
 * Passwords come from the URL, the prompt, a file or the environment, in this order, and go into
 * the targets only: never into a message, a command line that is saved, or the environment of a
 * child. */
#ifndef LOADTOP_UI_CLI_ACCESS_H
#define LOADTOP_UI_CLI_ACCESS_H

#include <stdbool.h>

struct cli;
struct err;
struct scenario;

/* Gives a password to each target that has none in its URL: --ask-password, --password-file, then
 * LOADTOP_PASSWORD. Asks on the terminal at most once. ERR_FAILED or ERR_USAGE. */
int access_passwords(const struct cli *, struct scenario *, struct err *);
/* A copy of argv that ends with NULL, for access_drop_arguments; argv itself, and so the list of
 * processes, then has stars for its secrets. Call it first of all. */
char **access_take_arguments(int argc, char **argv);
void access_drop_arguments(char **);
/* Takes LOADTOP_PASSWORD out of the environment, also of what /proc and child processes see of it,
 * for the functions above. Call it first of all. */
void access_take_environment(void);

/* What targets.conf denies is refused. What it protects needs its host's name: --confirm HOST, or
 * with a screen to come typed there (limits.ask_names). A target that is merely not on this machine
 * is allowed without a screen, because a person or a script typed its address for this very run.
 * Looks names up, so that a rule for a network speaks before anything starts; the engine checks
 * every connection again. ERR_REFUSED, or what reading the rules says (err is required). */
int access_check(struct scenario *, bool screen, struct err *);

#endif
