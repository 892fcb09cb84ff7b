/* See xml.h. */
#include "ui/export/xml.h"

#include <string.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

static void escape(struct text *to, const char *from, size_t (*clean)(char *, size_t))
{
    struct text page = {.limit = SIZE_MAX / 4};
    text_put(&page, from, strlen(from));
    if (page.s)
        page.s[clean(page.s, page.len)] = '\0';
    for (const char *s = text_str(&page); *s; s++) {
        char c = *s;
        if (c == '<')
            text_add(to, "&lt;");
        else if (c == '>')
            text_add(to, "&gt;");
        else if (c == '&')
            text_add(to, "&amp;");
        else if (c == '"')
            text_add(to, "&quot;");
        else if (c == '\'')
            text_add(to, "&#39;");
        else
            text_put(to, s, 1);
    }
    text_free(&page);
}

void xml_escape(struct text *to, const char *from)
{
    escape(to, from, clean_line);
}

void xml_escape_lines(struct text *to, const char *from)
{
    escape(to, from, clean_lines);
}
