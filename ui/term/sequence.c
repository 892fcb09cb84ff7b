/* A state machine over single characters; see sequence.h. Called by ui/term/term.c. */
#include "ui/term/sequence.h"

#include "ui/term/control_string.h"

#define GAP_NS 500000000u    /* between two parts of a sequence */
#define ESCAPE_NS 250000000u /* after an ESC: who presses Esc goes on typing */
#define BRIEF_NS 100000000u  /* too short for two keys that a user presses */

void sequence_close(struct sequence *s)
{
    *s = (struct sequence){.open = false};
}

void sequence_escape(struct sequence *s)
{
    *s = (struct sequence){.escape = true};
}

void sequence_open(struct sequence *s, uint32_t introducer, bool brief)
{
    *s = (struct sequence){.open = true, .introducer = introducer, .brief = brief};
}

void sequence_skip(struct sequence *s, unsigned n)
{
    *s = (struct sequence){.open = n > 0, .skip = n};
}

/* ESC [ [ letter is a function key of the Linux console. */
static bool is_console(const struct sequence *s, uint32_t ch)
{
    return s->introducer == '[' && ch == '[' && !s->n;
}

enum sequence_result sequence_take(struct sequence *s, uint32_t ch)
{
    s->empty_since_ns = 0;
    if (s->skip) {
        s->open = --s->skip > 0;
        return SEQUENCE_MORE;
    }
    if (control_cuts(ch)) {
        sequence_close(s);
        return SEQUENCE_CUT;
    }
    if (s->console) {
        sequence_close(s);
        return SEQUENCE_MORE;
    }
    if (is_console(s, ch)) {
        s->console = true;
        return SEQUENCE_MORE;
    }
    if (ch >= 0x40 && ch <= 0x7e) {
        s->open = false;
        return SEQUENCE_DONE;
    }
    if (s->n + 1 < sizeof s->params)
        s->params[s->n++] = (char)(ch < 0x80 ? ch : '?');
    return SEQUENCE_MORE;
}

void sequence_empty(struct sequence *s, uint64_t now_ns)
{
    if (!s->open && !s->escape)
        return;
    if (!s->empty_since_ns)
        s->empty_since_ns = now_ns;
    uint64_t most = !s->open ? ESCAPE_NS : s->brief ? BRIEF_NS : GAP_NS;
    if (now_ns - s->empty_since_ns >= most)
        sequence_close(s);
}
