/* Quantities as typed and shown, the bounded string, the nearest name, and error messages. The
 * reference is a table written by hand from the contract; durations are also written and read back.
 *
 * The truth is a table written by hand from the contract, and for durations the way back. */
#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/quantity.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        uint64_t ns;
    } good[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"500ms", 500000000},
        {"30s", UINT64_C(30000000000)},
        {"5m", UINT64_C(300000000000)},
        {"1h", UINT64_C(3600000000000)},
        {"1.5s", 1500000000},
        {".5ms", 500000},
        {"0.1s", 100000000},
        {"0.3s", 300000000},
        {"0.000001s", 1000},
        {"2.0000us", 2000},
        {"1.4ns", 1},
        {"1.5ns", 2},
        {"9223372036854775807ns", INT64_MAX},
    };
    static const char *const bad[] = {"",
                                      "5",
                                      "s",
                                      "-5s",
                                      "+5s",
                                      "5 s",
                                      " 5s",
                                      "5s ",
                                      "5S",
                                      "5sec",
                                      "1e3s",
                                      "0x5s",
                                      "infs",
                                      "nans",
                                      "1.s",
                                      "..5s",
                                      "1.2.3s",
                                      "5d",
                                      "5msx",
                                      "0.1ns",
                                      "1,5s",
                                      "5ks",
                                      "1_0s",
                                      "99999999999999999999ns",
                                      "9223372036854775808ns",
                                      "2562048h",
                                      "0.00000000000000000001s"};
    for (unsigned i = 0; i < COUNT(good); i++) {
        uint64_t ns = 77;
        if (parse_duration(good[i].s, &ns) || ns != good[i].ns)
            fail_msg("%s: read as %llu, not %llu", good[i].s, (unsigned long long)ns,
                     (unsigned long long)good[i].ns);
    }
    for (unsigned i = 0; i < COUNT(bad); i++) {
        uint64_t ns = 77;
        if (parse_duration(bad[i], &ns) == 0)
            fail_msg("'%s' was taken for %llu ns", bad[i], (unsigned long long)ns);
        assert_int_equal(ns, 77);
    }
}

static void exact_durations_read_back(void **state)
{
    (void)state;
    uint64_t x = 1;
    for (int i = 0; i < 20000; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        static const uint64_t round_to[] = {1, 1000, 1000000, 1000000000, UINT64_C(60000000000)};
        uint64_t ns = (x >> 1) >> (x % 60), back = 1;
        ns -= ns % round_to[(x >> 7) % COUNT(round_to)];
        char buf[40];
        format_exact_duration(buf, sizeof buf, ns);
        if (parse_duration(buf, &back) || back != ns)
            fail_msg("%llu was written as %s", (unsigned long long)ns, buf);
    }
    char buf[40];
    assert_string_equal(format_exact_duration(buf, sizeof buf, 0), "0s");
    assert_string_equal(format_exact_duration(buf, sizeof buf, 1500000000), "1500ms");
    assert_string_equal(format_exact_duration(buf, sizeof buf, UINT64_C(7200000000000)), "2h");
}

static void rates_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        double per_s;
    } good[] = {
        {"5000/s", 5000}, {"10k/s", 10000}, {"1.5M/s", 1500000}, {"600/m", 10}, {"36k/h", 10},
        {"250k", 250000}, {"7", 7},         {"0.5/s", 0.5},      {"1G/s", 1e9}, {"0", 0},
        {"1e3/s", 1000},  {"1K", 1000},
    };
    static const char *const bad[] = {"",      "k",    "/s",   "-1/s", "+1",  "10 k/s", "10k/ss",
                                      "10k/d", "10m",  "10T",  "inf",  "nan", "0x10",   "1e400",
                                      "5e12",  "1k k", "10k/", "1..0", "1./s"};
    for (unsigned i = 0; i < COUNT(good); i++) {
        double v = -1;
        if (parse_rate(good[i].s, &v) || v != good[i].per_s)
            fail_msg("%s: read as %g", good[i].s, v);
    }
    for (unsigned i = 0; i < COUNT(bad); i++) {
        double v = -1;
        if (parse_rate(bad[i], &v) == 0)
            fail_msg("'%s' was taken for %g/s", bad[i], v);
    }
}

