/* A state machine over single characters; see paste.h. Called by ui/term/term.c. */
#include "ui/term/paste.h"

#include <string.h>

#include "engine/base/utf8.h"

#define GAP_NS UINT64_C(3000000000)
#define TYPED_NS 100000000u /* a character that comes after such a pause may be a key */

enum { ESC = 0x1b, CSI = 0x9b };

static const char end[] = "\033[201~";

void paste_begin(struct paste *p)
{
    paste_close(p);
    p->open = true;
}

void paste_close(struct paste *p)
{
    p->open = false;
    p->end_seen = 0;
    p->empty_since_ns = p->empty_until_ns = p->quiet_since_ns = 0;
    p->len = 0;
}

static void add(struct paste *p, uint32_t ch)
{
    char u[4];
    size_t n = (size_t)utf8_encode(ch < 0x20 || ch == 0x7f ? ' ' : ch, u);

    if (p->len + n <= PASTE_MAX) {
        memcpy(p->text + p->len, u, n);
        p->len += n;
    }
}

/* Is this the next character of the end? What looked like an end and is none is text. */
static bool take_of_end(struct paste *p, uint32_t ch)
{
    if (ch == (unsigned char)end[p->end_seen]) {
        p->end_seen++;
        return true;
    }
    for (unsigned i = 0; i < p->end_seen; i++)
        add(p, (unsigned char)end[i]);
    p->end_seen = ch == ESC ? 1 : ch == CSI ? 2 : 0; /* CSI is short for ESC [ */
    return p->end_seen > 0;
}

bool paste_take(struct paste *p, uint32_t ch)
{
    if (p->empty_until_ns - p->empty_since_ns < TYPED_NS)
        p->quiet_since_ns = 0;
    p->empty_since_ns = p->empty_until_ns = 0;
    if (!take_of_end(p, ch))
        add(p, ch);
    p->open = p->end_seen + 1 < sizeof end;
    return !p->open;
}

void paste_empty(struct paste *p, uint64_t now_ns)
{
    if (!p->open)
        return;
    if (!p->empty_since_ns)
        p->empty_since_ns = now_ns;
    p->empty_until_ns = now_ns;
    if (!p->quiet_since_ns)
        p->quiet_since_ns = now_ns;
    if (now_ns - p->quiet_since_ns >= GAP_NS)
        paste_close(p);
}

bool paste_waits(const struct paste *p)
{
    return p->open && p->empty_since_ns;
}

const char *paste_text(struct paste *p)
{
    p->text[p->len] = '\0';
    return p->text;
}
