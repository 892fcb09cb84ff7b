/* Any bytes as the CSV that `fit` reads: points are finite and positive, a refusal is a message of
 * one line, and the fit and its description stay within bounds. */
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/stats/usl.h"
#include "ui/cli/fit.h"
#include "engine/stats/usl_csv.h"
#include "ui/page/fit_words.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_csv: %s\n", what);
    abort();
}

static void fit(const struct usl_point *point, size_t n)
{
    struct usl_fit f;
    struct err err = {0};
    struct text t = {0};
    if (usl_fit(&f, point, n, &err) < 0) {
        must(err.msg[0] != '\0', "a refusal without a message");
        return;
    }
    must(isfinite(f.lambda) && f.lambda > 0 && f.sigma >= 0 && f.kappa >= 0, "no curve");
    fit_words(&t, &f, usl_next(&f, point, n), "/s");
    fit_plot(&t, &f, point, n, 78);
    must(!t.s || strlen(t.s) == t.len, "a NUL in the text");
    text_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    size_t n = 0;
    struct usl_point *point = usl_read_csv((const char *)data, size, &n, &err);
    if (!point) {
        must(err.code < 0 && err.msg[0] && !strpbrk(err.msg, "\r\n"), "no message of one line");
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        must(isfinite(point[i].n) && isfinite(point[i].x) && point[i].n > 0 && point[i].x > 0,
             "a point that is none");
    if (n <= 400)
        fit(point, n);
    free(point);
    return 0;
}
