/* Documents: external text stays text in each format, and tables keep their shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/base/text.h"
#include "ui/page/doc.h"

#define EVIL "<script>alert('x')</script> & \"q\" | `c` [a](http://b) *s*\n\x1b[31m"

static const char *const heads[] = {"<who", "n", NULL};

static struct text make(enum doc_format format)
{
    struct text t = {0};
    struct doc d = {.format = format, .t = &t};
    doc_heading(&d, 1, "%s", EVIL);
    doc_para(&d, "%s", EVIL);
    doc_findings_begin(&d);
    doc_finding(&d, TONE_BAD, "lost", "%s", EVIL);
    doc_findings_end(&d);
    doc_table(&d, heads);
    doc_cell(&d, "%s", EVIL);
    doc_cell(&d, "12");
    doc_cell(&d, "b");
    doc_table_end(&d);
    doc_table(&d, heads);
    doc_table_end(&d); /* empty: nothing */
    doc_code(&d, EVIL);
    return t;
}

static void test_html(void **state)
{
    (void)state;
    struct text t = make(DOC_HTML);
    const char *s = text_str(&t);
    assert_null(strstr(s, "<script"));
    assert_null(strstr(s, "\x1b"));
    assert_non_null(
        strstr(s, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;"));
    assert_non_null(strstr(s, "<td>12</td></tr>"));
    assert_non_null(strstr(s, "<td class=\"w\">b</td><td></td></tr>")); /* a row is whole */
    assert_null(strstr(strstr(s, "</table>") + 1, "<table>"));
    text_free(&t);
}

static void test_markdown(void **state)
{
    (void)state;
    struct text t = make(DOC_MARKDOWN);
    const char *s = text_str(&t), *code = strstr(s, "\n    <script");
    assert_non_null(code); /* a code block shows what is in it */
    for (const char *at = strstr(s, "<script"); at && at < code; at = strstr(at + 1, "<script"))
        fail();
    assert_non_null(strstr(s, "\\| \\`c\\` \\[a\\](http\\://b) \\*s\\*"));
    assert_non_null(strstr(s, "|---|--:|\n"));
    text_free(&t);
}

/* A block of code is left by nothing that stands in it, whatever stands before it. */
static void test_code_is_not_left(void **state)
{
    struct text t = {0};
    struct doc d = {.format = DOC_MARKDOWN, .t = &t};

    (void)state;
    doc_code(&d, "a\r# b\n```\n<script>\n````` x\x1b\u2028\n\n");
    assert_string_equal(text_str(&t),
                        "\n    a # b\n    ```\n    <script>\n    ````` x??\n    \n\n");
    text_clear(&t);
    doc_command(&d, "loadtop\n```\nrm");
    assert_string_equal(text_str(&t), "\n    loadtop ``` rm\n\n");
    text_clear(&t);
    d.format = DOC_PLAIN;
    doc_code(&d, "one\n\x1b[2Jtwo\x9b");
    assert_string_equal(text_str(&t), "  one\n  ?[2Jtwo?\n");
    text_clear(&t);
    d.format = DOC_HTML;
    doc_code(&d, "</pre>\n\u202e\x9b");
    assert_string_equal(text_str(&t), "<pre>&lt;/pre&gt;\n??\n</pre>\n");
    text_free(&t);
}

static void test_links_are_words(void **state)
{
    struct text t = {0};
    struct doc d = {.format = DOC_MARKDOWN, .t = &t};

    (void)state;
    doc_escape(&d, &t, "HTTP://a www.b redis://c > ![i](https://d)");
    assert_string_equal(text_str(&t), "HTTP\\://a www\\.b redis://c &gt; !\\[i\\](https\\://d)");
    text_free(&t);
}

static void test_plain(void **state)
{
    (void)state;
    struct text t = make(DOC_PLAIN);
    const char *code = strstr(text_str(&t), "\n  <script");
    assert_non_null(code);
    for (const char *s = text_str(&t); s < code; s++)
        assert_true(*s != '\x1b');
    assert_non_null(strstr(text_str(&t), "X lost"));
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_code_is_not_left),
        cmocka_unit_test(test_links_are_words),
        cmocka_unit_test(test_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
