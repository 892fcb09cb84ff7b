/* librdkafka's errors as short stable classes, with advice. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_ERROR_H
#define LOADTOP_BACKENDS_KAFKA_BASE_ERROR_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

/* A short stable class for an error, and a sentence that says what to do. */
const char *kafka_error_class(rd_kafka_resp_err_t);
const char *kafka_error_advice(rd_kafka_resp_err_t);
/* Does it report a state of the cluster that passes by itself: a leader, controller or coordinator is
 * being elected, or a broker is away? */
bool kafka_error_passes(rd_kafka_resp_err_t);
/* Writes a text such as "Broker: Message size too large: larger than ... allow (...)". */
void kafka_error_text(rd_kafka_resp_err_t, const char *detail, char *buf, size_t size);

#endif
