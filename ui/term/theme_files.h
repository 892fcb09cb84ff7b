/* Where themes come from: files NAME.theme in a few folders, and the built-in ones. */
#ifndef LOADTOP_UI_TERM_THEME_FILES_H
#define LOADTOP_UI_TERM_THEME_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct theme;

/* By name: the file NAME.theme in the current folder, the user's themes folder, those of the system
 * (beside the program, then where it was installed), or the built-in one; the first that there is.
 * A name with a slash is a file itself. ERR_USAGE with the nearest name when there is none. */
int theme_load(struct theme *, const char *name, struct err *);
/* Would theme_load now read another file, or one that was written since? */
bool theme_is_stale(const struct theme *);
/* Which text that file holds, as a number that changes with it; 0: there is none. */
uint64_t theme_stamp(const char *name);
/* The names that theme_load finds, each once: the default, then by the alphabet. Returns how many;
 * each is the caller's to free. */
#define THEMES_MAX 64
int theme_list(char *names[THEMES_MAX]);
/* The name after `now` among them, round and round; into buf. */
const char *theme_next(const char *now, char *buf, size_t size);
/* The default: for the light ground that COLORFGBG speaks of, or for a dark one. */
const char *theme_default(void);

#endif
