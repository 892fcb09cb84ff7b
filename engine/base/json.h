/* Values for JSON that jansson has no function for. */
#ifndef LOADTOP_ENGINE_BASE_JSON_H
#define LOADTOP_ENGINE_BASE_JSON_H

struct json_t;

/* The number with all its digits; null unless it is finite. A new reference. */
struct json_t *json_real_or_null(double v);

#endif
