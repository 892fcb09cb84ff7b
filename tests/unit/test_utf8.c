/* Which characters of external text may be shown, against Unicode's own lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

static const char *line_of(const char *s)
{
    static char buf[256];
    copy_str(buf, sizeof buf, s);
    snprintf(buf, sizeof buf, "%s", s);
    return clean_str(buf);
}

static void test_table(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"", ""},
        {"plain text, 100 %", "plain text, 100 %"},
        {"a\tb\nc\rd", "a b c d"},
        {"\x01\x07\x08\x1b[2J\x0b\x7f", "???"
                                        "?[2J??"},
        {"a\x9b"
         "31mb\x90q\x9c",
         "a?31mb?q?"}, /* C1 as bytes */
        {"a\xc2\x9b"
         "31mb\xc2\x85\xc2\x80",
         "a?31mb??"}, /* and as U+0080 to U+009F */
        {"\u061c\u200e\u200f", "???"},
        {"\u202a\u202b\u202c\u202d\u202e", "?????"},
        {"\u2066\u2067\u2068\u2069", "????"},
        {"a\u2028b\u2029c", "a?b?c"},
        {"pay\u200bload\u2060\ufeff\u00ad", "pay?load???"},
        {"pay\u200dload \u200c \ufe0f", "pay?load ? ?"},
        {"\u3164\uffa0\u115f\u180e\u034f", "?????"},
        {"\ufff9\ufffa\ufffb\ufffd\ufffe\uffff\ufdd0", "???????"},
        {"\U000e0041\U000e007f\U000e0100\U0001ffff\U0010ffff", "?????"},
        {"\xff\xfe\x80x", "???x"},
        {"\xc0\xafx\xc1\x9b", "??x??"}, /* overlong: '/' and ESC */
        {"\xe0\x80\xafx\xf0\x80\x80\x9b", "?x?"},
        {"\xed\xa0\x80x\xed\xbf\xbf", "?x?"},                 /* surrogates */
        {"\xf4\x90\x80\x80x\xf8\x88\x80\x80\x80", "?x?????"}, /* beyond U+10FFFF */
        {"\xe2\x9b[31m", "?[31m"},                            /* cut in the middle */
        {"end\xe2\x82", "end"},                               /* and at the end */
        {"end\xf0", "end"},
        {"end\xf0\x9f\x98", "end"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\u6f22\u5b57 \u05e9\u05dc\u05d5\u05dd \u0645\u06cc\u200c\u062e\u0648",
         "\u6f22\u5b57 \u05e9\u05dc\u05d5\u05dd \u0645\u06cc\u200c\u062e\u0648"},
        {"e\u0301 \u0915\u094d\u200d\u0937", "e\u0301 \u0915\u094d\u200d\u0937"},
        {"\U0001f469\u200d\U0001f680 \u2764\ufe0f\u200d\U0001f525",
         "\U0001f469\u200d\U0001f680 \u2764\ufe0f\u200d\U0001f525"},
        {"\U0001f469\u200d\u200d\ufe0f\u2764\ufe0f\ufe0f", "\U0001f469\u200d??\u2764\ufe0f?"},
        {"\u2800\u2588\u00b1\u00a0", "\u2800\u2588\u00b1\u00a0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(line_of(cases[i].from), cases[i].to);
        assert_string_equal(line_of(cases[i].to), cases[i].to);
    }
}

/* Every code point alone, and every string of two bytes: what comes out is UTF-8 without a control,
 * and never longer. */
static void assert_harmless(const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t ch;
        i += (size_t)utf8_decode(s + i, &ch);
        assert_true(ch >= 0x20 && ch != 0xfffd && !(ch >= 0x7f && ch < 0xa0));
        assert_false((ch >= 0x202a && ch <= 0x202e) || (ch >= 0x2066 && ch <= 0x2069));
    }
}

static void test_all(void **state)
{
    (void)state;
    for (uint32_t ch = 1; ch <= 0x10ffff; ch++) {
        char s[8] = {0};
        int n = utf8_encode(ch, s);
        size_t len = clean_line(s, (size_t)n);
        assert_in_range(len, 1, n);
        s[len] = '\0';
        assert_harmless(s, len);
        assert_true(utf8_joins(ch) || utf8_is_shown(ch) == (s[0] != '?' || ch == '?') ||
                    ch == '\t' || ch == '\n' || ch == '\r');
    }
    for (unsigned i = 0; i < 65536; i++) {
        char s[4] = {(char)(i >> 8), (char)i, 0, 0};
        size_t len = clean_line(s, 2);
        assert_in_range(len, 0, 2);
        s[len] = '\0';
        assert_harmless(s, len);
    }
}

/* The bytes after the end are not looked at: they may complete a character there. */
static void test_ends_where_told(void **state)
{
    char s[] = "ab\xe2\x82\xac";
    char page[] = "a\tb\n\x1b[1m\r\nc\xf0\x9f";

    (void)state;
    assert_int_equal(clean_line(s, 4), 2);
    assert_memory_equal(s, "ab\xe2\x82\xac", 5);
    assert_int_equal(clean_lines(page, sizeof page - 1), 11);
    assert_memory_equal(page, "a\tb\n?[1m \nc", 11);
}

static void test_parts_of_lines(void **state)
{
    struct text t = {0};
    struct err err = {0};

    (void)state;
    text_put(&t, "a\n", 2);
    text_put_shown(&t, "b\n\x1b");
    text_add_shown(&t, "%s\n%d", "c\xc2\x9b", 7);
    text_add_line(&t, "%s", "\nd");
    assert_string_equal(text_str(&t), "a\nb ?c? 7 d\n");
    text_free(&t);
    t = (struct text){.limit = 4};
    text_put_shown(&t, "ab\u20ac\u20ac");
    assert_string_equal(text_str(&t), "ab");
    text_free(&t);
    err_set(&err, ERR_FAILED, "%s\n%s\x1b]0;t\x07\u202e", "x", "y");
    assert_string_equal(err.msg, "x y?]0;t??");
    err_set(&err, ERR_FAILED, "%254s\u20ac", "x");
    assert_int_equal(strlen(err.msg), 254);
}

/* What JSON can hold, it holds. */
static void test_json(void **state)
{
    json_t *same = utf8_json("\x1b[2J\u202e\xc2\x9b"), *wrong = utf8_json("a\xff\xc3\xa9\xc3");

    (void)state;
    assert_string_equal(json_string_value(same), "\x1b[2J\u202e\xc2\x9b");
    assert_string_equal(json_string_value(wrong), "a\ufffd\xc3\xa9\ufffd");
    json_decref(same);
    json_decref(wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_ends_where_told),
        cmocka_unit_test(test_parts_of_lines),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
