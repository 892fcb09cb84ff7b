/* Any bytes as a target's URL: parsing stays within bounds, every error is a message of one line,
 * and the URL that is written for a pool starts the same pool. Run once with the real backends,
 * whose checks see what was parsed, and once with a table that has an option of each type. */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "engine/config/pool_url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct option_spec options[] = {
    {"keys", OPTION_COUNT, OPTION_LIVE, "10k", 1, 1e9, NULL, "help"},
    {"size", OPTION_SPAN, OPTION_LIVE, "32", 1, 1048576, NULL, "help"},
    {"bytes", OPTION_SIZE, OPTION_LIVE, "1k", 0, 0, NULL, "help"},
    {"dist", OPTION_CHOICE, 0, "uniform", 0, 0, "uniform|zipf", "help"},
    {"share", OPTION_REAL, OPTION_LIVE, "0", 0, 0, NULL, "help"},
    {"ttl", OPTION_DURATION, 0, NULL, 0, 0, NULL, "help"},
    {"prefix", OPTION_TEXT, 0, "loadtop:", 0, 0, NULL, "help"},
    {"create", OPTION_BOOL, 0, "yes", 0, 0, NULL, "help"},
    {"password", OPTION_SECRET, 0, NULL, 0, 0, NULL, "help"},
    {"kafka.", OPTION_TEXT, OPTION_PREFIX, NULL, 0, 0, NULL, "help"},
    {NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL},
};
static const struct op_type ops[] = {{.name = "get", .weight = 1}, {.name = "set"}, {.name = NULL}};
static const struct backend table = {.name = "redis",
                                     .schemes = "redis redis+unix kafka cassandra crate null",
                                     .example = "redis://h",
                                     .options = options,
                                     .ops = ops};
static const struct backend *const tables[] = {&table, NULL};

static void must(bool truth, const char *what, const char *text)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_url: %s: %s\n", what, text);
    abort();
}

static void check_error(const struct err *err)
{
    must(err->msg[0] && err->code < 0, "an error without a message", "");
    must(!strpbrk(err->msg, "\r\n\x1b"), "a message of more than one line", err->msg);
}

static void read_and_write(const char *text)
{
    static char url[65536], again[65536];
    struct pool_spec spec, back;
    struct err err = {0};
    if (pool_spec_parse(&spec, text, ORIGIN_ARGV, NULL, tables, &err)) {
        check_error(&err);
        return;
    }
    must(!strpbrk(spec.target.shown, "\r\n\x1b"), "a control character is shown", text);
    target_is_local(&spec.target);
    pool_spec_url(&spec, url, sizeof url);
    must(pool_spec_parse(&back, url, ORIGIN_ARGV, NULL, tables, &err) == 0,
         "what was written does not read", url);
    must(strcmp(pool_spec_url(&back, again, sizeof again), url) == 0, "its text changed", url);
    must(memcmp(&back.load.rate_per_s, &spec.load.rate_per_s, sizeof(double)) == 0 &&
             back.load.threads == spec.load.threads && back.seed == spec.seed,
         "its load changed", url);
    pool_spec_fini(&back);
    pool_spec_fini(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), masked[100];
    struct pool_spec spec;
    struct threshold threshold;
    struct err err = {0};
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    read_and_write(text);
    if (pool_spec_parse(&spec, text, ORIGIN_ARGV, NULL, backends, &err))
        check_error(&err);
    else
        pool_spec_fini(&spec);
    target_masked(text, masked, sizeof masked);
    if (threshold_parse(&threshold, text, &err))
        check_error(&err);
    free(text);
    return 0;
}
