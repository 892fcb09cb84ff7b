/* The properties of librdkafka that may be set as kafka.PROPERTY=VALUE. The list is compiled in
 * even if librdkafka is not. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_PROPERTIES_H
#define LOADTOP_BACKENDS_KAFKA_BASE_PROPERTIES_H

#include "engine/config/option.h"

/* Names must match exactly, as in librdkafka. Other properties are refused, with a reason where one
 * is known. */
extern const struct option_properties kafka_properties;

#endif
