/* What is said on stdout and stderr. */
#ifndef LOADTOP_UI_BASE_SAY_H
#define LOADTOP_UI_BASE_SAY_H

#include <stdbool.h>

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

/* To a descriptor that `what` names. `hurry`: nobody is waited for who does not read. What failed is
 * said on stderr. 0 or EXIT_FAILED. */
int print_bytes(int fd, const char *what, const char *text, unsigned long len, bool hurry);
/* Likewise a page for people: no text in it acts on a terminal. */
int print_page(int fd, const char *what, const char *text, unsigned long len, bool hurry);

#endif
