/* Any bytes as a command: parsing stays within bounds, an error has a message and a column inside
 * the text, and a command that was parsed is written as text that parses to the same command. */
#include "engine/config/command.h"
#include "engine/base/err.h"
#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/config/command_text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_command: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), written[COMMAND_TEXT_MAX + 96], again[sizeof written];
    struct command c, back;
    struct err err = {0};
    unsigned column = 0;
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (command_parse(&c, text, &err, &column)) {
        must(err.msg[0] && err.code == ERR_USAGE, "an error without a message");
        must(column <= strlen(text), "a column outside the text");
    } else {
        command_text(&c, written, sizeof written);
        must(command_parse(&back, written, NULL, NULL) == 0, "what was written does not read");
        must(back.verb == c.verb && back.kind == c.kind && back.over_ns == c.over_ns,
             "it reads back as something else");
        must(back.amount == c.amount && back.pattern == c.pattern, "its value changed");
        must(strcmp(command_text(&back, again, sizeof again), written) == 0, "its text changed");
        command_shown(&c, again, sizeof again);
        command_amount(&c, 7);
    }
    size_t len = strlen(text);
    secret_masked(text, again, sizeof again);
    secret_was_masked(text);
    copy_str(again, sizeof again, text);
    secret_hide_places(again);
    secret_star(text);
    must(strlen(text) == len, "stars that are not in place");
    free(text);
    return 0;
}
