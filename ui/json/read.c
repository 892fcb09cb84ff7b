/* See read.h. Called by all that is made of a saved run. */
#include "ui/json/read.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/os/plain_file.h"

#define RUN_BYTES_MOST ((size_t)256 << 20)

struct reading {
    int fd, failed; /* errno */
    size_t left;
};

static size_t read_on(void *buf, size_t size, void *ctx)
{
    struct reading *r = ctx;
    ssize_t n = plain_file_next(r->fd, buf, size, UINT64_MAX);
    r->failed = n < 0 ? errno : (size_t)n > r->left ? EFBIG : 0;
    if (r->failed)
        return (size_t)-1;
    r->left -= (size_t)n;
    return (size_t)n;
}

/* Parses incrementally, so that a file that is not JSON is not read to its end. */
static json_t *load(const char *file, bool pipes, struct err *err)
{
    json_error_t why;
    struct err no = {0};
    struct reading r = {.fd = plain_file_open(file, pipes, file, &no), .left = RUN_BYTES_MOST};
    if (r.fd < 0) {
        err_set(err, ERR_FAILED, "%s", no.msg);
        return NULL;
    }
    json_t *run = json_load_callback(read_on, &r, JSON_REJECT_DUPLICATES, &why);
    close(r.fd);
    if (r.failed == EFBIG)
        err_set(err, ERR_FAILED, "%.150s: longer than %zu MiB, so it is no run", file,
                RUN_BYTES_MOST >> 20);
    else if (!run)
        err_set(err, ERR_FAILED, "%.150s: %.90s", file, r.failed ? strerror(r.failed) : why.text);
    if (run && !r.failed)
        return run;
    json_decref(run);
    return NULL;
}

json_t *json_load_run(const char *file, bool pipes, struct err *err)
{
    json_t *run = load(file, pipes, err);
    if (!run)
        return NULL;
    const json_t *schema = json_object_get(run, "schema");
    if (json_is_string(json_object_get(run, "loadtop")) &&
        json_integer_value(schema) == JSON_SCHEMA && json_is_array(json_object_get(run, "pools")))
        return run;
    err_set(err, ERR_USAGE, "%s: not a run that this loadtop saved (schema %d)", file, JSON_SCHEMA);
    json_decref(run);
    return NULL;
}

double json_moment(const char *s)
{
    struct tm tm = {0};
    double fraction = 0;
    const char *at = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!at)
        return NAN;
    if (*at == '.')
        fraction = strtod(at, NULL);
    if (!(fraction < 1)) /* ".5e300" */
        return NAN;
    return (double)timegm(&tm) + fraction;
}
