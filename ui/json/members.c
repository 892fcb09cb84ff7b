/* See members.h. Called by what reads a saved run. */
#include "ui/json/members.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"

#define PLACE_MAX 140

struct member_block {
    struct member_block *next;
    max_align_t data[];
};

struct member_reader {
    struct member_memory *memory;
    struct err *err;
    char place[PLACE_MAX]; /* path of the object that is being read: "pools/0/" */
    size_t len;
};

/* ---- places ---- */

size_t members_enter(struct member_reader *r, const char *name, size_t index)
{
    size_t before = r->len, left = sizeof r->place - r->len;
    int n = name ? snprintf(r->place + r->len, left, "%.40s/", name)
                 : snprintf(r->place + r->len, left, "%zu/", index);
    if (n > 0 && (size_t)n < left)
        r->len += (size_t)n;
    r->place[r->len] = '\0';
    return before;
}

void members_leave(struct member_reader *r, size_t before)
{
    r->len = before;
    r->place[before] = '\0';
}

int members_refuse(struct member_reader *r, const char *name, const char *what)
{
    return err_set(r->err, ERR_USAGE, "%s%.40s is %s", r->place, name, what);
}

static int refuse_type(struct member_reader *r, const char *name, const json_t *v,
                       const char * not )
{
    static const char *const types[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null"};
    char what[64];
    snprintf(what, sizeof what, "%s, not %s", types[json_typeof(v)], not );
    return members_refuse(r, name, what);
}

/* ---- values ---- */

/* NULL: absent. */
static const json_t *present(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_null(v) ? NULL : v;
}

int members_number(struct member_reader *r, const json_t *o, const char *name, double *out)
{
    const json_t *v = present(o, name);
    *out = NAN;
    if (v && !json_is_number(v))
        return refuse_type(r, name, v, "a number");
    if (v)
        *out = json_number_value(v);
    return 0;
}

static int read_amount(struct member_reader *r, const json_t *o, const char *name, double *out)
{
    int code = members_number(r, o, name, out);
    return code == 0 && *out < 0 ? members_refuse(r, name, "below 0") : code;
}

int members_text(struct member_reader *r, const json_t *o, const char *name, const char **out)
{
    const json_t *v = present(o, name);
    *out = "";
    if (v && !json_is_string(v))
        return refuse_type(r, name, v, "text");
    if (v)
        *out = json_string_value(v);
    return 0;
}

int members_flag(struct member_reader *r, const json_t *o, const char *name, enum flag *out)
{
    const json_t *v = present(o, name);
    *out = FLAG_UNKNOWN;
    if (v && !json_is_boolean(v))
        return refuse_type(r, name, v, "true or false");
    if (v)
        *out = json_is_true(v) ? FLAG_YES : FLAG_NO;
    return 0;
}

int members_object(struct member_reader *r, const json_t *o, const char *name, const json_t **out)
{
    *out = present(o, name);
    return *out && !json_is_object(*out) ? refuse_type(r, name, *out, "an object") : 0;
}

int members_list(struct member_reader *r, const json_t *o, const char *name, const json_t **out)
{
    *out = present(o, name);
    return *out && !json_is_array(*out) ? refuse_type(r, name, *out, "a list") : 0;
}

int members_numbers(struct member_reader *r, const char *name, const json_t *list, double *out,
                    size_t n)
{
    if (list && !json_is_array(list) && !json_is_null(list))
        return refuse_type(r, name, list, "a list of numbers");
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        out[i] = json_is_number(v) ? json_number_value(v) : NAN;
        if (v && !json_is_number(v) && !json_is_null(v))
            return members_refuse(r, name, "no list of numbers");
    }
    return 0;
}

/* ---- lists ---- */

void *members_room(struct member_reader *r, size_t n, size_t size)
{
    struct member_memory *m = r->memory;
    struct member_block *b = NULL;
    if (n <= (MEMBERS_BYTES_MOST - m->bytes) / size)
        b = calloc(1, sizeof *b + n * size);
    else
        err_set(r->err, ERR_USAGE, "%.*s is longer than any run has it", (int)r->len - 1, r->place);
    if (!b)
        return NULL;
    b->next = m->first;
    m->first = b;
    m->bytes += n * size;
    return b->data;
}

