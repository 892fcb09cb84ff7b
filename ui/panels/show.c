/* How figures are written on the screen; see show.h. */
#include "ui/panels/show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "engine/backend.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "ui/term/glyphs.h"

static char *absent(char *buf, size_t size)
{
    return copy_str(buf, size, "-");
}

char *show_ns(char *buf, size_t size, double ns)
{
    return isnan(ns) || ns < 0 ? absent(buf, size) : format_duration(buf, size, ns);
}

char *show_number(char *buf, size_t size, double v)
{
    return isnan(v) ? absent(buf, size) : format_number(buf, size, v);
}

char *show_count(char *buf, size_t size, double n)
{
    if (isnan(n) || n < 0)
        return absent(buf, size);
    if (n >= 999.5)
        return format_number(buf, size, n);
    snprintf(buf, size, "%.0f", n);
    return buf;
}

char *show_mean(char *buf, size_t size, double n)
{
    if (!(n > 0) || n >= 9.95)
        return show_count(buf, size, n);
    snprintf(buf, size, n < 0.095 ? "%.2f" : "%.1f", n);
    return buf;
}

char *show_count_in(char *buf, size_t size, double n, int w)
{
    static const char units[] = "kMGTP";
    double v = n;
    int unit = -1;

    show_count(buf, size, n);
    if (text_width(buf) <= w || isnan(n))
        return buf;
    while (v >= 999.5 && unit + 1 < (int)sizeof units - 1) {
        v /= 1000;
        unit++;
    }
    snprintf(buf, size, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[unit < 0 ? 0 : unit]);
    return buf;
}

char *show_items(char *buf, size_t size, uint64_t n, int w)
{
    format_count(buf, size, n);
    return text_width(buf) <= w ? buf : show_count_in(buf, size, (double)n, w);
}

char *show_signed(char *buf, size_t size, double v)
{
    char number[32];

    if (isnan(v))
        return absent(buf, size);
    snprintf(buf, size, "%c%s", v < 0 ? '-' : '+', format_number(number, sizeof number, fabs(v)));
    return buf;
}

char *show_signed_ns(char *buf, size_t size, double ns)
{
    char number[32];

    if (isnan(ns))
        return absent(buf, size);
    snprintf(buf, size, "%c%s", ns < 0 ? '-' : '+',
             format_duration(number, sizeof number, fabs(ns)));
    return buf;
}

char *show_percent(char *buf, size_t size, double share)
{
    if (isnan(share) || share < 0)
        return absent(buf, size);
    if (share > 0 && share < 0.00005)
        return copy_str(buf, size, "<.01 %");
    snprintf(buf, size,
             share < 0.00995 && share > 0  ? "%.2f %%"
             : share < 0.0995 && share > 0 ? "%.1f %%"
                                           : "%.0f %%",
             share * 100);
    return buf;
}

char *show_bytes(char *buf, size_t size, double bytes)
{
    return isnan(bytes) ? absent(buf, size) : format_bytes(buf, size, bytes);
}

char *show_clock(char *buf, size_t size, const struct snapshot *s, double t_s, bool seconds)
{
    time_t t;
    struct tm tm;

    if (isnan(t_s))
        return absent(buf, size);
    t = s->started.tv_sec + (time_t)floor(t_s + (double)s->started.tv_nsec / 1e9);
    if (!localtime_r(&t, &tm) || !strftime(buf, size, seconds ? "%H:%M:%S" : "%H:%M", &tm))
        return absent(buf, size);
    return buf;
}

const char *pool_noun(const struct pool_snapshot *p)
{
    const char *noun = NULL;

    for (unsigned i = 0; p->op_types && i < OPS_MAX && p->op_types[i].name; i++) {
        const char *n = p->op_types[i].noun;

        if (!(p->load.weight[i] > 0) || !n)
            continue;
        if (noun && strcmp(noun, n))
            return "op";
        noun = n;
    }
    return noun ? noun : "op";
}

char *show_left(char *buf, size_t size, const char *before, double left_s)
{
    if (isnan(left_s))
        return copy_str(buf, size, "");
    if (left_s < 120)
        snprintf(buf, size, "%s%.0f s left", before, ceil(left_s));
    else
        snprintf(buf, size, "%s%.0f min left", before, ceil(left_s / 60));
    return buf;
}

int show_names_width(const struct snapshot *s, int least, int most)
{
    int w = least;

    for (unsigned i = 0; i < s->pools; i++) {
        int n = text_width(s->pool[i].name);

        w = n > w ? n : w;
    }
    return w < most ? w : most;
}

/* Bytes of s that take at most w columns, from its start or, with `end`, to its end. */
static size_t bytes_of(const char *s, int w, bool end)
{
    size_t all = strlen(s), n = 0, from = 0;
    uint32_t ch;

    if (!end) {
        while (s[n]) {
            size_t len = (size_t)utf8_decode(s + n, &ch);

            if (char_width(ch) > w)
                break;
            w -= char_width(ch);
            n += len;
        }
        return n;
    }
    while (text_width(s + from) > w)
        from += (size_t)utf8_decode(s + from, &ch);
    return all - from;
}

char *show_name(const struct cells *c, char *buf, size_t size, const char *name, int w)
{
    const char *gap = c->glyphs->ellipsis;
    int room = w - text_width(gap);
    size_t head, tail;

    if (text_width(name) <= w || room < 4)
        return copy_str(buf, size, name);
    tail = bytes_of(name, room / 2, true);
    head = bytes_of(name, room - room / 2, false);
    snprintf(buf, size, "%.*s%s%s", (int)head, name, gap, name + strlen(name) - tail);
    return buf;
}

void show_ellipsis(struct cells *c, struct rect r, int x)
{
    int w = text_width(c->glyphs->ellipsis);

    if (x > r.x + r.w && r.w >= w)
        cells_text(c, r.x + r.w - w, r.y, ROLE_LABEL, c->glyphs->ellipsis);
}

char *show_load(char *buf, size_t size, const struct pool_snapshot *p, const char *times)
{
    snprintf(buf, size, "%u%s%u%s%u", p->load.threads, times, p->load.clients, times, p->depth);
    return buf;
}

enum role state_role(enum pool_state state)
{
    switch (state) {
    case POOL_LOADING:
        return ROLE_STATE_ON;
    case POOL_PAUSED:
        return ROLE_STATE_PAUSED;
    case POOL_DOWN:
        return ROLE_STATE_DOWN;
    default:
        return ROLE_STATE_IDLE;
    }
}

bool text_has(const char *hay, const char *needle)
{
    return !*needle || strcasestr(hay, needle) != NULL;
}
