/* Permission to load the targets, and their passwords.
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
/* Returns a NULL-terminated copy of argv, for access_drop_arguments, and replaces secrets in argv
 * itself, and so in the process list, by stars. Call it first in main. */
char **access_take_arguments(int argc, char **argv);
void access_drop_arguments(char **);
/* Reads LOADTOP_PASSWORD for the functions above and removes it from the environment, including
 * /proc and child processes. Call it first in main. */
void access_take_environment(void);

/* Applies targets.conf. A denied target is refused. A protected one needs its host's name:
 * --confirm HOST, or typed on the screen (limits.ask_names). Other remote targets are allowed
 * without a screen, because their address was given for this run. Resolves names, so that rules for
 * networks apply before anything starts; the engine checks every connection again. ERR_REFUSED, or
 * an error in the rules (err is required). */
int access_check(struct scenario *, bool screen, struct err *);

#endif
