/* Base64: the vectors of RFC 4648, section 10, and encoding and decoding every byte. */
#include "engine/base/base64.h"
#include "engine/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct {
    const char *plain, *encoded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void the_vectors_of_the_rfc(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(vectors); i++) {
        uint8_t out[8] = {0};
        struct text t = {0};
        const char *plain = vectors[i].plain, *encoded = vectors[i].encoded;
        base64_add(&t, plain, strlen(plain));
        assert_string_equal(text_str(&t), encoded);
        text_free(&t);
        assert_int_equal(base64_read(encoded, strlen(encoded), out), strlen(plain));
        assert_memory_equal(out, plain, strlen(plain));
    }
}

static void every_byte_there_and_back(void **state)
{
    (void)state;
    uint8_t in[768], out[768];
    for (unsigned i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 167 + i / 256);
    for (size_t len = 0; len <= sizeof in; len++) {
        struct text t = {0};
        base64_add(&t, in, len);
        assert_int_equal(t.len, (len + 2) / 3 * 4);
        assert_int_equal(base64_read(text_str(&t), t.len, out), len);
        assert_memory_equal(in, out, len);
        text_free(&t);
    }
}

static void what_is_no_encoding_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Z", "Zg=", "Zg", "Zg=v", "Z===", "====", "Zm9*", "Zg==Zm9v", "Zm9\nZm9", "Zm-_"};
    uint8_t out[8];
    for (unsigned i = 0; i < COUNT(wrong); i++)
        assert_int_equal(base64_read(wrong[i], strlen(wrong[i]), out), -1);
    assert_int_equal(base64_read("Zm9\0", 4, out), -1);
    assert_true(base64_has_only("Zm+/9v=="));
    assert_false(base64_has_only(""));
    assert_false(base64_has_only("Zm9v,1"));
    assert_false(base64_has_only("Zm9v\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc),
        cmocka_unit_test(every_byte_there_and_back),
        cmocka_unit_test(what_is_no_encoding_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
