/* Records: the encoded text is JSON with the fields of the reference generator, the same for the
 * same seed, with unique keys, and within the promised size. jansson is the reference for JSON. */
#include "backends/crate_sql/record.h"
#include "engine/stats/generate.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const regions[] = {"us-east", "us-west", "eu-central", "ap-southeast", NULL};
static const char *const categories[] = {"electronics", "books",  "clothing",
                                         "home",        "sports", NULL};
static const char *const events[] = {"view", "click", "purchase", "cart_add", "cart_remove", NULL};
static const char *const segments[] = {"premium", "standard", "basic", "trial", NULL};

/* Encodes at the end of a block of just the promised size: a byte too many is seen by ASan, and by
 * the guard without it. */
static json_t *record(const struct crate_records *r, uint64_t seq, int64_t now)
{
    size_t max = crate_record_max(r);
    char *room = malloc(max + 8);
    assert_non_null(room);
    memset(room + max, '#', 8);
    char *end = crate_record_put(r, room, seq, now);
    assert_true(end <= room + max);
    assert_memory_equal(room + max, "########", 8);
    json_error_t error;
    json_t *v = json_loadb(room, (size_t)(end - room), 0, &error);
    if (!v)
        fail_msg("%s: %.*s", error.text, (int)(end - room), room);
    free(room);
    return v;
}

static unsigned place(const char *const *words, const json_t *v)
{
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], json_string_value(v)) == 0)
            return i;
    fail_msg("%s is none of the words", json_string_value(v));
    return 0;
}

static void fields_are_those_of_the_reference(void **state)
{
    (void)state;
    struct crate_records r;
    unsigned seen[4][5] = {{0}}, quantities = 0;
    double lowest = 1e9, highest = 0;
    crate_records_init(&r, "7f3a21bc", 3, 42, 0, -1);
    for (uint64_t seq = 0; seq < 20000; seq++) {
        json_t *v = record(&r, seq, 1700000000123);
        assert_int_equal(json_array_size(v), 10);
        assert_int_equal(json_string_length(json_array_get(v, 0)), CRATE_KEY_LEN);
        assert_true(strncmp(json_string_value(json_array_get(v, 0)), "7f3a21bc-0003-4", 15) == 0);
        assert_true(json_is_integer(json_array_get(v, 1))); /* a float would be read as seconds */
        assert_int_equal(json_integer_value(json_array_get(v, 1)), 1700000000123);
        seen[0][place(regions, json_array_get(v, 2))]++;
        seen[1][place(categories, json_array_get(v, 3))]++;
        seen[2][place(events, json_array_get(v, 4))]++;
        json_int_t user = json_integer_value(json_array_get(v, 5));
        assert_true(user >= 1 && user <= 10000);
        seen[3][place(segments, json_array_get(v, 6))]++;
        double amount = json_real_value(json_array_get(v, 7));
        assert_true(amount >= 1.0 && amount <= 1000.0);
        lowest = amount < lowest ? amount : lowest;
        highest = amount > highest ? amount : highest;
        json_int_t quantity = json_integer_value(json_array_get(v, 8));
        assert_true(quantity >= 1 && quantity <= 100);
        quantities += quantity == 1 || quantity == 100;
        const json_t *metadata = json_array_get(v, 9);
        assert_non_null(json_string_value(json_object_get(metadata, "browser")));
        assert_non_null(json_string_value(json_object_get(metadata, "os")));
        assert_int_equal(json_string_length(json_object_get(metadata, "session_id")), 16);
        json_decref(v);
    }
    assert_true(lowest < 2 && highest > 999);
    assert_true(quantities > 200); /* both ends occur: 400 are expected */
    /* Every word about as often as every other: within 6 standard deviations of 20,000 / n. */
    for (unsigned f = 0; f < 4; f++) {
        unsigned n = f == 1 || f == 2 ? 5 : 4;
        for (unsigned i = 0; i < n; i++)
            assert_true(abs((int)seen[f][i] - (int)(20000 / n)) < 370);
    }
}

static void wide_records_have_few_values_a_column(void **state)
{
    (void)state;
    struct crate_records r;
    crate_records_init(&r, "00000000", 0, 1, 12, -1);
    json_t *values[12];
    for (unsigned i = 0; i < 12; i++)
        values[i] = json_object();
    for (uint64_t seq = 0; seq < 2000; seq++) {
        json_t *v = record(&r, seq, 0);
        assert_int_equal(json_array_size(v), 22);
        for (unsigned i = 0; i < 12; i++)
            json_object_set_new(values[i], json_string_value(json_array_get(v, 10 + i)),
                                json_true());
        json_decref(v);
    }
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(json_object_size(values[i]), 3 + i % 6);
        json_decref(values[i]);
    }
    crate_records_init(&r, "00000000", 0, 1, CRATE_OBJECTS_MAX, -1);
    json_t *v = record(&r, UINT64_C(0xffffffffffff), 253402300799999);
    assert_int_equal(json_array_size(v), 10 + CRATE_OBJECTS_MAX);
    json_decref(v);
}

static void same_seed_same_records(void **state)
{
    (void)state;
    struct crate_records a, b, c;
    crate_records_init(&a, "11111111", 0, 5, 3, 1000);
    crate_records_init(&b, "22222222", 1, 5, 3, 1000);
    crate_records_init(&c, "11111111", 0, 6, 3, 1000);
    unsigned same = 0;
    for (uint64_t seq = 0; seq < 200; seq++) {
        json_t *x = record(&a, seq, 77), *y = record(&b, seq, 99), *z = record(&c, seq, 77);
        json_array_set_new(x, 0, json_null()); /* the key names the run */
        json_array_set_new(y, 0, json_null());
        json_array_set_new(z, 0, json_null());
        assert_true(json_equal(x, y));
        assert_int_equal(json_integer_value(json_array_get(x, 1)), 1000 + (json_int_t)seq * 10);
        same += (unsigned)json_equal(x, z);
        json_decref(x);
        json_decref(y);
        json_decref(z);
    }
    assert_int_equal(same, 0);
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, CRATE_KEY_LEN);
}

static void keys_are_unique(void **state)
{
    (void)state;
    enum { N = 60000 };
    char *keys = malloc((size_t)N * CRATE_KEY_LEN), *at = keys;
    assert_non_null(keys);
    const char *const runs[] = {"aaaaaaaa", "aaaaaaab"};
    for (unsigned run = 0; run < 2; run++)
        for (unsigned pool = 0; pool < 3; pool++) {
            struct crate_records r;
            crate_records_init(&r, runs[run], pool, 9, 0, -1);
            for (uint64_t seq = 0; seq < N / 6; seq++, at += CRATE_KEY_LEN)
                crate_key_put(&r, at, seq);
        }
    qsort(keys, N, CRATE_KEY_LEN, by_key);
    for (unsigned i = 1; i < N; i++)
        assert_true(
            memcmp(keys + (i - 1) * CRATE_KEY_LEN, keys + i * CRATE_KEY_LEN, CRATE_KEY_LEN) < 0);
    free(keys);
}

static void numbers(void **state)
{
    (void)state;
    const int64_t values[] = {0, 1, 9, 10, 99, 100, 12345, INT64_MAX, INT64_MIN, -1, -10};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char got[32], want[32];
        *crate_decimal_put(got, values[i]) = '\0';
        snprintf(want, sizeof want, "%lld", (long long)values[i]);
        assert_string_equal(got, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_those_of_the_reference),
        cmocka_unit_test(wide_records_have_few_values_a_column),
        cmocka_unit_test(same_seed_same_records),
        cmocka_unit_test(keys_are_unique),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
