#include "tools/bench_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER(status, body_len, body)                                                             \
    "HTTP/1.1 " status "\r\nDate: today\r\ncontent-length:  " body_len "\r\n\r\n" body
#define FOUND "{\"responseCode\":1,\"handle\":\"88.1/a\",\"values\":[{}]}"

static enum onym_bench_http_step
cut(const char *text, struct onym_bench_http *out)
{
    size_t need = 0;

    return onym_bench_http_cut(onym_span_text(text), out, &need);
}

static enum onym_bench_verdict
judge(const char *body, uint32_t status, uint32_t expected, struct onym_bench_reply *reply)
{
    struct onym_bench_http answer = {.status = status, .body = onym_span_text(body)};

    onym_bench_reply_init(reply, onym_span_text("88.1/a"), 1);
    reply->expected = expected;
    return onym_bench_http_judge(&answer, reply);
}

static void
http_cuts_an_answer_however_torn(void **state)
{
    const char *text = ANSWER("200 OK", "50", FOUND) "HTTP/1.1";
    size_t whole = strlen(text) - strlen("HTTP/1.1");
    struct onym_bench_http out = {0};
    size_t need;

    (void)state;
    assert_int_equal(strlen(FOUND), 50);
    for (size_t len = 0; len < whole; len++) {
        assert_int_equal(onym_bench_http_cut(onym_span_of(text, len), &out, &need),
                         ONYM_BENCH_HTTP_MORE);
        assert_true(need > len && need <= whole);
    }
    assert_int_equal(cut(text, &out), ONYM_BENCH_HTTP_WHOLE);
    assert_int_equal(out.used, whole);
    assert_int_equal(out.status, 200);
    assert_false(out.closes);
    assert_true(onym_span_equal(out.body, onym_span_text(FOUND)));
}

static void
http_refuses_what_it_cannot_follow(void **state)
{
    struct onym_bench_http out = {0};
    static char long_head[ONYM_BENCH_HTTP_HEAD_MAX + 1];

    (void)state;
    assert_int_equal(cut("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", &out),
                     ONYM_BENCH_HTTP_BAD);
    assert_int_equal(cut("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", &out),
                     ONYM_BENCH_HTTP_BAD);
    assert_int_equal(cut("HTTP/1.1 200 OK\r\n\r\n", &out), ONYM_BENCH_HTTP_BAD);
    assert_int_equal(cut(ANSWER("200 OK", "8388608", ""), &out), ONYM_BENCH_HTTP_MORE);
    assert_int_equal(cut(ANSWER("200 OK", "8388609", ""), &out), ONYM_BENCH_HTTP_BAD);
    assert_int_equal(cut("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", &out),
                     ONYM_BENCH_HTTP_WHOLE);
    assert_true(out.closes);
    memset(long_head, 'a', ONYM_BENCH_HTTP_HEAD_MAX - 1);
    assert_int_equal(cut(long_head, &out), ONYM_BENCH_HTTP_MORE);
    memset(long_head, 'a', ONYM_BENCH_HTTP_HEAD_MAX);
    assert_int_equal(cut(long_head, &out), ONYM_BENCH_HTTP_BAD);
}

static void
http_judges_code_and_name(void **state)
{
    struct onym_bench_reply reply;

    (void)state;
    assert_int_equal(judge(FOUND, 200, 1, &reply), ONYM_BENCH_DONE);
    assert_int_equal(reply.code, 1);
    assert_int_equal(judge("{\"responseCode\":1,\"handle\":\"88.1/b\"}", 200, 1, &reply),
                     ONYM_BENCH_WRONG);
    assert_int_equal(judge("{\"responseCode\":1,\"handle\":\"88.1/ab\"}", 200, 1, &reply),
                     ONYM_BENCH_WRONG);
    assert_int_equal(
        judge("{\"responseCode\":1,\"handle\":\"88.1/a\",\"values\":[]}", 200, 1, &reply),
        ONYM_BENCH_WRONG);
    assert_int_equal(judge("{\"responseCode\":1,\"handle\":\"88.1/a\"}", 200, 1, &reply),
                     ONYM_BENCH_WRONG);
    assert_int_equal(judge("{\"responseCode\":100,\"handle\":\"x\"}", 404, 100, &reply),
                     ONYM_BENCH_DONE);
    assert_int_equal(judge("{\"responseCode\":100}", 404, 1, &reply), ONYM_BENCH_WRONG);
    assert_int_equal(reply.code, 100);
    assert_int_equal(judge("busy", 503, 1, &reply), ONYM_BENCH_WRONG);
    assert_int_equal(reply.code, ONYM_BENCH_HTTP_CODE + 503);
    assert_int_equal(judge("{\"responseCode\":}", 200, 1, &reply), ONYM_BENCH_WRONG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_cuts_an_answer_however_torn),
        cmocka_unit_test(http_refuses_what_it_cannot_follow),
        cmocka_unit_test(http_judges_code_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
