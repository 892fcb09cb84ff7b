/* Starts requests of closed-loop clients. */
#ifndef LOADTOP_ENGINE_LOAD_START_H
#define LOADTOP_ENGINE_LOAD_START_H

#include <stdint.h>

struct client;
struct request;
struct worker;

/* runs up to `most` ready clients; the others stay listed */
void clients_run(struct worker *, unsigned most);
/* closed loop: runs clients that wait for --max-rate or for memory */
void waiting_to_start_run(struct worker *);
/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
void client_start(struct client *, uint32_t n, struct request *(*make)(struct client *));
uint16_t mix_choose(struct worker *);
/* Checks a request against --max-bytes and the target's free room. When it would exceed them it is
 * given back, NULL is returned and nothing more is started. */
struct request *op_bounded(struct worker *, struct request *);
/* Assigns the request to a client and lets the backend fill it. */
void op_adopt(struct client *, struct request *);

#endif
