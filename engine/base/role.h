/* Which thread is this? So that who reaches for a member that is not theirs is caught.
 *
 * The engine's state is split by owner (pool.h, engine_state.h, worker.h), and what has an owner is
 * reached through accessors, which check the role of the thread in debug and sanitized builds
 * (LOADTOP_CHECK_ROLES); otherwise the check is nothing. A thread takes its role when it starts.
 * On virtual time one thread does the work of all: it takes each role for the span of a call. The
 * same holds for code that acts for a thread before its start or after its end. */
#ifndef LOADTOP_ENGINE_BASE_ROLE_H
#define LOADTOP_ENGINE_BASE_ROLE_H

#include <stdbool.h>

enum role {
    ROLE_FRONT_END = 1,  /* calls engine.h; what a thread is that took no role */
    ROLE_SUPERVISOR = 2, /* the engine's thread, see engine.c */
    ROLE_POOL = 4,       /* a pool's own thread, see pool_thread.c */
    ROLE_WORKER = 8      /* see worker.c */
};

struct roles {
    unsigned mask;  /* of enum role */
    const void *of; /* ROLE_POOL, ROLE_WORKER: which pool or worker; NULL with the others */
};

/* The roles of the calling thread from now on. Returns those it had, to be set again at the end of
 * the span. */
struct roles roles_set(struct roles);
/* Has the calling thread this role? `of` NULL: whichever pool or worker it is of. */
bool role_is(enum role, const void *of);
/* Says on stderr which role `accessor` asks for and which the thread has, and aborts. */
_Noreturn void role_wrong(const char *accessor, enum role);

/* For accessors: aborts unless the calling thread has the role. */
#ifdef LOADTOP_CHECK_ROLES
#define ROLE_CHECK(role, of) (role_is((role), (of)) ? (void)0 : role_wrong(__func__, (role)))
#else
#define ROLE_CHECK(role, of) ((void)0)
#endif

#endif
