/* The manual page, loadtop(1): `loadtop help --man`.
 *
 * Made from the tables and texts that the help is made from, so that it cannot differ from the
 * program. docs/loadtop.1 is this output, kept in the source for packagers and installed by CMake;
 * a test compares the two. */
#ifndef LOADTOP_UI_CLI_MAN_PAGE_H
#define LOADTOP_UI_CLI_MAN_PAGE_H

struct backend;
struct text;

/* Adds the page, in the man macros of roff. The same in every build: of the backends only what does
 * not depend on their libraries is said. */
void man_page(struct text *, const struct backend *const *backends);

#endif
