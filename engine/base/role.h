/* Which thread is this? Used to catch a thread that accesses data of another thread.
 *
 * The engine's state is divided by owner (pool.h, engine_state.h, worker.h). Data that has an owner
 * is accessed through functions that check the role of the calling thread in debug and sanitized
 * builds (LOADTOP_CHECK_ROLES); otherwise they check nothing. A thread takes its role when it
 * starts. On virtual time one thread does the work of all others and takes each role for the
 * duration of a call. So does code that acts for a thread before that thread starts or after it has
 * ended. */
#ifndef LOADTOP_ENGINE_BASE_ROLE_H
#define LOADTOP_ENGINE_BASE_ROLE_H

#include <stdbool.h>

enum role {
    ROLE_FRONT_END = 1,  /* calls engine.h; also the role of a thread that has not taken one */
    ROLE_SUPERVISOR = 2, /* the engine's thread, see engine.c */
    ROLE_POOL = 4,       /* a pool's own thread, see pool_thread.c */
    ROLE_WORKER = 8      /* see worker.c */
};

struct roles {
    unsigned mask;  /* of enum role */
    const void *of; /* which pool or worker, for ROLE_POOL and ROLE_WORKER; else NULL */
};

/* Sets the roles of the calling thread. Returns the previous ones, to be restored afterwards. */
struct roles roles_set(struct roles);
/* Does the calling thread have this role? `of` NULL: for any pool or worker. */
bool role_is(enum role, const void *of);
/* Reports on stderr the role that `accessor` requires and the roles that the thread has, and
 * aborts. */
_Noreturn void role_wrong(const char *accessor, enum role);

/* For accessors: aborts unless the calling thread has the role. */
#ifdef LOADTOP_CHECK_ROLES
#define ROLE_CHECK(role, of) (role_is((role), (of)) ? (void)0 : role_wrong(__func__, (role)))
#else
#define ROLE_CHECK(role, of) ((void)0)
#endif

#endif
