/* Numbers as programs of any country write them: 1234.5, 1,234.5, 1.234,5, 1'234.5.
 *
 * A comma or a point is the decimal mark or a separator of thousands, and one number alone may not
 * say which: 1,234. The file says it, by its other numbers; see usl_csv.c. */
#ifndef LOADTOP_ENGINE_STATS_CSV_NUMBER_H
#define LOADTOP_ENGINE_STATS_CSV_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum decimal_mark {
    MARK_NONE,   /* there is neither a comma nor a point */
    MARK_EITHER, /* 1,234 or 1.234: could be a decimal mark, or could separate thousands */
    MARK_POINT,
    MARK_COMMA,
};

/* Which mark must be the decimal one in this number, if it is one. */
enum decimal_mark csv_decimal_mark(const char *s, size_t len);
/* Is all of it a number with this decimal mark? MARK_COMMA: points separate thousands; others:
 * commas do. An apostrophe or a blank of any kind does in both. Separators must stand every three
 * digits. Spellings of infinity and NaN are numbers; hexadecimal ones are not. */
bool csv_number(const char *s, size_t len, enum decimal_mark, double *v);

#endif