static void sizes_counts_and_numbers_are_read(void **state)
{
    (void)state;
    uint64_t n;
    double v;
    static const struct {
        const char *s;
        uint64_t bytes;
    } sizes[] = {{"0", 0},          {"32", 32},       {"64k", 65536}, {"64KiB", 65536},
                 {"1MiB", 1048576}, {"1MB", 1048576}, {"0.5K", 512},  {"2G", UINT64_C(2147483648)},
                 {"7B", 7}};
    static const char *const bad_sizes[] = {"",     "k",  "-1",  "1.5", "1.0001k",
                                            "12 k", "1T", "1kb", "x"};
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(parse_size(sizes[i].s, &n), 0);
        assert_int_equal(n, sizes[i].bytes);
    }
    for (unsigned i = 0; i < COUNT(bad_sizes); i++)
        if (parse_size(bad_sizes[i], &n) == 0)
            fail_msg("'%s' was taken for a size", bad_sizes[i]);

    static const struct {
        const char *s;
        uint64_t n;
    } counts[] = {{"0", 0},
                  {"10k", 10000},
                  {"1.5k", 1500},
                  {"2M", 2000000},
                  {"123457", 123457},
                  {"18446744073709551615", UINT64_MAX},
                  {"9223372036854775807", INT64_MAX},
                  {"9223372036854775808", UINT64_C(1) << 63}};
    static const char *const bad_counts[] = {"",
                                             "-1",
                                             "+1",
                                             "1.5",
                                             "1e3",
                                             "k",
                                             "10 ",
                                             "1,000",
                                             "18446744073709551616",
                                             "99999999999999999999999",
                                             "1.2345k",
                                             "10kB",
                                             "18446744073709551615k"};
    for (unsigned i = 0; i < COUNT(counts); i++) {
        assert_int_equal(parse_count(counts[i].s, &n), 0);
        assert_true(n == counts[i].n);
    }
    for (unsigned i = 0; i < COUNT(bad_counts); i++)
        if (parse_count(bad_counts[i], &n) == 0)
            fail_msg("'%s' was taken for a count", bad_counts[i]);

    static const char *const bad_reals[] = {"",    "-",  ".",     "1.", "inf", "nan",
                                            "0x1", "1e", "1e999", " 1", "1 "};
    assert_int_equal(parse_real("-1.25e-2", &v), 0);
    assert_true(v == -0.0125);
    assert_int_equal(parse_real("+.5", &v), 0);
    assert_true(v == 0.5);
    for (unsigned i = 0; i < COUNT(bad_reals); i++)
        if (parse_real(bad_reals[i], &v) == 0)
            fail_msg("'%s' was taken for a number", bad_reals[i]);
}

static void quantities_are_shown_with_three_digits(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *duration, *number, *bytes;
    } shown[] = {
        {0, "0ns", "0", "0B"},
        {1, "1.00ns", "1.00", "1B"},
        {12.34, "12.3ns", "12.3", "12B"},
        {999.4, "999ns", "999", "999B"},
        {999.6, "1.00us", "1.00k", "0.976KB"},
        {1024, "1.02us", "1.02k", "1.00KB"},
        {9994, "9.99us", "9.99k", "9.76KB"},
        {9996, "10.0us", "10.0k", "9.76KB"},
        {412345, "412us", "412k", "403KB"},
        {1.4e6, "1.40ms", "1.40M", "1.34MB"},
        {63963136, "64.0ms", "64.0M", "61.0MB"},
        {3.6e9, "3.60s", "3.60G", "3.35GB"},
        {120e9, "120s", "120G", "112GB"},
        {3.6e12, "60.0m", "3.60T", "3.27TB"},
        {-1.4e6, "-1.40ms", "-1.40M", "-1.34MB"},
    };
    char buf[40];
    for (unsigned i = 0; i < COUNT(shown); i++) {
        assert_string_equal(format_duration(buf, sizeof buf, shown[i].v), shown[i].duration);
        assert_string_equal(format_number(buf, sizeof buf, shown[i].v), shown[i].number);
        assert_string_equal(format_bytes(buf, sizeof buf, shown[i].v), shown[i].bytes);
    }
    assert_string_equal(format_number(buf, sizeof buf, 0.9996), "1.00");
    assert_string_equal(format_number(buf, sizeof buf, 0.123), "0.123");
    assert_string_equal(format_number(buf, sizeof buf, 0.0123), "0.0123");
    assert_string_equal(format_number(buf, sizeof buf, 0.00012), "1.20e-04");
    assert_string_equal(format_duration(buf, sizeof buf, NAN), "-");
    assert_string_equal(format_number(buf, sizeof buf, INFINITY), "-");
    assert_string_equal(format_count(buf, sizeof buf, 0), "0");
    assert_string_equal(format_count(buf, sizeof buf, 999), "999");
    assert_string_equal(format_count(buf, sizeof buf, 1234567), "1,234,567");
    assert_string_equal(format_count(buf, sizeof buf, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(format_clock(buf, sizeof buf, 761.9), "00:12:41");
    assert_string_equal(format_clock(buf, sizeof buf, 360000), "100:00:00");
    assert_string_equal(format_clock(buf, sizeof buf, NAN), "--:--:--");
    assert_string_equal(format_duration(buf, 4, 1.4e6), "1.4");
    assert_string_equal(format_count(buf, 3, 1234567), "1,");
}

/* Three digits must be the nearest three digits, at every magnitude: compared with printf's own. */
static void shown_numbers_are_near(void **state)
{
    (void)state;
    for (double v = 1e-2; v < 9e14; v *= 1.0173) {
        char buf[40], *end;
        double shown = strtod(format_number(buf, sizeof buf, v), &end);
        static const char units[] = "kMGT";
        const char *unit = strchr(units, *end);
        if (*end)
            shown *= pow(1000, (double)(unit - units) + 1);
        if (fabs(shown - v) > v * 0.0051)
            fail_msg("%g is shown as %s", v, buf);
        if (strspn(buf, "0123456789.") > 6)
            fail_msg("%g is shown with too many digits: %s", v, buf);
    }
}

static void nearest_name_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"threads", "clients", "connections", "pause", "resume",
                                        "get",     "set",     "uniform",     NULL};
    static const struct {
        const char *word, *near;
    } cases[] = {
        {"thread", "threads"},  {"htreads", "threads"}, {"THREADS", "threads"},
        {"clinets", "clients"}, {"pasue", "pause"},     {"conections", "connections"},
        {"gte", "get"},         {"sat", "set"},         {"unifrom", "uniform"},
        {"uniform", "uniform"}, {"xyz", NULL},          {"", NULL},
        {"op", NULL},           {"thr", NULL},          {"completely-different", NULL},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        const char *near = nearest_name(cases[i].word, names);
        if (!near != !cases[i].near || (near && strcmp(near, cases[i].near) != 0))
            fail_msg("nearest to '%s' is %s", cases[i].word, near ? near : "none");
    }
    char huge[1000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_null(nearest_name(huge, names));
}

