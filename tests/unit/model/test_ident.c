#include "onym/model/ident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BYTES(literal) onym_span_of((literal), sizeof(literal) - 1)

static void
assert_span(onym_span span, const char *text)
{
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.at, text, span.len);
}

static void
ident_split_cuts_at_the_first_slash(void **state)
{
    static const struct {
        const char *name, *prefix, *suffix;
    } rows[] = {
        {"88.9420.106/EN.P.1", "88.9420.106", "EN.P.1"},
        {"88.9420.101/曲轴/2026/03", "88.9420.101", "曲轴/2026/03"},
        {"0.NA/88.9420", "0.NA", "88.9420"},
        {"/x", "", "x"},
        {"x/", "x", ""},
        {"/", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct onym_ident ident = onym_ident_split(onym_span_text(rows[i].name));

        assert_true(ident.has_slash);
        assert_span(ident.name, rows[i].name);
        assert_span(ident.prefix, rows[i].prefix);
        assert_span(ident.suffix, rows[i].suffix);
    }
}

static void
ident_split_without_slash_is_all_suffix(void **state)
{
    struct onym_ident ident = onym_ident_split(BYTES("88.9420.101EN.P"));

    (void)state;
    assert_false(ident.has_slash);
    assert_span(ident.prefix, "0.NA");
    assert_span(ident.suffix, "88.9420.101EN.P");
    ident = onym_ident_split(onym_span_of(NULL, 0));
    assert_false(ident.has_slash);
    assert_span(ident.prefix, "0.NA");
    assert_int_equal(ident.suffix.len, 0);
}

static void
ident_upper_folds_ascii_letters_and_nothing_else(void **state)
{
    uint8_t all[256];
    uint8_t out[256];

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    onym_ident_upper(onym_span_of(all, sizeof all), out);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(out[i], i >= 'a' && i <= 'z' ? i - 32 : i);
    }
    for (size_t len = 0; len <= 26; len++) { /* nothing is written behind the end */
        out[len] = '-';
        onym_ident_upper(onym_span_of(&all['a'], len), out);
        assert_memory_equal(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", len);
        assert_int_equal(out[len], '-');
    }
}

static void
ident_folds_to_is_upper_and_equal(void **state)
{
    uint8_t name[40];
    uint8_t folded[40];

    (void)state;
    for (size_t len = 0; len <= sizeof name; len++) {
        for (size_t i = 0; i < len; i++) {
            name[i] = (uint8_t)(i % 3 == 0 ? 'a' + i % 26 : '0' + i % 10);
        }
        onym_ident_upper(onym_span_of(name, len), folded);
        assert_true(onym_ident_folds_to(onym_span_of(name, len), onym_span_of(folded, len)));
        assert_true(onym_ident_folds_to(onym_span_of(folded, len), onym_span_of(folded, len)));
        for (size_t i = 0; i < len; i++) {
            name[i] ^= 0x80;
            assert_false(onym_ident_folds_to(onym_span_of(name, len), onym_span_of(folded, len)));
            name[i] ^= 0x80;
        }
        if (len > 0) {
            assert_false(
                onym_ident_folds_to(onym_span_of(name, len), onym_span_of(folded, len - 1)));
        }
    }
}

static void
ident_fold_touches_what_it_is_told(void **state)
{
    static const struct {
        const char *name;
        enum onym_fold fold;
        const char *folded;
    } rows[] = {
        {"ab.c/de.f", ONYM_FOLD_ALL, "AB.C/DE.F"},
        {"ab.c/de.f", ONYM_FOLD_PREFIX, "AB.C/de.f"},
        {"ab.c/d/e", ONYM_FOLD_PREFIX, "AB.C/d/e"},
        {"0.na/ab.c", ONYM_FOLD_PREFIX, "0.NA/AB.C"},
        {"0.type/do", ONYM_FOLD_PREFIX, "0.TYPE/DO"},
        {"0/ab", ONYM_FOLD_PREFIX, "0/ab"},
        {"abc", ONYM_FOLD_PREFIX, "ABC"},
        {"88.9420.101/曲轴é", ONYM_FOLD_ALL, "88.9420.101/曲轴é"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        onym_span name = onym_span_text(rows[i].name);
        uint8_t out[64];

        onym_ident_fold(name, rows[i].fold, out);
        assert_span(onym_span_of(out, name.len), rows[i].folded);
    }
}

static void
ident_equal_ignores_ascii_case_where_told(void **state)
{
    static const struct {
        const char *a, *b;
        bool all, prefix;
    } rows[] = {
        {"88.9420.106/en.p.1005.1005021-e1300.260308.001204-v",
         "88.9420.106/EN.P.1005.1005021-E1300.260308.001204-V", true, false},
        {"88.101.0042/001", "88.101.42/001", false, false},
        {"88.101.0042/001", "88.101.0042/1", false, false},
        {"88.101.0042/001", "88.101.0042/001", true, true},
        {"abc.d/x", "ABC.D/x", true, true},
        {"abc.d/x", "ABC.D/X", true, false},
        {"abc.d/x/y", "ABC.D/x/Y", true, false},
        {"0.na/abc.d", "0.NA/ABC.D", true, true},
        {"88.9420.101/é", "88.9420.101/É", false, false},                /* no Unicode folding */
        {"88.9420.101/\xC3\xA9", "88.9420.101/e\xCC\x81", false, false}, /* nor normalisation */
        {"88.9420.101/{", "88.9420.101/[", false, false}, /* 0x20 apart, not letters */
        {"88.9420.101/x", "88.9420.101/xx", false, false},
        {"", "", true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        onym_span a = onym_span_text(rows[i].a);
        onym_span b = onym_span_text(rows[i].b);

        assert_int_equal(onym_ident_equal(a, b, ONYM_FOLD_ALL), rows[i].all);
        assert_int_equal(onym_ident_equal(b, a, ONYM_FOLD_ALL), rows[i].all);
        assert_int_equal(onym_ident_equal(a, b, ONYM_FOLD_PREFIX), rows[i].prefix);
        assert_int_equal(onym_ident_equal(b, a, ONYM_FOLD_PREFIX), rows[i].prefix);
        assert_int_equal(onym_text_equal_nocase(a, b), rows[i].all);
    }
}

static void
ident_equal_says_what_folding_says(void **state)
{
    static const char *const names[] = {"ab/cd", "AB/cd", "ab/CD", "0.na/x", "0.NA/X", "abcd",
                                        "ABcd",  "a/b/c", "A/B/c", "0/a",    "0/A",    "0.a/b",
                                        "",      "/",     "a/",    "A/",     "88.1/x", "88.1/X"};
    enum { COUNT = sizeof names / sizeof names[0] };

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            for (int fold = ONYM_FOLD_ALL; fold <= ONYM_FOLD_PREFIX; fold++) {
                onym_span a = onym_span_text(names[i]);
                onym_span b = onym_span_text(names[j]);
                uint8_t of_a[16];
                uint8_t of_b[16];

                onym_ident_fold(a, (enum onym_fold)fold, of_a);
                onym_ident_fold(b, (enum onym_fold)fold, of_b);
                assert_int_equal(
                    onym_ident_equal(a, b, (enum onym_fold)fold),
                    onym_span_equal(onym_span_of(of_a, a.len), onym_span_of(of_b, b.len)));
            }
        }
    }
}

static void
prefix_record_names_the_prefix_in_capitals(void **state)
{
    static const struct {
        const char *name, *record;
    } rows[] = {
        {"88.9420.101/x", "0.NA/88.9420.101"},
        {"abc.d/x/y", "0.NA/ABC.D"},
        {"0.NA/88.9420", "0.NA/0.NA"},
        {"0.na/88.9420", "0.NA/0.NA"},
        {"88.9420", "0.NA/0.NA"},
        {"/x", "0.NA/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[64];

        assert_span(onym_ident_prefix_record(onym_span_text(rows[i].name), out, sizeof out),
                    rows[i].record);
    }
}

static void
prefix_record_limits_at_and_one_past(void **state)
{
    uint8_t name[ONYM_NAME_LEN_MAX];
    uint8_t out[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span record;

    (void)state;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '/';
    record = onym_ident_prefix_record(onym_span_of(name, sizeof name), out, sizeof out);
    assert_int_equal(record.len, ONYM_NAME_LEN_MAX - 1 + 5);
    record = onym_ident_prefix_record(BYTES("88.1/x"), out, 9);
    assert_span(record, "0.NA/88.1");
    record = onym_ident_prefix_record(BYTES("88.1/x"), out, 8);
    assert_int_equal(record.len, 0);
}

static void
prefix_parent_drops_the_last_part(void **state)
{
    (void)state;
    assert_span(onym_prefix_parent(BYTES("88.9420.101")), "88.9420");
    assert_span(onym_prefix_parent(BYTES("88.9420")), "88");
    assert_int_equal(onym_prefix_parent(BYTES("88")).len, 0);
    assert_int_equal(onym_prefix_parent(onym_span_of(NULL, 0)).len, 0);
}

static void
ident_check_accepts_the_free_grammar(void **state)
{
    static const char *const names[] = {
        "88.118.8/JXDY2106023",
        "88.111.1/teleinfo.cn",
        "88.608.8889/META_453453453",
        "88.608.8889/App_ceshi",
        "88.9420.101/曲轴/2026/03",
        "88.101.0042/001",
        "88.9420/x",
        "86.122.2/SX-XYGS-1",
        "88.9420.101/a:b!\"#$%&'()*+,;<=>?@[\\]^`{|}~",
        "88.9420.101//",
        "88.9420.101/\xF0\xA0\x80\x80", /* U+20000 */
        "88.9420.101/\xC2\xA0",         /* the first after the C1 controls */
        "88.9420.123456789/x",
        "20.500.12345678901/x", /* the 9-digit rule is that of the national roots */
        "hdl.a-b/x",            /* and so is the digit rule */
        "880.abc/x",            /* "880" is another root */
        "0.NA/88.9420",         /* prefix records */
        "0.NA/88.9420.1234567890",
        "0.TYPE/DO",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *why = "untouched";

        assert_int_equal(onym_ident_check(onym_span_text(names[i]), &why), ONYM_OK);
        assert_null(why);
        assert_int_equal(onym_ident_check(onym_span_text(names[i]), NULL), ONYM_OK);
    }
}

static void
ident_check_refuses_with_a_reason(void **state)
{
    static const struct {
        onym_span name;
        const char *why;
    } rows[] = {
#define REFUSED(literal, reason) {{(const uint8_t *)(literal), sizeof(literal) - 1}, reason}
        REFUSED("", "empty"),
        REFUSED("88.9420.101/", "nothing after the '/'"),
        REFUSED("88.9420.101EN.P", "has no '/' between prefix and suffix"),
        REFUSED("88..101/x", "an empty prefix part"),
        REFUSED(".88.101/x", "an empty prefix part"),
        REFUSED("88.101./x", "an empty prefix part"),
        REFUSED("/x", "an empty prefix part"),
        REFUSED("88.9420.1234567890/x", "a prefix part of more than 9 digits"),
        REFUSED("86.1234567890/x", "a prefix part of more than 9 digits"),
        REFUSED("88.9420.10a/x", "a prefix part that is not all digits"),
        REFUSED("88.9420.１/x", "a prefix part that is not all digits"), /* full-width digit */
        REFUSED("88.9420.101/a b", "contains a space"),
        REFUSED("88.9420. 101/a", "contains a space"),
        REFUSED("88.9420.101/a\tb", "contains a control character"),
        REFUSED("88.9420.101/a\nb", "contains a control character"),
        REFUSED("88.9420.101/a\0b", "contains a control character"),
        REFUSED("88.9420.101/\x1F", "contains a control character"),
        REFUSED("88.9420.101/\x7F", "contains a control character"),
        REFUSED("88.9420.101/\xC2\x80", "contains a control character"), /* C1 */
        REFUSED("88.9420.101/\xC2\x9F", "contains a control character"),
        REFUSED("88.9420.101/\xEF\xBB\xBFx", "contains a byte order mark"),
        REFUSED("88.9420.101/\xE2\x80\xAEx", "contains a bidirectional control"), /* U+202E */
        REFUSED("88.9420.101/\xE2\x81\xA9x", "contains a bidirectional control"), /* U+2069 */
        REFUSED("88.9420.101/\xE2\x80\x8Fx", "contains a bidirectional control"), /* U+200F */
        REFUSED("88.9420.101/\xD8\x9Cx", "contains a bidirectional control"),     /* U+061C */
        REFUSED("88.9420.101/\xC0\xAF", "not valid UTF-8"),                       /* overlong '/' */
        REFUSED("88.9420.101/\xE0\x80\xAF", "not valid UTF-8"),                   /* overlong '/' */
        REFUSED("88.9420.101/\xF0\x80\x80\xAF", "not valid UTF-8"),               /* overlong '/' */
        REFUSED("88.9420.101/\xED\xA0\x80", "not valid UTF-8"),                   /* surrogate */
        REFUSED("88.9420.101/\xF4\x90\x80\x80", "not valid UTF-8"), /* above U+10FFFF */
        REFUSED("88.9420.101/\xE6\x9B", "not valid UTF-8"),         /* cut short */
        REFUSED("88.9420.101/\x80", "not valid UTF-8"),
        REFUSED("88.9420.101/\xFF", "not valid UTF-8"),
#undef REFUSED
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = NULL;

        assert_int_equal(onym_ident_check(rows[i].name, &why), ONYM_NAME_INVALID);
        assert_string_equal(why, rows[i].why);
        assert_int_equal(onym_ident_check(rows[i].name, NULL), ONYM_NAME_INVALID);
    }
}

static void
ident_check_bidirectional_controls_end_where_they_end(void **state)
{
    static const char *const neighbours[] = {
        "88.1/\xE2\x80\xA9", /* U+2029 */
        "88.1/\xE2\x80\xAF", /* U+202F */
        "88.1/\xE2\x81\xA5", /* U+2065 */
        "88.1/\xE2\x81\xAA", /* U+206A */
        "88.1/\xE2\x80\x8D", /* U+200D */
        "88.1/\xE2\x80\x90", /* U+2010 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof neighbours / sizeof neighbours[0]; i++) {
        assert_int_equal(onym_ident_check(onym_span_text(neighbours[i]), NULL), ONYM_OK);
    }
}

static void
ident_check_length_limit_at_and_one_past(void **state)
{
    uint8_t name[ONYM_NAME_LEN_MAX + 1];
    const char *why = NULL;

    (void)state;
    memset(name, 'x', sizeof name);
    memcpy(name, "88.1/", 5);
    assert_int_equal(onym_ident_check(onym_span_of(name, 2048), &why), ONYM_OK);
    assert_int_equal(onym_ident_check(onym_span_of(name, 2049), &why), ONYM_NAME_INVALID);
    assert_string_equal(why, "longer than 2048 bytes");
    /* bytes count, not characters */
    memcpy(name + 2046, "\xE6\x9B\xB2", 3);
    assert_int_equal(onym_ident_check(onym_span_of(name, 2049), &why), ONYM_NAME_INVALID);
    memcpy(name + 2045, "\xE6\x9B\xB2", 3);
    assert_int_equal(onym_ident_check(onym_span_of(name, 2048), &why), ONYM_OK);
}

static void
ident_check_part_limit_at_and_one_past(void **state)
{
    const char *why = NULL;

    (void)state;
    assert_int_equal(onym_ident_check(BYTES("88.123456789.123456789/x"), NULL), ONYM_OK);
    assert_int_equal(onym_ident_check(BYTES("88.1234567890.1/x"), &why), ONYM_NAME_INVALID);
    assert_string_equal(why, "a prefix part of more than 9 digits");
    assert_int_equal(onym_ident_check(BYTES("88.1.1234567890/x"), NULL), ONYM_NAME_INVALID);
}

static void
ident_check_refuses_every_control_octet(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t name[] = {'8', '8', '.', '1', '/', 'a', (uint8_t)c, 'b'};
        bool fine = c > 0x20 && c < 0x7F;

        assert_int_equal(onym_ident_check(onym_span_of(name, sizeof name), NULL),
                         fine ? ONYM_OK : ONYM_NAME_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ident_split_cuts_at_the_first_slash),
        cmocka_unit_test(ident_split_without_slash_is_all_suffix),
        cmocka_unit_test(ident_upper_folds_ascii_letters_and_nothing_else),
        cmocka_unit_test(ident_folds_to_is_upper_and_equal),
        cmocka_unit_test(ident_fold_touches_what_it_is_told),
        cmocka_unit_test(ident_equal_ignores_ascii_case_where_told),
        cmocka_unit_test(ident_equal_says_what_folding_says),
        cmocka_unit_test(prefix_record_names_the_prefix_in_capitals),
        cmocka_unit_test(prefix_record_limits_at_and_one_past),
        cmocka_unit_test(prefix_parent_drops_the_last_part),
        cmocka_unit_test(ident_check_accepts_the_free_grammar),
        cmocka_unit_test(ident_check_refuses_with_a_reason),
        cmocka_unit_test(ident_check_bidirectional_controls_end_where_they_end),
        cmocka_unit_test(ident_check_length_limit_at_and_one_past),
        cmocka_unit_test(ident_check_part_limit_at_and_one_past),
        cmocka_unit_test(ident_check_refuses_every_control_octet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
