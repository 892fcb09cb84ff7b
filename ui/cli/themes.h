/* The verb `loadtop themes`: the themes listed, or one shown. */
#ifndef LOADTOP_UI_CLI_THEMES_H
#define LOADTOP_UI_CLI_THEMES_H

struct err;
struct text;

/* `loadtop themes [NAME] [--colors TIER]`: lists the themes, or shows one in the terminal's colours
 * with its definition for each tier. ERR_USAGE for an unknown name. */
int themes_verb(struct text *, int argc, char *const *argv, struct err *);

#endif
