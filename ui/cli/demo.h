/* `loadtop demo`: targets that it brings along, so that the first look needs no server.
 *
 * A private redis-server on a unix socket in a folder of its own, librdkafka's mock cluster (never
 * a measure of a broker, and said so) and two simulated services. What is missing is named with
 * what to install. The server ends and the folder goes when this process does, however that
 * happens: a small watcher process waits for it. */
#ifndef LOADTOP_UI_CLI_DEMO_H
#define LOADTOP_UI_CLI_DEMO_H

#include <sys/types.h>

struct backend;
struct cli;
struct err;
struct scenario;

struct demo {
    char dir[96];   /* "": none */
    int folder;     /* the same, held open; -1 */
    pid_t watcher;  /* 0: none */
    int leash;      /* while it is open the watcher keeps the server; -1 */
    pid_t mock;     /* serves librdkafka's mock cluster; 0: none */
    int mock_leash; /* likewise; -1 */
};

/* Starts what there is (bounded: 5 s) and adds its pools to the scenario, with the line's pool
 * options over the demo's own. Says on stderr what is missing. ERR_USAGE when those options are
 * wrong. Call it while the process has one thread. */
int demo_start(struct demo *, const struct cli *, struct scenario *,
               const struct backend *const *backends, struct err *);
/* Ends the server and removes the folder; bounded: 1 s. Takes one that never started. */
void demo_stop(struct demo *);

#endif
