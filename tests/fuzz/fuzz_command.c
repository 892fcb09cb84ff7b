/* Any bytes as a command: reading stays within bounds, an error has a message and a column inside
 * the text, and what was read is written so that it reads back the same. */
#include "engine/command.h"
#include "engine/err.h"

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
    char *text = malloc(size + 1), written[1024], again[1024];
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
    free(text);
    return 0;
}
