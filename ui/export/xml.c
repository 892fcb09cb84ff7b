/* See xml.h. */
#include "ui/export/xml.h"

#include "engine/text.h"

void xml_escape(struct text *to, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
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
        else if (c < 0x20 && c != '\n')
            text_add(to, " ");
        else
            text_put(to, s, 1);
    }
}
