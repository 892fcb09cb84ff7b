/* Secrets in texts: passwords, tokens and keys.
 *
 * A secret comes in by a URL (user:password@), as the value of an option with a secret's name
 * (is_secret_name), from a prompt, a file or the environment. Whatever quotes what a person
 * typed takes it out here, so that it is taken out everywhere in the same way: by the places where
 * secrets stand.
 *
 * What a server says may hold a secret too (it was sent one), at any place: there the values are
 * searched that this process knows. Only there, before it is put into words of ours: a password may
 * be an ordinary word, and a name or a sentence of ours with a hole in it would tell which. */
#ifndef LOADTOP_ENGINE_BASE_SECRET_H
#define LOADTOP_ENGINE_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* The longest password, token or key that is taken, in bytes. What is longer is refused. */
#define SECRET_MAX 8192
#define SECRET_WORDS "8192"

/* Is this the name of a secret, such as sasl.password, also when it is escaped (sasl%2Epassword)?
 * The value of such a property of a PREFIX option reads "***" too. */
bool is_secret_name(const char *name, size_t len);
/* Puts a star in place of each byte that may belong to a secret of a word or line as a person typed
 * it: behind the first ':' of a URL up to its last '@', and the values of options with a secret's
 * name (?token=X, &kafka.sasl.password=X, name=X, --token X, set NAME X). An escaped name counts as
 * what it says. Where it cannot be told where a secret ends, too much is hidden. True if there was
 * one. */
bool secret_star(char *text);
/* Likewise into buf, with "***" for each secret however long it is. Returns buf. */
char *secret_masked(const char *text, char *buf, size_t size);
/* The same for a command that parsed: a URL in it ends at the next blank, so that nothing behind it
 * is hidden with it. */
char *secret_masked_command(const char *text, char *buf, size_t size);
/* Does "***" stand where a secret is expected, as in a line that was kept? */
bool secret_was_masked(const char *text);
/* Takes secrets out of a message by their places; a URL in it ends at the next blank. */
void secret_hide_places(char *message);

/* ---- What a server said ---- */

/* Not for each answer of a load: it takes longer the more secrets are known. */

/* Takes the known secrets out of it, wherever they are. */
void secret_hide_values(char *said);
/* Likewise into buf, as far as it goes there, from len bytes (or what is before a NUL in them).
 * Returns buf. */
char *secret_said(char *buf, size_t size, const char *said, size_t len);

/* This process now holds that secret: what a server said is shown without it (unless it is so short
 * that it is an ordinary word), and the kernel writes no core of the process, nor lets another
 * process of the user read its memory. Any thread. "" is none. */
void secret_know(const char *value);
/* The same for a secret that is not known yet, only that there is one. */
void secret_hold(void);

#endif
