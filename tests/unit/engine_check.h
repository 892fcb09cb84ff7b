/* Checks that all counts and lists of a worker agree, between two of its turns. For tests.
 *
 * What is checked: each request is in exactly one place (free, waiting, on a connection, or in a
 * pending bulk); each list is linked both ways where it should be, and as long as its count says; a
 * connection is in the lists that its state requires, and in no others; the counts of the
 * accounting equal those of the lists; and everything that could make progress now is on a list
 * that will be run, so that nothing waits forever. */
#ifndef LOADTOP_TESTS_ENGINE_CHECK_H
#define LOADTOP_TESTS_ENGINE_CHECK_H

#include <stddef.h>

struct pool;
struct worker;

/* NULL, or the first thing that is wrong, in `why`. */
const char *engine_check_worker(const struct worker *, char *why, size_t size);
/* Likewise for what the workers of a pool share: the budget of -n. */
const char *engine_check_pool(const struct pool *, char *why, size_t size);

#endif
