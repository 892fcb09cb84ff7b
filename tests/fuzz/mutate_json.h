/* For fuzzers that read JSON: mutates values so that the result is still JSON, and wrong values get
 * past the parser. */
#ifndef LOADTOP_TESTS_FUZZ_MUTATE_JSON_H
#define LOADTOP_TESTS_FUZZ_MUTATE_JSON_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where a value stands: in an object under a key, or in an array. */
struct json_place {
    json_t *parent, *value;
    const char *key; /* NULL: in an array */
    size_t index;
};

static inline uint32_t mutate_draw(uint32_t *state, uint32_t n)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return n ? *state % n : 0;
}

static inline size_t json_values(json_t *v)
{
    size_t n = 0, i;
    const char *key;
    json_t *one;
    json_object_foreach(v, key, one)
    {
        n += 1 + json_values(one);
    }
    json_array_foreach(v, i, one)
    {
        n += 1 + json_values(one);
    }
    return n;
}

/* The (*left)-th value below v, in the order of the text. */
static inline bool json_place_at(json_t *v, size_t *left, struct json_place *out)
{
    const char *key;
    size_t i;
    json_t *one;
    json_object_foreach(v, key, one)
    {
        *out = (struct json_place){v, one, key, 0};
        if ((*left)-- == 0 || json_place_at(one, left, out))
            return true;
    }
    json_array_foreach(v, i, one)
    {
        *out = (struct json_place){v, one, NULL, i};
        if ((*left)-- == 0 || json_place_at(one, left, out))
            return true;
    }
    return false;
}

static inline json_t *json_odd_text(uint32_t *state)
{
    static const char *const odd[] = {"",
                                      "\x1b[2J\x1b]0;t\x07\x7f",
                                      "<script>alert(1)</script>]]>&amp;\"'",
                                      "```\n# | a | b |\n* [x](javascript:y)",
                                      "\xe2\x80\xae\xc2\x9b\xf0\x9f\x98\x80\xe6\xbc\xa2",
                                      "%s%n%1000000d",
                                      "2026-11-30T00:00:00Z",
                                      "-1",
                                      "1e308"};
    uint32_t which = mutate_draw(state, sizeof odd / sizeof *odd + 1);
    char longer[1500];
    if (which < sizeof odd / sizeof *odd)
        return json_string(odd[which]);
    memset(longer, "x \xc3W"[mutate_draw(state, 2)], sizeof longer);
    return json_stringn(longer, sizeof longer);
}

static inline json_t *json_odd_value(uint32_t *state)
{
    static const double real[] = {1e308, -1e308, 4e18, 1e19, 1e-320, -0.0, 0.5, 4294967296.5};
    static const json_int_t whole[] = {0,         1,         -1,    2,        INT_MAX, INT_MIN,
                                       INT64_MAX, INT64_MIN, 65536, UINT_MAX, 100000};
    switch (mutate_draw(state, 8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(mutate_draw(state, 2));
    case 2:
        return json_object();
    case 3:
        return json_array();
    case 4:
        return json_odd_text(state);
    case 5:
        return json_real(real[mutate_draw(state, sizeof real / sizeof *real)]);
    default:
        return json_integer(whole[mutate_draw(state, sizeof whole / sizeof *whole)]);
    }
}

/* Takes the value over. */
static inline void json_replace(const struct json_place *p, json_t *with)
{
    if (p->key)
        json_object_set_new_nocheck(p->parent, p->key, with);
    else
        json_array_set_new(p->parent, p->index, with);
}

static inline void json_repeat_value(const struct json_place *p, uint32_t times)
{
    for (uint32_t i = 0; i < times && !p->key; i++)
        json_array_insert_new(p->parent, p->index, json_deep_copy(p->value));
}

static inline void json_remove(const struct json_place *p)
{
    if (p->key)
        json_object_del(p->parent, p->key);
    else
        json_array_remove(p->parent, p->index);
}

/* A target's own text for a value that is text; NULL: none. Owned by the caller. */
typedef char *json_own_text(const char *was, uint32_t *state);

static inline void json_mutate_once(json_t *root, uint32_t *state, json_own_text *own)
{
    struct json_place p, other;
    size_t n = json_values(root), at = mutate_draw(state, (uint32_t)n), from;
    if (!n || !json_place_at(root, &at, &p))
        return;
    char *text = own && json_is_string(p.value) && mutate_draw(state, 2)
                     ? own(json_string_value(p.value), state)
                     : NULL;
    if (text) {
        json_replace(&p, json_string(text));
        free(text);
        return;
    }
    switch (mutate_draw(state, 8)) {
    case 0:
        json_remove(&p);
        break;
    case 1:
        json_repeat_value(&p, 1);
        break;
    case 2:
        json_repeat_value(&p, 1 + mutate_draw(state, 70));
        break;
    case 3: /* what stands elsewhere */
        from = mutate_draw(state, (uint32_t)n);
        if (json_place_at(root, &from, &other))
            json_replace(&p, json_deep_copy(other.value));
        break;
    default:
        json_replace(&p, json_odd_value(state));
        break;
    }
}

/* Changes the JSON text in data; its new size, or 0 when it is none or grows beyond max: then data
 * is as it was. */
static inline size_t json_mutate(uint8_t *data, size_t size, size_t max, unsigned seed,
                                 json_own_text *own)
{
    uint32_t state = seed * 2654435761u + 1;
    json_t *root = json_loadb((const char *)data, size, JSON_DISABLE_EOF_CHECK, NULL);
    size_t len = 0;
    if (!root)
        return 0;
    for (uint32_t n = 1 + mutate_draw(&state, 4); n; n--)
        json_mutate_once(root, &state, own);
    char *text = json_dumps(root, JSON_COMPACT);
    len = text ? strlen(text) : 0;
    if (len > max)
        len = 0;
    if (len)
        memcpy(data, text, len);
    free(text);
    json_decref(root);
    return len;
}

#endif
