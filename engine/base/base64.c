/* See base64.h. Used for histograms in files and for HTTP's basic authentication. */
#include "engine/base/base64.h"

#include "engine/base/text.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct text *t, const void *bytes, size_t len)
{
    const uint8_t *in = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                     (left > 2 ? in[i + 2] : 0);
        const char four[4] = {digits[v >> 18], digits[v >> 12 & 63],
                              left > 1 ? digits[v >> 6 & 63] : '=',
                              left > 2 ? digits[v & 63] : '='};
        text_put(t, four, sizeof four);
    }
}

/* Decodes four characters into up to three bytes. Returns how many, or -1. Only the last four
 * characters of a text may be padded (`last`). */
static int read_four(const char *s, bool last, uint8_t *out)
{
    uint32_t v = 0;
    int pad = 0;
    for (int k = 0; k < 4; k++) {
        const char *d = s[k] ? strchr(digits, s[k]) : NULL;
        if (!d && s[k] == '=' && last && k >= 2)
            pad++;
        else if (!d || pad)
            return -1;
        v = v << 6 | (d ? (uint32_t)(d - digits) : 0);
    }
    for (int k = 0; k < 3 - pad; k++)
        out[k] = (uint8_t)(v >> (16 - 8 * k));
    return 3 - pad;
}

long base64_read(const char *s, size_t len, uint8_t *out)
{
    long n = 0;
    if (len % 4)
        return -1;
    for (size_t i = 0; i < len; i += 4) {
        int got = read_four(s + i, i + 4 == len, out + n);
        if (got < 0)
            return -1;
        n += got;
    }
    return n;
}

bool base64_has_only(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!strchr(digits, *s) && *s != '=')
            return false;
    return true;
}
