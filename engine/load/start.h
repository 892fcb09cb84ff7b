/* What is started, and when. */
#ifndef LOADTOP_ENGINE_LOAD_START_H
#define LOADTOP_ENGINE_LOAD_START_H

#include <stdint.h>

struct client;
struct request;
struct worker;

void clients_run(struct worker *, unsigned most); /* those that are ready; leaves the rest listed */
void line_run(struct worker *); /* closed: who waits for --max-rate, or for memory */
/* Starts up to n requests made by `make`. In pattern batch they are one lease where a connection
 * can carry the whole batch. */
void client_start(struct client *, uint32_t n, struct request *(*make)(struct client *));
uint16_t mix_choose(struct worker *);
/* NULL, and the request given back: it would write more than --max-bytes or the target's room
 * leave; then nothing more is started. */
struct request *op_bounded(struct worker *, struct request *);
/* Gives it to a client and lets the backend choose what it is about. */
void op_adopt(struct client *, struct request *);

#endif
