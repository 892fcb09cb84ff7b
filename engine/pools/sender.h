/* Identifies the sender of the load, in the server's list of clients and in the system's log. */
#ifndef LOADTOP_ENGINE_POOLS_SENDER_H
#define LOADTOP_ENGINE_POOLS_SENDER_H

struct pool;

/* Logs to the system's log when load on a remote target has begun or ended since the last call. The
 * pool's thread; waits 200 ms at most. */
void guard_log(struct pool *);

/* Writes a name such as "loadtop:alice@build7:1a2b3c4d", with letters, digits and "@:._-" only. */
void sender_name(char *buf, unsigned size, const char *run_id);

#endif
