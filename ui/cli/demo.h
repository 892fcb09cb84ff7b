/* `loadtop demo`: comes with its own targets, so that trying loadtop needs no server.
 *
 * A private redis-server on a unix socket in a temporary folder, librdkafka's mock cluster (marked
 * as not representative of a broker) and two simulated services. Missing ones are named with what
 * to install. When this process ends, however it ends, a small watcher process stops the server and
 * removes the folder. */
#ifndef LOADTOP_UI_CLI_DEMO_H
#define LOADTOP_UI_CLI_DEMO_H

#include <sys/types.h>

struct backend;
struct cli;
struct err;
struct scenario;

struct demo {
    char dir[96];   /* "": none */
    int folder;     /* descriptor of that folder; -1: none */
    pid_t watcher;  /* 0: none */
    int leash;      /* pipe whose closing tells the watcher to stop the server; -1: none */
    pid_t mock;     /* serves librdkafka's mock cluster; 0: none */
    int mock_leash; /* the same for `mock`; -1: none */
};

/* Starts the available targets (within 5 s) and adds their pools to the scenario; pool options of
 * the command line override the demo's. Reports missing ones on stderr. ERR_USAGE when those
 * options are wrong. Call it while the process has one thread. */
int demo_start(struct demo *, const struct cli *, struct scenario *,
               const struct backend *const *backends, struct err *);
/* Stops the server and removes the folder, within 1 s. Does nothing if it was never started. */
void demo_stop(struct demo *);

#endif
