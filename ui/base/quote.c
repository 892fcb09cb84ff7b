/* Words for a shell; see quote.h. */
#include "ui/base/quote.h"

#include <string.h>

#include "engine/base/text.h"

void text_add_quoted(struct text *t, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*word && !word[strspn(word, plain)]) {
        text_add(t, "%s", word);
        return;
    }
    text_put(t, "'", 1);
    for (; *word; word++) {
        if (*word == '\'')
            text_add(t, "'\\''");
        else
            text_put(t, word, 1);
    }
    text_put(t, "'", 1);
}
