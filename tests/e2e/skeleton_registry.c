/* The table of backends of the test program loadtop_skeleton, used instead of backends/registry.c:
 * the skeleton, which the installed program does not have, and null. */
#include "backends/registry.h"

#include <stddef.h>

const struct backend *const backends[] = {&backend_skeleton, &backend_null, NULL};
