#include "tools/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

/* What a printing function wrote; the caller frees it. */
static char *
printed(void (*print)(FILE *, onym_span), onym_span text)
{
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);

    assert_non_null(file);
    print(file, text);
    assert_int_equal(fclose(file), 0);
    return out;
}

static void
check(const char *in, const char *out, size_t width)
{
    char *got = printed(onym_text_print, onym_span_text(in));

    assert_string_equal(got, out);
    assert_int_equal(onym_text_width(onym_span_text(in)), width);
    free(got);
}

static void
harmless_text_is_printed_as_it_is(void **state)
{
    (void)state;
    check("", "", 0);
    check("abc ~!", "abc ~!", 6);
    check("前减震器", "前减震器", 8);
    check("é", "é", 1);
    check("e\u0301", "e\u0301", 1); /* with a combining accent */
    check("Ａ１", "Ａ１", 4);       /* full width */
    check("😀", "😀", 2);
}

static void
what_could_steer_a_terminal_is_escaped(void **state)
{
    (void)state;
    check("a\nb\tc\rd\\e", "a\\nb\\tc\\rd\\\\e", 13);
    check("\x1b[0m", "\\x1b[0m", 7);
    check("\x7f", "\\x7f", 4);
    check("\xc2\x80\xc2\x9b\xc2\x9f", "\\u{80}\\u{9b}\\u{9f}", 18);
    check("\u00a0", "\u00a0", 1);
    check("\u202e\u2066\u200b\u200f\ufeff\u2028\u00ad",
          "\\u{202e}\\u{2066}\\u{200b}\\u{200f}\\u{feff}\\u{2028}\\u{ad}", 54);
    check("\xff\xc3", "\\xff\\xc3", 8);           /* not UTF-8 */
    check("\xed\xa0\x80", "\\xed\\xa0\\x80", 12); /* a surrogate */
}

static void
every_byte_alone_gives_one_safe_piece(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t one = (uint8_t)byte;
        char *got = printed(onym_text_print, onym_span_of(&one, 1));

        for (const char *at = got; *at != '\0'; at++) {
            assert_in_range(*at, 0x20, 0x7E);
        }
        assert_int_equal(strlen(got), onym_text_width(onym_span_of(&one, 1)));
        free(got);
    }
}

static void
padding_counts_columns_not_bytes(void **state)
{
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);

    (void)state;
    assert_non_null(file);
    onym_text_print_padded(file, onym_span_text("名称"), 6);
    onym_text_print_padded(file, onym_span_text("|wider"), 3);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(out, "名称  |wider");
    free(out);
}

static void
readable_is_text_with_line_ends_and_nothing_else(void **state)
{
    (void)state;
    assert_true(onym_text_readable(onym_span_text("")));
    assert_true(onym_text_readable(onym_span_text("名称\r\n\tx")));
    assert_false(onym_text_readable(onym_span_of("\0", 1)));
    assert_false(onym_text_readable(onym_span_text("\x1f")));
    assert_true(onym_text_readable(onym_span_text("\x20")));
    assert_true(onym_text_readable(onym_span_text("\x7e")));
    assert_false(onym_text_readable(onym_span_text("\x7f")));
    assert_false(onym_text_readable(onym_span_text("\xc2\x9f")));
    assert_true(onym_text_readable(onym_span_text("\u00a0")));
    assert_false(onym_text_readable(onym_span_text("a\xff")));
}

static void
base64_and_hex(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    uint8_t long_input[100] = {0};
    char *got;

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        got = printed(onym_base64_print, onym_span_text(pairs[i][0]));
        assert_string_equal(got, pairs[i][1]);
        free(got);
    }
    got = printed(onym_base64_print, onym_span_of(long_input, sizeof long_input));
    assert_int_equal(strlen(got), 136);
    assert_int_equal(strspn(got, "A"), 134);
    free(got);
    got = printed(onym_hex_print, onym_span_of("\x00\xff\x1a", 3));
    assert_string_equal(got, "00ff1a");
    free(got);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmless_text_is_printed_as_it_is),
        cmocka_unit_test(what_could_steer_a_terminal_is_escaped),
        cmocka_unit_test(every_byte_alone_gives_one_safe_piece),
        cmocka_unit_test(padding_counts_columns_not_bytes),
        cmocka_unit_test(readable_is_text_with_line_ends_and_nothing_else),
        cmocka_unit_test(base64_and_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
