/* Which properties of librdkafka a person may set as kafka.PROPERTY=VALUE. Known even where
 * librdkafka is not built in. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_PROPERTIES_H
#define LOADTOP_BACKENDS_KAFKA_BASE_PROPERTIES_H

#include "engine/config/option.h"

/* Names are compared whole and exactly, as librdkafka does. What is not listed is refused, with a
 * reason where one is known. */
extern const struct option_properties kafka_properties;

#endif
