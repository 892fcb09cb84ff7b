/* See stats_table.h. Column widths come from the cells; a column is a number's when all of its
 * cells begin with a digit, a sign or are absent. */
#include "ui/draw/stats_table.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "ui/term/cells.h"

#define COLUMNS_MAX 24
#define GAP 2

static const json_t *find(const json_t *stats, const char *name)
{
    const char *key;
    json_t *v;
    const json_t *found = json_object_get(stats, name);
    if (found)
        return found;
    json_object_foreach((json_t *)(uintptr_t)stats, key, v)
    {
        found = json_is_object(v) ? json_object_get(v, name) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

const json_t *stats_findings(const json_t *stats)
{
    const json_t *f = stats ? find(stats, "findings") : NULL;
    return json_array_size(f) ? f : NULL;
}

const json_t *stats_table(const json_t *stats)
{
    const json_t *t = stats ? find(stats, "table") : NULL;
    return json_array_size(json_object_get(t, "rows")) ? t : NULL;
}

static const char *text_of(const json_t *v)
{
    const char *s = json_string_value(v);
    return s ? s : "";
}

static const char *cell(const json_t *table, int row, size_t column)
{
    const json_t *r = row < 0 ? json_object_get(table, "head")
                              : json_array_get(json_object_get(table, "rows"), (size_t)row);
    return text_of(json_array_get(r, column));
}

static bool is_number(const char *s)
{
    return !*s || strcmp(s, "-") == 0 || isdigit((unsigned char)*s) ||
           (strchr("+-.", *s) && isdigit((unsigned char)s[1]));
}

char *stats_table_line(const json_t *table, int row, int width, char *buf, size_t size)
{
    size_t columns = json_array_size(json_object_get(table, "head"));
    int rows = (int)json_array_size(json_object_get(table, "rows")), at = 0;
    size_t len = 0;
    if (size)
        buf[0] = '\0';
    for (size_t k = 0; k < columns && k < COLUMNS_MAX; k++) {
        int w = text_width(cell(table, -1, k));
        bool number = true;
        for (int i = 0; i < rows; i++) {
            int cw = text_width(cell(table, i, k));
            w = cw > w ? cw : w;
            number = number && is_number(cell(table, i, k));
        }
        const char *s = cell(table, row, k);
        int gap = k ? GAP : 0, pad = w - text_width(s);
        if (at + gap + w > width)
            break;
        int n = snprintf(buf + len, size - len, "%*s%*s%s%*s", gap, "", number ? pad : 0, "", s,
                         number ? 0 : pad, "");
        if (n < 0 || (size_t)n >= size - len) {
            /* whole cells only */
            if (len < size)
                buf[len] = '\0';
            break;
        }
        len += (size_t)n;
        at += gap + w;
    }
    return buf;
}

void stats_table_text(const json_t *stats, const char *indent, int width, struct text *t)
{
    const json_t *findings = stats_findings(stats), *table = stats_table(stats);
    char line[512];
    for (size_t i = 0; i < json_array_size(findings); i++)
        text_add_line(t, "%s%s", indent, text_of(json_array_get(findings, i)));
    if (!table)
        return;
    int rows = (int)json_array_size(json_object_get(table, "rows"));
    for (int i = -1; i < rows; i++)
        text_add_line(t, "%s%s", indent, stats_table_line(table, i, width, line, sizeof line));
}
