/* Times and base64. */
#include "wire/json_base64.h"
#include "wire/json_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void
times_are_read_as_they_are_written(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"1970-01-01T00:00:00.001Z", 1},
                 {"2000-02-29T23:59:59Z", 951868799000},
                 {"2026-03-11T08:00:00Z", 1773216000000},
                 {"2106-02-07T06:28:15Z", 4294967295000},
                 {"9999-12-31T23:59:59.999Z", 253402300799999}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[ONYM_TIME_TEXT_MAX];
        uint64_t ms = 1;

        assert_int_equal(onym_time_parse(onym_span_text(cases[i].text), &ms), ONYM_OK);
        assert_int_equal(ms, cases[i].ms);
        onym_time_format(ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void
a_time_asked_for_again_is_the_same(void **state)
{
    struct onym_time_memo memo = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_string_equal(onym_time_text(&memo, 0), "1970-01-01T00:00:00Z"); /* none yet */
        assert_string_equal(onym_time_text(&memo, 0), "1970-01-01T00:00:00Z");
        assert_string_equal(onym_time_text(&memo, 1), "1970-01-01T00:00:00.001Z");
        assert_string_equal(onym_time_text(&memo, 1000), "1970-01-01T00:00:01Z");
        assert_string_equal(onym_time_text(&memo, 86399999), "1970-01-01T23:59:59.999Z");
        assert_string_equal(onym_time_text(&memo, 86400000), "1970-01-02T00:00:00Z");
    }
}

static void
every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 47482; day++) { /* to the end of 2099 */
        time_t s = (time_t)(day * 86400 + day % 86400);
        char text[ONYM_TIME_TEXT_MAX];
        char expected[32];
        char http[ONYM_TIME_HTTP_LEN + 1] = {0};
        struct tm tm;
        uint64_t ms = 0;

        assert_non_null(gmtime_r(&s, &tm));
        assert_true(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
        onym_time_format((uint64_t)s * 1000, text);
        assert_string_equal(text, expected);
        assert_int_equal(onym_time_parse(onym_span_text(expected), &ms), ONYM_OK);
        assert_int_equal(ms, (uint64_t)s * 1000);
        assert_true(strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
        onym_time_http((uint64_t)s, http);
        assert_string_equal(http, expected);
    }
}

static void
offsets_and_fractions_count(void **state)
{
    uint64_t ms = 0;

    (void)state;
    assert_int_equal(onym_time_parse(onym_span_text("2026-03-11T08:00:00+08:00"), &ms), ONYM_OK);
    assert_int_equal(ms, 1773187200000);
    assert_int_equal(onym_time_parse(onym_span_text("2026-03-11T08:00:00-00:30"), &ms), ONYM_OK);
    assert_int_equal(ms, 1773217800000);
    assert_int_equal(onym_time_parse(onym_span_text("2026-03-11T08:00:00.9876543Z"), &ms), ONYM_OK);
    assert_int_equal(ms, 1773216000987);
}

static void
other_times_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "2026-03-11",
                                      "2026-03-11T08:00:00",
                                      "2026-03-11 08:00:00Z",
                                      "2026-03-11T08:00:00z",
                                      "2026-03-11T08:00:00.Z",
                                      "2026-03-11T08:00:00Zx",
                                      "2026-03-11T08:00:00+0800",
                                      "2026-03-11T08:00:00+24:00",
                                      "2026-03-11T24:00:00Z",
                                      "2026-03-11T08:60:00Z",
                                      "2026-03-11T08:00:60Z",
                                      "2026-02-29T08:00:00Z",
                                      "2100-02-29T08:00:00Z",
                                      "2026-13-01T08:00:00Z",
                                      "2026-00-01T08:00:00Z",
                                      "2026-04-31T08:00:00Z",
                                      "2026-04-00T08:00:00Z",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+00:01"};
    uint64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (onym_time_parse(onym_span_text(bad[i]), &ms) != ONYM_MALFORMED) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

static void
base64_has_the_vectors_of_its_rfc(void **state)
{
    static const struct {
        const char *bytes, *standard, *url;
    } cases[] = {{"", "", ""},
                 {"f", "Zg==", "Zg"},
                 {"fo", "Zm8=", "Zm8"},
                 {"foo", "Zm9v", "Zm9v"},
                 {"foob", "Zm9vYg==", "Zm9vYg"},
                 {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                 {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                 {"\xFB\xFF\xFE", "+//+", "-__-"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int url = 0; url < 2; url++) {
            enum onym_base64 kind = url == 1 ? ONYM_BASE64_URL : ONYM_BASE64_STANDARD;
            const char *expected = url == 1 ? cases[i].url : cases[i].standard;
            onym_span bytes = onym_span_text(cases[i].bytes);
            char text[16] = "";
            uint8_t back[16];
            size_t len = 99;

            assert_int_equal(onym_base64_encoded_len(kind, bytes.len), strlen(expected));
            onym_base64_encode(kind, bytes, text);
            assert_string_equal(text, expected);
            assert_int_equal(onym_base64_decode(kind, onym_span_text(expected), back, &len),
                             ONYM_OK);
            assert_true(onym_span_equal(onym_span_of(back, len), bytes));
        }
    }
}

static void
other_base64_is_refused(void **state)
{
    static const char *const bad[] = {"Z",     "Zg",   "Zg=",  "Zg===", "Zh==", "Zm9=",
                                      "Zm9v=", "Z=g=", "====", "Zm 9",  "Zm9-", "Zm\n9"};
    static const char *const bad_url[] = {"Z", "Zg==", "Zh", "Zm9", "Zm9+", "Zm9/"};
    uint8_t back[32];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (onym_base64_decode(ONYM_BASE64_STANDARD, onym_span_text(bad[i]), back, &len) !=
            ONYM_MALFORMED) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    for (size_t i = 0; i < sizeof bad_url / sizeof bad_url[0]; i++) {
        if (onym_base64_decode(ONYM_BASE64_URL, onym_span_text(bad_url[i]), back, &len) !=
            ONYM_MALFORMED) {
            fail_msg("accepted: %s", bad_url[i]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_as_they_are_written),
        cmocka_unit_test(a_time_asked_for_again_is_the_same),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(offsets_and_fractions_count),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(base64_has_the_vectors_of_its_rfc),
        cmocka_unit_test(other_base64_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
