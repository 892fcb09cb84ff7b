/* A state machine over single characters; see control_string.h. Called by ui/term/term.c. */
#include "ui/term/control_string.h"

#define GAP_NS 1000000000u /* a slow link may deliver an answer in several parts */

enum { BEL = 0x07, BS = 0x08, CR = 0x0d, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, ST = 0x9c };

bool control_string_begins(uint32_t ch)
{
    return ch == ']' || ch == 'P' || ch == '_' || ch == '^' || ch == 'X';
}

void control_string_open(struct control_string *s)
{
    *s = (struct control_string){.open = true};
}

bool control_cuts(uint32_t ch)
{
    return ch < BS || (ch > CR && ch < 0x20);
}

static bool ends(uint32_t ch)
{
    return ch == BEL || ch == CAN || ch == SUB || ch == ST;
}

enum control_string_result control_string_take(struct control_string *s, uint32_t ch)
{
    bool escape = s->escape;
    s->empty_since_ns = 0;
    s->escape = ch == ESC;
    if (s->escape)
        return STRING_TAKEN;
    if (escape || ends(ch)) {
        s->open = false;
        return escape && ch != '\\' ? STRING_CUT_BY_ESC : STRING_TAKEN;
    }
    s->open = !control_cuts(ch);
    return s->open ? STRING_TAKEN : STRING_CUT;
}

void control_string_empty(struct control_string *s, uint64_t now_ns)
{
    if (!s->open)
        return;
    if (!s->empty_since_ns)
        s->empty_since_ns = now_ns;
    s->open = now_ns - s->empty_since_ns < GAP_NS;
}
