/* Any bytes as a scenario file, and as targets.conf: reading stays within bounds and every refusal
 * is a message of one line. */
#include "backends/registry.h"
#include "engine/base/err.h"
#include "engine/pools/protect.h"
#include "engine/config/scenario.h"
#include "engine/config/scenario_check.h"
#include "engine/config/scenario_yaml.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct err *err)
{
    if (err->msg[0] && err->code < 0 && !strpbrk(err->msg, "\r\n\x1b"))
        return;
    fprintf(stderr, "fuzz_yaml: an error without a message of one line: '%s'\n", err->msg);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario *s = malloc(sizeof *s);
    char *text = malloc(size + 1);
    struct err err = {0};
    if (s && text) {
        scenario_init(s);
        if (scenario_load_text(s, (const char *)data, size, "f", NULL, backends, &err) ||
            scenario_check(s, backends, &err))
            check_error(&err);
        scenario_fini(s);
        memcpy(text, data, size);
        text[size] = '\0';
        err = (struct err){0};
        struct rules *rules = rules_parse(text, "f", &err);
        if (!rules)
            check_error(&err);
        rules_check(rules, "db.example.com", NULL, NULL);
        rules_check(rules, "10.1.2.3", NULL, NULL);
        rules_free(rules);
    }
    free(s);
    free(text);
    return 0;
}
