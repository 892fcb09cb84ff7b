/* Output on stdout and stderr. */
#ifndef LOADTOP_UI_BASE_SAY_H
#define LOADTOP_UI_BASE_SAY_H

#include <stdbool.h>

/* Prints text on stdout, replacing characters that utf8.h does not show. 0 or EXIT_FAILED. */
int print_stdout(const char *text, unsigned long len);
/* Prints a text that contains our own colour sequences, unchanged. */
int print_colored(const char *text, unsigned long len);
/* Prints "loadtop: MESSAGE" to stderr. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* If stdin, stdout or stderr was closed at the start, reserves its number, so that no other file
 * gets it and writes to it fail. */
void keep_standard_descriptors(void);

/* Writes to a descriptor, which `what` names in errors. `hurry`: does not wait for a slow reader.
 * Reports errors on stderr. 0 or EXIT_FAILED. */
int print_bytes(int fd, const char *what, const char *text, unsigned long len, bool hurry);
/* The same for a page of text, without characters that would act on a terminal. */
int print_page(int fd, const char *what, const char *text, unsigned long len, bool hurry);

#endif
