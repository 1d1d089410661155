/* UTF-8 and hexadecimal digits. */
#include "base/hex.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

/* UTF-8 by the table of RFC 3629, written down a second time. */
static size_t
encode(uint32_t cp, uint8_t out[4])
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xC0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xE0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | cp >> 18);
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (cp & 0x3F));
    return 4;
}

static void
utf8_reads_every_code_point_and_no_surrogate(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < 0x120000; cp++) {
        uint8_t text[4];
        size_t len = encode(cp, text);
        onym_span left = onym_span_of(text, len);
        uint32_t found = 0;
        bool valid = cp <= 0x10FFFF && !(cp >= 0xD800 && cp <= 0xDFFF);

        assert_int_equal(onym_utf8_next(&left, &found), valid);
        assert_int_equal(left.len, valid ? 0 : len);
        assert_true(!valid || found == cp);
        left = onym_span_of(text, len - 1);
        assert_false(onym_utf8_next(&left, &found));
    }
}

static void
utf8_refuses_overlong_forms_and_stray_bytes(void **state)
{
    static const char *const bad[] = {
        "\xC0\x80", "\xC1\xBF",     "\xE0\x9F\xBF",    "\xF0\x8F\xBF\xBF", "\x80",
        "\xBF",     "\xC3(",        "\xE2\x82(",       "\xF5\x80\x80\x80", "\xFF",
        "\xFE",     "\xED\xA0\x80", "\xF4\x90\x80\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(onym_utf8_valid(onym_span_text(bad[i])));
    }
}

static void
utf8_valid_sees_a_bad_byte_at_every_place(void **state)
{
    (void)state;
    assert_true(onym_utf8_valid(onym_span_of(NULL, 0)));
    for (size_t len = 1; len <= 40; len++) {
        uint8_t *text = malloc(len);

        assert_non_null(text);
        memset(text, 'a', len);
        assert_true(onym_utf8_valid(onym_span_of(text, len)));
        for (size_t at = 0; at < len; at++) {
            text[at] = 0x80;
            assert_false(onym_utf8_valid(onym_span_of(text, len)));
            text[at] = 'a';
        }
        free(text);
    }
}

static void
hex_writes_lower_case_and_reads_both(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x7F, 0x80, 0xAB, 0xFF};
    char text[11];
    uint8_t out[5];
    size_t len = 0;

    (void)state;
    onym_hex_encode(onym_span_of(bytes, 5), text);
    assert_string_equal(text, "007f80abff");
    assert_int_equal(onym_hex_decode(onym_span_text("007F80aBfF"), out, 5, &len), ONYM_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(out, bytes, 5);
    onym_hex_encode(onym_span_of(NULL, 0), text);
    assert_string_equal(text, "");
    assert_int_equal(onym_hex_decode(onym_span_of(NULL, 0), out, 0, &len), ONYM_OK);
    assert_int_equal(len, 0);
}

static void
hex_refuses_odd_lengths_other_characters_and_too_little_room(void **state)
{
    uint8_t out[4];
    size_t len = 77;

    (void)state;
    assert_int_equal(onym_hex_decode(onym_span_text("abc"), out, 4, &len), ONYM_MALFORMED);
    assert_int_equal(onym_hex_decode(onym_span_text("abcd"), out, 1, &len), ONYM_NO_SPACE);
    assert_int_equal(onym_hex_decode(onym_span_text("abcd"), out, 2, &len), ONYM_OK);
    for (unsigned c = 0; c < 256; c++) {
        uint8_t pair[2] = {'0', (uint8_t)c};
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        assert_int_equal(onym_hex_decode(onym_span_of(pair, 2), out, 4, &len),
                         digit ? ONYM_OK : ONYM_MALFORMED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_reads_every_code_point_and_no_surrogate),
        cmocka_unit_test(utf8_refuses_overlong_forms_and_stray_bytes),
        cmocka_unit_test(utf8_valid_sees_a_bad_byte_at_every_place),
        cmocka_unit_test(hex_writes_lower_case_and_reads_both),
        cmocka_unit_test(hex_refuses_odd_lengths_other_characters_and_too_little_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