void members_free(struct member_memory *m)
{
    while (m->first) {
        struct member_block *b = m->first;
        m->first = b->next;
        free(b);
    }
    m->bytes = 0;
}

/* Element i of a list. */
static int read_element(struct member_reader *r, const struct member *f, const char *name, size_t i,
                        const json_t *v, char *out)
{
    size_t before = members_enter(r, name, i);
    int code;
    if (json_is_object(v))
        code = members_read_on(r, f->of, v, out);
    else
        code = err_set(r->err, ERR_USAGE, "%.*s is no object", (int)r->len - 1, r->place);
    if (code == 0)
        members_leave(r, before);
    return code;
}

static int read_elements(struct member_reader *r, const struct member *f, json_t *v, char *list)
{
    const char *name;
    json_t *one;
    size_t i = 0;
    int code = 0;
    if (json_is_array(v)) {
        for (; i < json_array_size(v) && code == 0; i++)
            code = read_element(r, f, NULL, i, json_array_get(v, i), list + i * f->of->size);
        return code;
    }
    json_object_foreach(v, name, one)
    {
        char *at = list + i++ * f->of->size;
        if (code == 0)
            code = read_element(r, f, name, 0, one, at);
        memcpy(at, &name, sizeof name);
    }
    return code;
}

static int read_list(struct member_reader *r, const struct member *f, const json_t *o, char *out)
{
    const json_t *v = present(o, f->name);
    bool by_name = f->type == MEMBER_BY_NAME;
    void *list = NULL;
    int code = 0;
    if (v && !(by_name ? json_is_object(v) : json_is_array(v)))
        return refuse_type(r, f->name, v, by_name ? "an object" : "a list");
    size_t n = by_name ? json_object_size(v) : json_array_size(v),
           before = members_enter(r, f->name, 0);
    if (n) {
        list = members_room(r, n, f->of->size);
        /* jansson's iteration does not take a const object */
        code = list ? read_elements(r, f, (json_t *)(uintptr_t)v, list) : ERR_USAGE;
    }
    memcpy(out + f->at, &list, sizeof list);
    memcpy(out + f->count_at, &n, sizeof n);
    if (code == 0)
        members_leave(r, before);
    return code;
}

/* ---- objects ---- */

static int read_inner(struct member_reader *r, const struct member *f, const json_t *o, char *out)
{
    const json_t *v;
    int code = members_object(r, o, f->name, &v);
    if (code)
        return code;
    size_t before = members_enter(r, f->name, 0);
    code = members_read_on(r, f->of, v, out + f->at);
    if (code == 0)
        members_leave(r, before);
    return code;
}

static int read_member(struct member_reader *r, const struct member *f, const json_t *o, char *out)
{
    void *at = out + f->at;
    switch (f->type) {
    case MEMBER_TEXT:
        return members_text(r, o, f->name, at);
    case MEMBER_FLAG:
        return members_flag(r, o, f->name, at);
    case MEMBER_NUMBER:
        return members_number(r, o, f->name, at);
    case MEMBER_AMOUNT:
        return read_amount(r, o, f->name, at);
    case MEMBER_OBJECT:
        return read_inner(r, f, o, out);
    case MEMBER_LIST:
    case MEMBER_BY_NAME:
        return read_list(r, f, o, out);
    }
    return 0;
}

int members_read_on(struct member_reader *r, const struct member_table *table, const json_t *o,
                    void *out)
{
    int code = 0;
    for (size_t i = 0; i < table->members && code == 0; i++)
        code = read_member(r, &table->member[i], o, out);
    return code == 0 && table->also ? table->also(r, o, out) : code;
}

int members_read(struct member_memory *m, const struct member_table *table, const json_t *o,
                 void *out, struct err *err)
{
    struct member_reader r = {.memory = m, .err = err};
    return members_read_on(&r, table, o, out);
}
