/* See json_read.h. Called by all that is made of a saved run. */
#include "ui/export/json_read.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const json_t *json_at(const json_t *j, const char *path)
{
    char name[96];
    for (const char *p = path; *p && j;) {
        size_t len = strcspn(p, "/");
        if (len >= sizeof name)
            return NULL;
        memcpy(name, p, len);
        name[len] = '\0';
        j = json_is_array(j) ? json_array_get(j, strtoul(name, NULL, 10))
                             : json_object_get(j, name);
        p += len + (p[len] == '/');
    }
    return j;
}

double json_num(const json_t *j, const char *path)
{
    const json_t *v = json_at(j, path);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *json_txt(const json_t *j, const char *path)
{
    const char *s = json_string_value(json_at(j, path));
    return s ? s : "";
}

bool json_yes(const json_t *j, const char *path)
{
    return json_is_true(json_at(j, path));
}

bool json_is_absent(const json_t *j, const char *path)
{
    const json_t *v = json_at(j, path);
    return !v || json_is_null(v);
}

size_t json_count(const json_t *j, const char *path)
{
    return json_array_size(json_at(j, path));
}

const json_t *json_nth(const json_t *j, const char *path, size_t i)
{
    return json_array_get(json_at(j, path), i);
}

double json_moment(const char *s)
{
    struct tm tm = {0};
    double fraction = 0;
    const char *at = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!at)
        return NAN;
    if (*at == '.')
        fraction = strtod(at, NULL);
    if (!(fraction < 1)) /* ".5e300" */
        return NAN;
    return (double)timegm(&tm) + fraction;
}
