/* Any bytes as the URL of a target, as the text of `add`, as single options, and as Kafka
 * properties, with each backend and from each origin. Options are also checked by the backend
 * itself, and none of this may create a socket, start a process or, unless the user typed the
 * value, open a file.
 *
 * The first byte chooses the backend and the origin. The rest is appended to the URL's scheme and
 * host; a line after it is NAME=VALUE for one more option.
 *
 * ctest: not-tsan */
#include "backends/registry.h"
#include "engine/backend.h"
#include "engine/config/command.h"
#include "engine/base/err.h"
#include "engine/config/scenario.h"
#include "tests/fuzz/guard.h"
#include "engine/config/pool_url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct job {
    const char *begin; /* of the URL */
    char *text;
    enum option_origin origin;
};

static void must(bool truth, const char *what, const char *text)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_options: %s: %.2000s\n", what, text);
    abort();
}

static void check_error(const struct err *err, const char *text)
{
    must(err->msg[0] && err->code < 0, "an error without a message", text);
    must(!strpbrk(err->msg, "\r\n\x1b"), "a message of more than one line", err->msg);
}

/* As `set OPTION VALUE` and the start form do. */
static void set_one(struct pool_spec *spec, char *line, enum option_origin origin)
{
    struct err err = {0};
    char *value = strchr(line, '='), shown[512];
    struct options o;
    if (!value)
        return;
    *value++ = '\0';
    options_copy(&o, &spec->options);
    for (int live = 0; live < 2; live++)
        if (options_set(&o, line, value, origin, live != 0, &err))
            check_error(&err, line);
    for (unsigned i = 0; i < o.n; i++) {
        options_text(&o, i, shown, sizeof shown);
        if (o.table[i].type == OPTION_SECRET && *option_str(&o, i))
            must(strcmp(shown, "***") == 0, "a secret is shown", shown);
    }
    if (spec->backend->check && spec->backend->check(&spec->target, &o, &err))
        check_error(&err, value);
    options_fini(&o);
}

static void try_options(void *ctx)
{
    const struct job *job = ctx;
    char *line = strchr(job->text, '\n'), *url, *add;
    static char written[65536];
    struct pool_spec spec, back;
    struct err err = {0};
    struct command c;
    if (line)
        *line++ = '\0';
    if (asprintf(&url, "%s%s", job->begin, job->text) < 0 || asprintf(&add, "add %s", url) < 0)
        abort();
    if (command_parse(&c, add, &err, NULL))
        check_error(&err, add);
    err = (struct err){0};
    if (pool_spec_parse(&spec, url, job->origin, NULL, backends, &err)) {
        check_error(&err, url);
    } else {
        if (line)
            set_one(&spec, line, job->origin);
        pool_spec_url(&spec, written, sizeof written);
        if (pool_spec_parse(&back, written, job->origin, NULL, backends, &err) == 0)
            pool_spec_fini(&back);
        pool_spec_fini(&spec);
    }
    free(url);
    free(add);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const begin[] = {"kafka://127.0.0.1:1/t?",
                                        "kafka://127.0.0.1:1/t?kafka.",
                                        "cassandra://127.0.0.1/k.t?",
                                        "redis://127.0.0.1?",
                                        "crate://127.0.0.1/doc.t?",
                                        "kafka:",
                                        "cassandras:",
                                        "rediss:",
                                        "crates:",
                                        "null:?"};
    static const enum option_origin origins[] = {ORIGIN_SCENARIO, ORIGIN_RUN, ORIGIN_ENVIRONMENT,
                                                 ORIGIN_ARGV, ORIGIN_CONFIG};
    static struct guard strict = {.flags = GUARD_FILES}, own;
    const unsigned begins = sizeof begin / sizeof *begin;
    struct job job;
    if (!size)
        return 0;
    job.begin = begin[data[0] % begins];
    job.origin = origins[data[0] / begins % (sizeof origins / sizeof *origins)];
    job.text = malloc(size);
    if (!job.text)
        abort();
    memcpy(job.text, data + 1, size - 1);
    job.text[size - 1] = '\0';
    guard_run(origin_is_trusted(job.origin) ? &own : &strict, try_options, &job);
    free(job.text);
    return 0;
}
