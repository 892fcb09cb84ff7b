/* Do all counts and lists of a worker say the same? For tests, between two of its turns.
 *
 * What is checked: each request is in exactly one place (free, waiting, on a connection, being
 * gathered); each list is linked both ways where it is, and as long as its counts say; a connection
 * stands in the lists in which its state belongs, and in no others; the counts of the account are
 * those of the lists; and whatever could go on now is on a list of something that will go on, so
 * that nothing waits for ever. */
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
