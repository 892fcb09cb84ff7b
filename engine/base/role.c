/* See role.h. */
#include "engine/base/role.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local struct roles mine = {ROLE_FRONT_END, NULL};

struct roles roles_set(struct roles roles)
{
    struct roles before = mine;
    mine = roles;
    return before;
}

bool role_is(enum role role, const void *of)
{
    return mine.mask & (unsigned)role && (!of || mine.of == of);
}

static const char *role_name(unsigned role)
{
    switch (role) {
    case ROLE_FRONT_END:
        return "the front end";
    case ROLE_SUPERVISOR:
        return "the supervisor";
    case ROLE_POOL:
        return "the pool's thread";
    case ROLE_WORKER:
        return "the worker's thread";
    default:
        return "several at once";
    }
}

_Noreturn void role_wrong(const char *accessor, enum role role)
{
    fprintf(stderr, "loadtop: %s is for %s only, and was called by %s%s\n", accessor,
            role_name(role), role_name(mine.mask),
            mine.mask & (unsigned)role ? " of another one" : "");
    abort();
}
