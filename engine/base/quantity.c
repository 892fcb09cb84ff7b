/* How quantities are read and written: durations, rates, sizes, counts.
 *
 * Readers are strict, because a half-understood number misleads: the whole text must be the
 * quantity, only decimal digits are accepted (no hexadecimal, no "inf"), and a value out of range
 * is an error; it is never clamped. Whole results are computed in integers, so "0.1s" is exactly
 * 100,000,000 ns. Declared in text.h. */
#include "engine/base/quantity.h"

#include "engine/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 19       /* decimal digits of a mantissa that fits 64 bits */
#define RATE_READ_MOST 1e12 /* operations a second; more than any machine reaches */
#define RATE_LEAST 1e-3     /* lowest rate of a load, see RATE_RANGE */
#define RATE_MOST 1e9

struct unit {
    const char *name;
    uint64_t scale;
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {NULL, 0},
};

static const struct unit count_units[] = {
    {"", 1}, {"k", 1000}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},         {"B", 1},        {"k", 1 << 10},   {"K", 1 << 10},
    {"kB", 1 << 10}, {"KB", 1 << 10}, {"KiB", 1 << 10}, {"m", 1 << 20},
    {"M", 1 << 20},  {"MB", 1 << 20}, {"MiB", 1 << 20}, {"g", 1 << 30},
    {"G", 1 << 30},  {"GB", 1 << 30}, {"GiB", 1 << 30}, {NULL, 0},
};

/* A decimal number without sign or exponent: mantissa / 10^places. */
struct decimal {
    uint64_t mantissa;
    unsigned places;
};

/* Reads "12", "1.5" or ".5". Returns a pointer behind the number, or NULL when there is none or it
 * has too many digits to be exact. */
static const char *read_decimal(const char *s, struct decimal *d)
{
    unsigned digits = 0, significant = 0;
    bool point = false;
    *d = (struct decimal){0};
    for (;; s++) {
        if (*s == '.' && !point) {
            point = true;
            continue;
        }
        if (*s < '0' || *s > '9')
            break;
        digits++;
        if (significant || *s != '0')
            significant++;
        if (significant > DIGITS_MAX || d->places == DIGITS_MAX)
            return NULL;
        d->mantissa = d->mantissa * 10 + (uint64_t)(*s - '0');
        d->places += point;
    }
    return digits && s[-1] != '.' ? s : NULL;
}

/* d * scale in whole numbers. With `exact`, a remainder is an error; otherwise the result is
 * rounded, but never to 0. */
static int scaled(struct decimal d, uint64_t scale, bool exact, uint64_t *out)
{
    unsigned __int128 v = (unsigned __int128)d.mantissa * scale, divisor = 1;
    for (unsigned i = 0; i < d.places; i++)
        divisor *= 10;
    unsigned __int128 whole = v / divisor, rest = v % divisor;
    if (exact && rest)
        return -1;
    if (rest >= divisor - rest)
        whole++;
    if ((!whole && v) || whole > INT64_MAX)
        return -1;
    *out = (uint64_t)whole;
    return 0;
}

static int parse_with(const char *s, const struct unit *units, bool exact, uint64_t *out)
{
    struct decimal d;
    const char *rest = read_decimal(s, &d);
    if (!rest)
        return -1;
    for (; units->name; units++)
        if (strcmp(rest, units->name) == 0)
            return scaled(d, units->scale, exact, out);
    return -1;
}

int parse_duration(const char *s, uint64_t *ns)
{
    if (strcmp(s, "0") == 0) {
        *ns = 0;
        return 0;
    }
    return parse_with(s, duration_units, false, ns);
}

int parse_size(const char *s, uint64_t *bytes)
{
    return parse_with(s, size_units, true, bytes);
}

int parse_count(const char *s, uint64_t *n)
{
    if (*s >= '1' && *s <= '9') {
        /* Seeds use all 64 bits, more than a scaled decimal holds. */
        size_t len = strspn(s, "0123456789");
        if (!s[len] && len >= DIGITS_MAX) {
            if (len > 20 || (len == 20 && strcmp(s, "18446744073709551615") > 0))
                return -1;
            *n = strtoull(s, NULL, 10);
            return 0;
        }
    }
    return parse_with(s, count_units, true, n);
}

/* The length of a decimal number with optional fraction and exponent at the start of s, or 0. */
static size_t number_length(const char *s)
{
    size_t digits = strspn(s, "0123456789"), len = digits;
    if (s[len] == '.') {
        size_t fraction = strspn(s + len + 1, "0123456789");
        if (!fraction)
            return 0;
        len += 1 + fraction;
        digits += fraction;
    }
    if (!digits)
        return 0;
    if (s[len] == 'e' || s[len] == 'E') {
        size_t sign = s[len + 1] == '+' || s[len + 1] == '-';
        size_t exponent = strspn(s + len + 1 + sign, "0123456789");
        if (exponent)
            len += 1 + sign + exponent;
    }
    return len;
}

