/* Information from the kernel about this machine and process. */
#ifndef LOADTOP_BACKENDS_KAFKA_BASE_PROCESS_H
#define LOADTOP_BACKENDS_KAFKA_BASE_PROCESS_H

#include <stdint.h>

uint32_t kafka_boot(void);     /* identifies the present boot of this machine */
double kafka_anon_bytes(void); /* anonymous memory of the process; NaN: unknown */

#endif
