/* Loads themes: files NAME.theme in a few folders, and the built-in ones. */
#ifndef LOADTOP_UI_TERM_THEME_FILES_H
#define LOADTOP_UI_TERM_THEME_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct theme;

/* Loads a theme by name: the file NAME.theme in the current folder, the user's themes folder, those
 * of the system (beside the program, then where it was installed), or the built-in one; the first
 * that exists. A name with a slash is a file itself. ERR_USAGE with the nearest name when there is
 * none. */
int theme_load(struct theme *, const char *name, struct err *);
/* Would theme_load read another or a changed file now? */
bool theme_is_stale(const struct theme *);
/* A number that changes with the content of the theme's file; 0: no file. */
uint64_t theme_stamp(const char *name);
/* The names that theme_load finds, without duplicates: the default, then alphabetically. Returns
 * how many; the caller frees each. */
#define THEMES_MAX 64
int theme_list(char *names[THEMES_MAX]);
/* The name after `now` in that list, cyclically; copied to buf. */
const char *theme_next(const char *now, char *buf, size_t size);
/* The default theme for a light background (according to COLORFGBG) or a dark one. */
const char *theme_default(void);

#endif
