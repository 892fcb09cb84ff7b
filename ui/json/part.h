/* Building blocks of loadtop's JSON. Each returns a new reference. Out of memory aborts: an
 * incomplete report would be misleading. */
#ifndef LOADTOP_UI_JSON_PART_H
#define LOADTOP_UI_JSON_PART_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct counts;
struct latency;
struct op_type;

void json_put(json_t *object, const char *name, json_t *value);
void json_push(json_t *array, json_t *value);
/* The value with as many decimals as the JSON has: six of a share, three of others. */
double json_rounded(double v, bool share);
json_t *json_number(double v); /* up to three decimals; null unless finite */
json_t *json_share(double v);  /* up to six decimals */
json_t *json_us(double ns);    /* microseconds */
json_t *json_u64(uint64_t n);
json_t *json_words(const char *s);         /* never null; bytes that are not UTF-8 become U+FFFD */
json_t *json_words_or_null(const char *s); /* null for "" and NULL */
json_t *json_counts(const struct counts *);
json_t *json_latency(const struct latency *); /* the form of a pool's `latency` */

json_t *json_duration_or_null(uint64_t ns); /* "5s"; null for 0 */
/* The mix as "get:80,set:20", of any length; weight: [OPS_MAX]. */
json_t *json_mix(const struct op_type *, const double *weight);

#endif