int parse_real(const char *s, double *v)
{
    const char *number = s + (*s == '+' || *s == '-');
    size_t len = number_length(number);
    if (!len || number[len])
        return -1;
    double value = strtod(s, NULL);
    if (!isfinite(value))
        return -1;
    *v = value;
    return 0;
}

int parse_rate(const char *s, double *per_s)
{
    size_t len = number_length(s);
    if (!len)
        return -1;
    double v = strtod(s, NULL);
    const char *rest = s + len;
    double scale = 1;
    if (*rest == 'k' || *rest == 'K')
        scale = 1e3;
    else if (*rest == 'M')
        scale = 1e6;
    else if (*rest == 'G')
        scale = 1e9;
    if (scale > 1)
        rest++;
    double seconds = 1;
    if (strcmp(rest, "/m") == 0)
        seconds = 60;
    else if (strcmp(rest, "/h") == 0)
        seconds = 3600;
    else if (*rest && strcmp(rest, "/s") != 0)
        return -1;
    v = v * scale / seconds;
    if (!(v <= RATE_READ_MOST))
        return -1;
    *per_s = v;
    return 0;
}

bool rate_in_range(double per_s)
{
    return per_s >= RATE_LEAST && per_s <= RATE_MOST;
}

/* Writes v with three significant digits, or with all digits of its integer part if it has more. */
static void three_digits(char *buf, size_t size, double v, const char *unit)
{
    int places = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
    if (v < 0.9995)
        places = v < 0.09995 ? 4 : 3;
    if (v == 0)
        places = 0;
    if (v > 0 && v < 0.00995)
        snprintf(buf, size, "%.2e%s", v, unit);
    else
        snprintf(buf, size, "%.*f%s", places, v, unit);
}

struct display_unit {
    double scale;
    const char *name;
};

/* Writes v in the first unit in which it has fewer than four digits before the point. */
static char *in_unit(char *buf, size_t size, double v, const struct display_unit *units)
{
    if (!size)
        return buf;
    if (!isfinite(v))
        return copy_str(buf, size, "-");
    double magnitude = fabs(v);
    while (units[1].name && magnitude / units->scale >= 999.5)
        units++;
    char number[48];
    three_digits(number, sizeof number, magnitude / units->scale, units->name);
    snprintf(buf, size, "%s%s", v < 0 ? "-" : "", number);
    return buf;
}

char *format_number(char *buf, size_t size, double v)
{
    static const struct display_unit units[] = {{1, ""},    {1e3, "k"},  {1e6, "M"},
                                                {1e9, "G"}, {1e12, "T"}, {0, NULL}};
    return in_unit(buf, size, v, units);
}

char *format_bytes(char *buf, size_t size, double bytes)
{
    /* Units are powers of 1,024, as in parse_size; 1,000 to 1,023 of a unit are written as a
     * fraction (0.98 and more) of the next one. */
    static const struct display_unit units[] = {{1, "B"},       {0x1p10, "KB"}, {0x1p20, "MB"},
                                                {0x1p30, "GB"}, {0x1p40, "TB"}, {0, NULL}};
    if (size && fabs(bytes) < 999.5) {
        snprintf(buf, size, "%.0fB", bytes);
        return buf;
    }
    return in_unit(buf, size, bytes, units);
}

char *format_duration(char *buf, size_t size, double ns)
{
    static const struct display_unit units[] = {{1, "ns"},   {1e3, "us"},   {1e6, "ms"}, {1e9, "s"},
                                                {6e10, "m"}, {3.6e12, "h"}, {0, NULL}};
    return in_unit(buf, size, ns, units);
}

char *format_exact_number(char *buf, size_t size, double v)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, size, "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    return buf;
}

char *format_exact_duration(char *buf, size_t size, uint64_t ns)
{
    const struct unit *unit = &duration_units[5];
    if (!ns)
        unit = &duration_units[3];
    while (ns % unit->scale)
        unit--;
    snprintf(buf, size, "%llu%s", (unsigned long long)(ns / unit->scale), unit->name);
    return buf;
}

int64_t whole_count(double v)
{
    return v >= 0 && v <= 9007199254740992.0 ? (int64_t)v : -1;
}

char *format_count(char *buf, size_t size, uint64_t n)
{
    char digits[24], out[32];
    size_t len = text_append(digits, sizeof digits, 0, "%llu", (unsigned long long)n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return copy_str(buf, size, out);
}

char *format_clock(char *buf, size_t size, double seconds)
{
    if (!isfinite(seconds) || seconds < 0 || seconds >= 1e15)
        return copy_str(buf, size, "--:--:--");
    unsigned long long s = (unsigned long long)seconds;
    snprintf(buf, size, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    return buf;
}
