/* Text in several lines; see wrap.h. */
#include "ui/draw/wrap.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/utf8.h"
#include "ui/term/cells.h"

int text_wrap(struct cells *c, int x, int y, int w, int rows, enum role role, const char *s)
{
    int lines = 0;

    while (*s && w > 0) {
        char line[512];
        size_t len = 0, cut = 0;
        int cols = 0;

        while (s[len] && s[len] != '\n' && len < sizeof line - 5) {
            uint32_t ch;
            int n = utf8_decode(s + len, &ch);

            if (cols + char_width(ch) > w)
                break;
            cols += char_width(ch);
            len += (size_t)n;
            if (s[len] == ' ' || s[len] == '\0' || s[len] == '\n')
                cut = len;
        }
        if (cut > 0)
            len = cut;
        memcpy(line, s, len);
        line[len] = '\0';
        if (c && lines < rows)
            cells_text(c, x, y + lines, role, line);
        lines++;
        s += len;
        while (*s == ' ' || *s == '\n')
            s++;
        if (len == 0 && *s)
            break;
    }
    return lines;
}
