/* See json.h. */
#include "engine/base/json.h"

#include <jansson.h>
#include <math.h>

json_t *json_real_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}
