/* The exit codes; see exit_code.h. */
#include "ui/base/exit_code.h"

#include "engine/base/err.h"

int exit_worse(int a, int b)
{
    static const int order[] = {EXIT_DONE, EXIT_THRESHOLD, EXIT_FAILED, EXIT_UNREACHED,
                                EXIT_WRONG_USAGE};
    int rank_a = (int)(sizeof order / sizeof *order), rank_b = rank_a;
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++) {
        if (order[i] == a)
            rank_a = i;
        if (order[i] == b)
            rank_b = i;
    }
    return rank_b > rank_a ? b : a;
}

int exit_of_error(int code)
{
    switch (code) {
    case 0:
        return EXIT_DONE;
    case ERR_USAGE:
    case ERR_REFUSED:
    case ERR_ABSENT:
        return EXIT_WRONG_USAGE;
    case ERR_UNREACHED:
        return EXIT_UNREACHED;
    default:
        return EXIT_FAILED;
    }
}
