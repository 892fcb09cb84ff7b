/* See paste.h. Called by ui/term/term.c. */
#include "ui/term/paste.h"

#include <string.h>

#include "engine/base/utf8.h"

#define GAP_S 3 /* a paste without an end sequence ends after this pause */

void paste_begin(struct paste *p)
{
    p->open = true;
    p->last = time(NULL);
    p->len = 0;
}

bool paste_continues(struct paste *p)
{
    time_t now = time(NULL);

    p->open = p->open && now - p->last < GAP_S;
    p->last = now;
    return p->open;
}

void paste_add(struct paste *p, uint32_t ch)
{
    char u[4];
    size_t n = (size_t)utf8_encode(ch < 0x20 || ch == 0x7f ? ' ' : ch, u);

    if (p->len + n <= PASTE_MAX) {
        memcpy(p->text + p->len, u, n);
        p->len += n;
    }
}

const char *paste_end(struct paste *p)
{
    p->open = false;
    p->text[p->len] = '\0';
    return p->text;
}