static void text_grows_to_its_limit(void **state)
{
    (void)state;
    struct text t = {0};
    assert_string_equal(text_str(&t), "");
    for (int i = 0; i < 1000; i++)
        text_add(&t, "%d,", i);
    assert_int_equal(t.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(t.s), t.len);
    assert_false(t.cut);
    char *long_word = malloc(5001);
    memset(long_word, 'x', 5000);
    long_word[5000] = '\0';
    text_clear(&t);
    assert_string_equal(text_str(&t), "");
    text_add(&t, "<%s>", long_word);
    assert_int_equal(t.len, 5002);
    assert_int_equal(t.s[5001], '>');
    text_free(&t);
    assert_null(t.s);

    struct text small = {.limit = 10};
    text_add(&small, "%s", "12345678");
    assert_false(small.cut);
    text_add(&small, "%s", "abc");
    assert_true(small.cut);
    assert_string_equal(text_str(&small), "12345678ab");
    text_put(&small, "zzz", 3);
    assert_string_equal(text_str(&small), "12345678ab");
    text_clear(&small);
    text_add(&small, "<%s>", long_word);
    assert_int_equal(small.len, 10);
    assert_true(small.cut);
    text_free(&small);
    text_free(NULL);
    free(long_word);
}

static void parts_end_within_their_buffer(void **state)
{
    (void)state;
    char buf[16], guard[4] = "abc", digits[401];
    memset(digits, '9', 400);
    digits[400] = '\0';
    for (size_t size = 0; size <= sizeof buf; size++) {
        size_t at = 0;
        memset(buf, 'x', sizeof buf);
        for (unsigned i = 0; i < 3; i++) {
            at = text_append(buf, size, at, "%s%u", i ? ", " : "", i * 1000);
            assert_true(size == 0 ? at == 0 : at < size && buf[at] == '\0');
        }
        for (size_t i = size; i < sizeof buf; i++)
            assert_int_equal(buf[i], 'x');
        if (size == sizeof buf)
            assert_string_equal(buf, "0, 1000, 2000");
        if (size == 5)
            assert_string_equal(buf, "0, 1");
    }
    assert_int_equal(text_append(buf, sizeof buf, 2, "%s", digits), sizeof buf - 1);
    assert_int_equal(text_append(buf, sizeof buf, 99, "%s", digits), sizeof buf - 1);
    assert_int_equal(strlen(buf), sizeof buf - 1);
    assert_string_equal(guard, "abc");
}

