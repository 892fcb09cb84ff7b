/* A consumer's figures by number of clients, row by row. All on the pool's thread. */
#ifndef LOADTOP_BACKENDS_KAFKA_TABLE_H
#define LOADTOP_BACKENDS_KAFKA_TABLE_H

struct json_t;
struct kafka_pool;
struct kafka_second;

/* Adds a second to the row of the present clients, connections and handling; the first one since
 * these changed begins the row, or begins it again. */
void kafka_row_add(struct kafka_pool *, const struct kafka_second *);
/* The wait share at the fewest clients of the present way of sharing and handling that kept up, if
 * it was seen before, is what the present one is compared with: in whatever order they come. */
void kafka_refer(struct kafka_pool *);
/* The exponent of memory by clients among the rows of the present way of sharing and handling. */
double kafka_memory_growth(const struct kafka_pool *, double *low, double *high);
/* Adds "by_clients", "table" and "findings" to the consumer's figures. */
void kafka_say_rows(const struct kafka_pool *, struct json_t *);

#endif
