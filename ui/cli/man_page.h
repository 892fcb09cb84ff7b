/* The manual page, loadtop(1): `loadtop help --man`.
 *
 * It is made from the same tables and texts as the help, so it always describes this program.
 * docs/loadtop.1 is this output, kept in the source for packagers and installed by CMake; a test
 * compares the two. */
#ifndef LOADTOP_UI_CLI_MAN_PAGE_H
#define LOADTOP_UI_CLI_MAN_PAGE_H

struct backend;
struct text;

/* Adds the page, in the man macros of roff. It is the same in every build, because it describes of
 * each backend only what does not depend on the backend's library. */
void man_page(struct text *, const struct backend *const *backends);

#endif
