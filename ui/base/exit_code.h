/* The program's exit codes, and which of two takes precedence. */
#ifndef LOADTOP_UI_BASE_EXIT_CODE_H
#define LOADTOP_UI_BASE_EXIT_CODE_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG_USAGE = 2,
    EXIT_UNREACHED = 3,
    EXIT_THRESHOLD = 99,
    EXIT_SIGNAL = 128 /* + its number */
};

/* The more severe of two exit codes: a signal, then 2, 3, 1, 99, 0. */
int exit_worse(int a, int b);
/* The exit code for an enum err_code, or for 0. */
int exit_of_error(int err_code);

#endif