static void a_server_s_count_is_one(void **state)
{
    (void)state;
    assert_int_equal(whole_count(0), 0);
    assert_int_equal(whole_count(12.9), 12);
    assert_true(whole_count(9007199254740992.0) == INT64_C(9007199254740992));
    assert_int_equal(whole_count(9007199254740994.0), -1);
    assert_int_equal(whole_count(1e300), -1);
    assert_int_equal(whole_count(-1e300), -1);
    assert_int_equal(whole_count(-0.5), -1);
    assert_int_equal(whole_count((double)NAN), -1);
    assert_int_equal(whole_count((double)INFINITY), -1);
}

static void copies_are_cut_between_characters(void **state)
{
    (void)state;
    char buf[8];
    assert_string_equal(copy_str(buf, sizeof buf, "short"), "short");
    assert_string_equal(copy_str(buf, sizeof buf, "exactly7"), "exactly");
    assert_string_equal(copy_str(buf, 5, "ab\xc3\xa4\xc3\xb6"), "ab\xc3\xa4");
    assert_string_equal(copy_str(buf, 4, "ab\xc3\xa4"), "ab");
    assert_string_equal(copy_str(buf, 1, "x"), "");
    assert_string_equal(copy_part(buf, sizeof buf, "abcdef", 3), "abc");
    assert_string_equal(copy_part(buf, sizeof buf, "ab", 9), "ab");
    assert_string_equal(copy_part(buf, 3, "abcdef", 5), "ab");
    assert_string_equal(copy_part(buf, sizeof buf, "abcdef", 0), "");
    buf[0] = 'q';
    copy_str(buf, 0, "x");
    assert_int_equal(buf[0], 'q');
}

static void errors_are_one_line(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set(&err, ERR_USAGE, "%s", "a\nb\x1b[31mc\x7f"), ERR_USAGE);
    assert_int_equal(err.code, ERR_USAGE);
    assert_string_equal(err.msg, "a b?[31mc?");
    assert_int_equal(err_set(NULL, ERR_FAILED, "nobody hears %d", 1), ERR_FAILED);
    char *long_word = calloc(1, 1000);
    memset(long_word, 'y', 999);
    err_set(&err, ERR_FAILED, "%s", long_word);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    free(long_word);
}

static void errors_know_their_option(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_USAGE, "threads 0: out of range");
    assert_int_equal(err_of_option(&err, "threads"), ERR_USAGE);
    assert_string_equal(err.option, "threads");
    assert_string_equal(err.msg, "threads 0: out of range");
    err_set(&err, ERR_FAILED, "out of memory"); /* the next error is about something else */
    assert_string_equal(err.option, "");
    assert_int_equal(err_of_option(NULL, "threads"), ERR_USAGE);
}

/* What is advised can help: more descriptors do not bring back a version of IP. */
static void advice_is_about_the_cause(void **state)
{
    (void)state;
    assert_non_null(strstr(err_descriptor_advice(EMFILE), "ulimit -n"));
    assert_non_null(strstr(err_descriptor_advice(EAFNOSUPPORT), "IP"));
    assert_string_equal(err_descriptor_advice(EACCES), "");
    static const int others[] = {ENFILE, EAFNOSUPPORT, ENOBUFS, ENOMEM};
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(strstr(err_descriptor_advice(others[i]), "ulimit"));
}

/* 127.0.0.1:9092 is no part of 127.0.0.1:90921, nor of 10.127.0.0.1:9092. */
static void a_list_has_whole_entries(void **state)
{
    (void)state;
    assert_true(text_lists("h:2", "h:2"));
    assert_true(text_lists("h:2, i:3, [::1]:4", "h:2"));
    assert_true(text_lists("h:2, i:3, [::1]:4", "i:3"));
    assert_true(text_lists("h:2, i:3, [::1]:4", "[::1]:4"));
    assert_false(text_lists("h:21, 1h:2", "h:2"));
    assert_false(text_lists("1h:2, h:21", "h:2"));
    assert_false(text_lists("", "h:2"));
    assert_false(text_lists("h:2,i:3", "i:3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(exact_durations_read_back),
        cmocka_unit_test(rates_are_read),
        cmocka_unit_test(sizes_counts_and_numbers_are_read),
        cmocka_unit_test(quantities_are_shown_with_three_digits),
        cmocka_unit_test(shown_numbers_are_near),
        cmocka_unit_test(nearest_name_is_found),
        cmocka_unit_test(text_grows_to_its_limit),
        cmocka_unit_test(parts_end_within_their_buffer),
        cmocka_unit_test(a_server_s_count_is_one),
        cmocka_unit_test(copies_are_cut_between_characters),
        cmocka_unit_test(a_list_has_whole_entries),
        cmocka_unit_test(errors_are_one_line),
        cmocka_unit_test(errors_know_their_option),
        cmocka_unit_test(advice_is_about_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
