/* The request head once more: whole lines are looked at in another way than single bytes. */
#include "wire/http1.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above and below it in place */
#include <cmocka.h>

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: h\r\n"

static enum onym_http1_step
feed_all(struct onym_http1 *p, onym_span input)
{
    onym_http1_init(p);
    return onym_http1_feed(p, &input);
}

static void
http1_every_byte_in_every_place_is_judged_alike(void **state)
{
    static const char text[] =
        "FETCH /a/path/that/is/longer/than/two/blocks HTTP/1.1\r\nHost: h\r\n"
        "X-Some-Header: and a value that is longer than two blocks\r\n\r\n";
    char head[sizeof text];

    (void)state;
    memcpy(head, text, sizeof text);
    for (size_t at = 0; at < sizeof text - 1; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            struct onym_http1 whole;
            struct onym_http1 torn;
            enum onym_http1_step step;
            enum onym_http1_step torn_step = ONYM_HTTP1_MORE;

            head[at] = (char)byte;
            step = feed_all(&whole, onym_span_of(head, sizeof text - 1));
            onym_http1_init(&torn);
            for (size_t i = 0; i < sizeof text - 1 && torn_step == ONYM_HTTP1_MORE; i++) {
                onym_span one = onym_span_of(head + i, 1);

                torn_step = onym_http1_feed(&torn, &one);
            }
            assert_int_equal(torn_step, step);
            if (step == ONYM_HTTP1_REFUSED) {
                assert_ptr_equal(torn.refusal.reason, whole.refusal.reason);
            }
        }
        head[at] = text[at];
    }
}

static void
http1_finds_every_name_that_is_there(void **state)
{
    static const char *const names[] = {"host",    "content-length", "traceparent",
                                        "expect",  "x-request-id",   "accept-language",
                                        "z-other", "authorization",  "if-none-match"};
    static const char text[] = GET
        "HOST: h\r\nContent-Length: 0\r\ntraceparent:\r\nExpect: x\r\nX-REQUEST-ID: 1\r\n"
        "Accept-Language: zh\r\nZ-Other: a\r\nauthorization: b\r\nIf-None-Match: *\r\n\r\n";
    struct onym_http1 p;

    (void)state;
    assert_int_equal(feed_all(&p, onym_span_text(text)), ONYM_HTTP1_READY);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(onym_http1_may_have(&p.request, names[i]));
    }
    assert_int_equal(feed_all(&p, onym_span_text(GET HOST "\r\n")), ONYM_HTTP1_READY);
    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++) {
        assert_false(onym_http1_may_have(&p.request, names[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http1_every_byte_in_every_place_is_judged_alike),
        cmocka_unit_test(http1_finds_every_name_that_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
