/* The five patterns as pure functions, without state.
 *
 * The worker keeps a `struct flight` for each client and asks after every change how many requests
 * to start. The result is recomputed on each call, so starts that could not be made do not
 * accumulate. After the depth was lowered the result is 0 until the surplus has drained. */
#include "engine/config/pattern.h"

#include <string.h>

static const char *const names[] = {
    [PATTERN_SYNC] = "sync",
    [PATTERN_BATCH] = "batch",
    [PATTERN_QUEUE] = "queue",
    [PATTERN_CHAIN] = "chain",
    [PATTERN_UNTHROTTLED] = "unthrottled",
};
#define PATTERNS (sizeof names / sizeof *names)

uint32_t pattern_starts(enum pattern pattern, uint32_t depth, const struct flight *f)
{
    switch (pattern) {
    case PATTERN_SYNC:
        return f->occupied == 0;
    case PATTERN_BATCH:
        return f->occupied == 0 ? depth : 0;
    case PATTERN_QUEUE:
        /* Completed requests behind an unfinished oldest one still occupy the window (head-of-line
         * blocking). */
        return f->window < depth ? depth - (uint32_t)f->window : 0;
    case PATTERN_CHAIN:
        return f->occupied < depth ? depth - f->occupied : 0;
    case PATTERN_UNTHROTTLED:
        /* With nothing in flight the bound cannot be reached, even if `full` is still set: waiting
         * for a completion would stop the client forever. */
        if (f->draining)
            return f->occupied == 0 ? UINT32_MAX : 0;
        return f->full ? 0 : UINT32_MAX;
    }
    return 0;
}

uint32_t pattern_depth(enum pattern pattern, uint32_t given)
{
    if (pattern == PATTERN_SYNC)
        return 1;
    return given ? given : PATTERN_DEPTH_DEFAULT;
}

bool pattern_has_no_depth(enum pattern pattern)
{
    return pattern == PATTERN_SYNC || pattern == PATTERN_UNTHROTTLED;
}

const char *pattern_name(enum pattern pattern)
{
    return (unsigned)pattern < PATTERNS ? names[pattern] : "?";
}

int pattern_parse(const char *s, enum pattern *pattern)
{
    for (unsigned i = 0; i < PATTERNS; i++)
        if (strcmp(names[i], s) == 0) {
            *pattern = (enum pattern)i;
            return 0;
        }
    return -1;
}
