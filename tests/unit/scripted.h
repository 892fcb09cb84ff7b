/* A backend on virtual time that follows a script: it can do everything that engine/backend.h
 * allows a backend to do with a request or a connection, at the time and in the order that a test
 * chooses.
 *
 * The n-th submit takes the n-th step of the script, and the n-th opening its n-th opening; both
 * start again at the end. `scripted` counts what was reported to the engine, so that a test can
 * compare it with the engine's counts. One script at a time, and one thread. */
#ifndef LOADTOP_TESTS_SCRIPTED_H
#define LOADTOP_TESTS_SCRIPTED_H

#include "engine/backend.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of a request. */
enum script_kind {
    SCRIPT_DONE,           /* op_done */
    SCRIPT_FAIL,           /* op_fail */
    SCRIPT_PARTIAL,        /* op_error and op_partial: `count` of its operations have failed */
    SCRIPT_AGAIN,          /* op_again, to group `count` */
    SCRIPT_TIMEOUT,        /* op_timeout; only with BACKEND_TIMEOUTS */
    SCRIPT_DOWN,           /* conn_down: it ends with all that its connection carries */
    SCRIPT_TROUBLE,        /* conn_trouble, over after `count` ns; and op_done */
    SCRIPT_RECEIVED,       /* `count` messages arrive: worker_receive, op_received; and op_done */
    SCRIPT_RECEIVED_ERROR, /* op_received_error; and op_done */
    SCRIPT_TRIPS,          /* `count` more round trips of after_ns each, then op_done */
    SCRIPT_SILENT,         /* nothing: time is up, or its connection goes */
    SCRIPT_BUSY,           /* SUBMIT_BUSY, and conn_room after_ns later */
    SCRIPT_REFUSED,        /* op_error and SUBMIT_FAILED */
    SCRIPT_KINDS
};
enum script_when {
    WHEN_LATER, /* after_ns after its submit; without BACKEND_STREAMS in the order of submission */
    IN_SUBMIT,
    IN_FLUSH
};
struct script_step {
    enum script_kind kind;
    enum script_when when;
    uint64_t after_ns;
    uint32_t count;
    bool sends; /* op_sent in submit, as a library with threads of its own does */
};

/* What becomes of a connection that is opened. */
enum script_opening_kind {
    OPENING_UP,    /* conn_up */
    OPENING_DOWN,  /* conn_down */
    OPENING_ERROR, /* open() returns an error */
    OPENING_SILENT /* nothing: the engine gives it up */
};
struct script_opening {
    enum script_opening_kind kind;
    uint64_t after_ns;        /* 0: inside open() */
    uint64_t closes_after_ns; /* conn_closed comes so long after close(); 0: inside it */
};

struct script {
    const struct script_step *step; /* [steps]; NULL: each is done 1 ms later */
    unsigned steps;
    const struct script_opening *opening; /* [openings]; NULL: each is up at once */
    unsigned openings;
    unsigned flags;  /* BACKEND_STREAMS, BACKEND_TIMEOUTS */
    unsigned groups; /* above 1: route() chooses by op->rnd among so many */
    bool detours;    /* route() avoids a group that was lost */
    uint32_t depth;  /* of a connection; 0: as deep as a client */
    uint32_t alone;  /* of 100 requests, so many need a connection alone (op->exclusive) */
};

/* What the target is like now: a test may change it while a run goes on. All 0 after
 * scripted_use. */
struct scripted_target {
    uint32_t most; /* as many connections as it takes; more are refused. 0: any number */
    uint32_t shut; /* bit i: group i refuses connections */
    uint32_t left; /* bit i: the node of group i has left: see worker_leave */
};
extern struct scripted_target scripted_target;

/* What it told the engine, in operations, since scripted_use. */
struct scripted {
    uint64_t made;     /* requests that fill() saw */
    uint64_t clients;  /* of which it saw a first one */
    uint64_t accepted; /* submits that were queued or refused, the first of each request */
    uint64_t done, failed, timeouts, received, received_errors;
    uint64_t lost;                           /* told by conn_down, this many times */
    uint64_t busy, again, submits, openings; /* how often */
    uint64_t standing, turned_away;          /* connections that are up; refused ones */
    uint64_t unsaid;                         /* messages that --max-rate or a pause kept back */
    uint64_t alone;                          /* submits of requests that need a connection alone */
    uint64_t disturbed;                      /* how often one of them was not: must stay 0 */
    uint64_t astray; /* submits in another group than was named last: must stay 0 */
};
extern struct scripted scripted;

enum { SCRIPTED_ONE, SCRIPTED_BULK, SCRIPTED_MESSAGE }; /* its operations: one, bulk, message */

/* The backend, by the name "scripted", with a script that outlives its use; the counts are 0 again.
 * Always the same pointer. */
const struct backend *scripted_use(const struct script *);
/* Requests that the script still has in its hands on this connection. */
uint32_t scripted_pending(const struct conn *);

#endif
