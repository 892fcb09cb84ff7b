/* A table of a consumer's figures by number of clients. All on the pool's thread. */
#ifndef LOADTOP_BACKENDS_KAFKA_TABLE_H
#define LOADTOP_BACKENDS_KAFKA_TABLE_H

struct json_t;
struct kafka_pool;
struct kafka_second;

/* Adds a second to the row of the present clients, connections and handling. The first second after
 * a change creates or restarts the row. */
void kafka_row_add(struct kafka_pool *, const struct kafka_second *);
/* Sets the reference wait share: that of the row with the fewest clients that kept up, among rows
 * with the present sharing and handling, whatever the order of measurements. */
void kafka_refer(struct kafka_pool *);
/* The exponent of memory growth by clients, from the rows with the present sharing and handling. */
double kafka_memory_growth(const struct kafka_pool *, double *low, double *high);
/* Adds "by_clients", "table" and "findings" to the consumer's figures. */
void kafka_say_rows(const struct kafka_pool *, struct json_t *);

#endif
