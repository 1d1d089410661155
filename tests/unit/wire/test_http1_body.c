#include "wire/http1_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct taken {
    struct onym_http1_content body;
    enum onym_http1_step step;
    char data[4096];
    size_t len;
    size_t left; /* of the input behind the body */
};

static void
begin(struct taken *t, enum onym_http1_body kind, uint64_t len)
{
    struct onym_http1_request request = {.body = kind, .body_len = len};

    memset(t, 0, sizeof *t);
    onym_http1_body_init(&t->body, &request);
    t->step = ONYM_HTTP1_MORE;
}

static void
feed(struct taken *t, onym_span input)
{
    while (t->step == ONYM_HTTP1_MORE && input.len > 0) {
        onym_span data;

        t->step = onym_http1_body_feed(&t->body, &input, &data);
        assert_true(t->len + data.len <= sizeof t->data);
        memcpy(t->data + t->len, data.at != NULL ? (const char *)data.at : "", data.len);
        t->len += data.len;
    }
    t->left += input.len;
}

static void
body_without_length_is_over(void **state)
{
    struct taken t;
    onym_span input = onym_span_text("next");
    onym_span data;

    (void)state;
    begin(&t, ONYM_HTTP1_NO_BODY, 0);
    assert_int_equal(onym_http1_body_feed(&t.body, &input, &data), ONYM_HTTP1_READY);
    assert_int_equal(input.len, 4);
    assert_int_equal(data.len, 0);
}

static void
body_of_a_size_ends_there(void **state)
{
    static const char text[] = "abcdefg";
    struct taken t;

    (void)state;
    for (size_t cut = 0; cut <= 7; cut++) {
        begin(&t, ONYM_HTTP1_SIZED_BODY, 5);
        feed(&t, onym_span_of(text, cut));
        feed(&t, onym_span_of(text + cut, 7 - cut));
        assert_int_equal(t.step, ONYM_HTTP1_READY);
        assert_int_equal(t.len, 5);
        assert_memory_equal(t.data, "abcde", 5);
        assert_int_equal(t.left, 2);
    }
}

static void
chunks_are_joined_however_torn(void **state)
{
    static const char text[] = "3;a=b\r\nabc\r\n00000002\r\nde\r\nA\r\n0123456789\r\n0\r\n"
                               "X-Y:\tz\r\nEmpty:\r\n\r\nNEXT";
    struct taken t;

    (void)state;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        begin(&t, ONYM_HTTP1_CHUNKED_BODY, 0);
        feed(&t, onym_span_of(text, cut));
        feed(&t, onym_span_of(text + cut, sizeof text - 1 - cut));
        assert_int_equal(t.step, ONYM_HTTP1_READY);
        assert_int_equal(t.len, 15);
        assert_memory_equal(t.data, "abcde0123456789", 15);
        assert_int_equal(t.left, 4);
    }
}

static void
chunks_without_form_are_refused(void **state)
{
    static const char *const cases[] = {
        "\r\n",
        ";\r\n",
        "g\r\n",
        "1 \r\na",
        "000000001\r\na",
        "1\na\n",
        "1\r\nab",
        "1\r\na\n",
        "1\rX",
        "1;\x01\r\na",
        "1;\x7F\r\na",
        "1;a\n",
        "0\r\n\rX",
        "0\r\n x: y\r\n",
        "0\r\n: y\r\n",
        "0\r\nx y:\r\n",
        "0\r\nx\r\n",
        "0\r\nx: \x02\r\n",
        "0\r\nx: y\n\r\n",
        "0\n\n",
    };
    struct taken t;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&t, ONYM_HTTP1_CHUNKED_BODY, 0);
        feed(&t, onym_span_text(cases[i]));
        if (t.step != ONYM_HTTP1_REFUSED) {
            fail_msg("%s", cases[i]);
        }
        assert_int_equal(t.body.refusal.status, 400);
        assert_non_null(t.body.refusal.reason);
    }
}

/* Extensions and trailers share one bound. */
static void
extras_are_bounded(void **state)
{
    static char text[ONYM_HTTP1_BODY_EXTRA_MAX + 64];
    struct taken t;

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        size_t at = (size_t)snprintf(text, sizeof text, "1;");
        size_t extension = ONYM_HTTP1_BODY_EXTRA_MAX / 2;
        size_t trailer = ONYM_HTTP1_BODY_EXTRA_MAX - extension + over;

        memset(text + at, 'e', extension);
        at += extension;
        at += (size_t)snprintf(text + at, sizeof text - at, "\r\na\r\n0\r\nx:");
        memset(text + at, 't', trailer - 2);
        at += trailer - 2;
        at += (size_t)snprintf(text + at, sizeof text - at, "\r\n\r\n");
        begin(&t, ONYM_HTTP1_CHUNKED_BODY, 0);
        feed(&t, onym_span_of(text, at));
        assert_int_equal(t.step, over == 0 ? ONYM_HTTP1_READY : ONYM_HTTP1_REFUSED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_without_length_is_over),
        cmocka_unit_test(body_of_a_size_ends_there),
        cmocka_unit_test(chunks_are_joined_however_torn),
        cmocka_unit_test(chunks_without_form_are_refused),
        cmocka_unit_test(extras_are_bounded),
    };

    return cmocka_run_group_tests_name("http1_body", tests, NULL, NULL);
}
