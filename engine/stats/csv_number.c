/* See csv_number.h. Called by usl_csv.c. */
#include "engine/stats/csv_number.h"

#include <stdlib.h>
#include <string.h>

#define GROUP 3 /* digits between separators of thousands */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of the separator of thousands that begins at s; 0: there is none. */
static size_t separator(const char *s, size_t len, char grouping)
{
    /* no-break space, narrow no-break space, apostrophe as typeset */
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x99"};
    if (*s == grouping || *s == '\'' || *s == ' ')
        return 1;
    for (unsigned i = 0; i < sizeof wide / sizeof *wide; i++)
        if (len >= strlen(wide[i]) && memcmp(s, wide[i], strlen(wide[i])) == 0)
            return strlen(wide[i]);
    return 0;
}

static size_t digits_at(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && is_digit(s[n]))
        n++;
    return n;
}

enum decimal_mark csv_decimal_mark(const char *s, size_t len)
{
    unsigned points = 0, commas = 0;
    size_t at = 0; /* of the last mark */
    for (size_t i = 0; i < len; i++) {
        points += s[i] == '.';
        commas += s[i] == ',';
        if (s[i] == '.' || s[i] == ',')
            at = i;
    }
    if (!points && !commas)
        return MARK_NONE;
    enum decimal_mark last = s[at] == '.' ? MARK_POINT : MARK_COMMA;
    if (points && commas)
        return last;
    if (points + commas > 1) /* 1,234,567 */
        return last == MARK_POINT ? MARK_COMMA : MARK_POINT;
    size_t sign = *s == '+' || *s == '-', before = digits_at(s + sign, at - sign);
    bool groups = sign + before == at && before >= 1 && before <= GROUP && s[sign] != '0' &&
                  at + 1 + GROUP == len && digits_at(s + at + 1, GROUP) == GROUP;
    return groups ? MARK_EITHER : last;
}

/* Copies the integer part without its separators. Returns how much of s that was; 0: they do not
 * stand every three digits. */
static size_t copy_integer(const char *s, size_t len, char grouping, char *to, size_t *n)
{
    size_t i = 0, run = 0, skip;
    bool grouped = false;
    while (i < len) {
        if (is_digit(s[i])) {
            to[(*n)++] = s[i++];
            run++;
        } else if (run && (skip = separator(s + i, len - i, grouping)) > 0) {
            if (grouped ? run != GROUP : run > GROUP)
                return 0;
            grouped = true;
            run = 0;
            i += skip;
        } else {
            break;
        }
    }
    return grouped && run != GROUP ? 0 : i;
}

bool csv_number(const char *s, size_t len, enum decimal_mark mark, double *v)
{
    char text[64], *end;
    char decimal = mark == MARK_COMMA ? ',' : '.', grouping = mark == MARK_COMMA ? '.' : ',';
    size_t n = 0, i = 0;
    /* NUL would end the text too early; x and p are of hexadecimal numbers */
    for (size_t k = 0; k < len; k++)
        if (!s[k] || strchr("xXpP", s[k]))
            return false;
    if (!len || len >= sizeof text)
        return false;
    if (*s == '+' || *s == '-')
        text[n++] = s[i++];
    if (i < len && is_digit(s[i])) {
        size_t used = copy_integer(s + i, len - i, grouping, text, &n);
        if (!used)
            return false;
        i += used;
    }
    for (; i < len; i++) {
        if (s[i] == decimal)
            text[n++] = '.';
        else if (s[i] == grouping)
            return false;
        else
            text[n++] = s[i];
    }
    text[n] = '\0';
    *v = strtod(text, &end);
    return end != text && !*end;
}
