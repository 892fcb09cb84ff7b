/* Secrets in texts: passwords, tokens and keys.
 *
 * A secret comes in by a URL (user:password@), as the value of an option with a secret's name
 * (is_secret_name), from a prompt, a file or the environment. All code that quotes what a user
 * typed removes secrets with these functions, by their position in the text.
 *
 * A server's reply may repeat a secret that it was sent, at any position, so replies are searched
 * for the known values. This is done to the reply alone, before it is embedded in our own message:
 * a password may be an ordinary word, and removing that word from our own text would reveal it. */
#ifndef LOADTOP_ENGINE_BASE_SECRET_H
#define LOADTOP_ENGINE_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* The longest password, token or key that is taken, in bytes. Longer ones are refused. */
#define SECRET_MAX 8192
#define SECRET_WORDS "8192"

/* Is this the name of a secret, such as sasl.password, possibly escaped (sasl%2Epassword)? The
 * value of such a property of a PREFIX option reads "***" too. */
bool is_secret_name(const char *name, size_t len);
/* Puts a star in place of each byte that may belong to a secret of a word or line as typed: behind
 * the first ':' of a URL up to its last '@', and the values of options with a secret's name
 * (?token=X, &kafka.sasl.password=X, name=X, --token X, set NAME X). Escaped names are recognized.
 * Where the end of a secret is ambiguous, too much is hidden. True if one was found. */
bool secret_star(char *text);
/* The same, copied into buf, with "***" for each secret regardless of its length. Returns buf. */
char *secret_masked(const char *text, char *buf, size_t size);
/* The same for a command that was parsed without an error: a URL in it ends at the next blank, so
 * that the text after it stays visible. */
char *secret_masked_command(const char *text, char *buf, size_t size);
/* Is there a "***" in the position of a secret, as in a line from the history? */
bool secret_was_masked(const char *text);
/* Removes secrets from a message, by their position in it; a URL in it ends at the next blank. */
void secret_hide_places(char *message);

/* ---- Text from a server ---- */

/* Not for the hot path: the cost grows with the number of known secrets. */

/* Removes the known secrets, at any position. */
void secret_hide_values(char *said);
/* The same, copied into buf and cut at its size, from at most len bytes (a NUL ends them earlier).
 * Returns buf. */
char *secret_said(char *buf, size_t size, const char *said, size_t len);

/* Registers a secret: secret_said() and secret_hide_values() remove it from now on (unless it is
 * too short to tell from an ordinary word), the kernel writes no core of this process and other
 * processes of the user cannot read its memory. Any thread. "" is none. */
void secret_know(const char *value);
/* Protects the process's memory in the same way before a secret is known. */
void secret_hold(void);

#endif
