#include "tools/bench_request.h"

#include "onym/model/hs_admin.h"
#include "wire/admin.h"
#include "wire/frame.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct onym_bench_identity identity = {.as = "301:0.NA/88.1",
                                                    .index = 301,
                                                    .handle = "0.NA/88.1",
                                                    .secret = "s3cret",
                                                    .under = "88.1",
                                                    .run = 0xAB};

static size_t
write_one(enum onym_bench_transport transport, enum onym_bench_kind kind, onym_span name,
          struct onym_bench_reply *reply, uint8_t *out)
{
    struct onym_bench_form form;
    struct onym_bench_ask ask = {
        .kind = kind, .name = name, .request_id = 9, .session = 10001, .note = 4};

    onym_bench_form_init(&form, transport, "localhost", false, 2000000000, &identity);
    return onym_bench_request_write(&form, &ask, reply, out);
}

static struct onym_message
message_of(const uint8_t *bytes, size_t len)
{
    struct onym_frame frame = onym_frame_cut(onym_span_of(bytes, len));
    struct onym_message m = {0};

    assert_int_equal(frame.verdict, ONYM_FRAME_MESSAGE);
    assert_int_equal(frame.used, len);
    assert_int_equal(onym_message_cut(&frame.envelope, frame.message, &m), ONYM_OK);
    return m;
}

static void
requests_of_the_longest_name_are_one_packet(void **state)
{
    static uint8_t name[ONYM_BENCH_NAME_LEN_MAX];
    static uint8_t out[ONYM_BENCH_REQUEST_MAX];
    struct onym_bench_reply reply;

    (void)state;
    memset(name, 'a', sizeof name);
    for (unsigned kind = ONYM_BENCH_RESOLVE; kind <= ONYM_BENCH_ROUTE; kind++) {
        size_t len = write_one(ONYM_BENCH_UDP, (enum onym_bench_kind)kind,
                               onym_span_of(name, sizeof name), &reply, out);

        assert_true(len <= ONYM_PACKET_LEN_MAX);
        assert_int_equal(message_of(out, len).header.opcode, ONYM_OP_RESOLVE);
    }
    /* the worst for a URL: every byte becomes three */
    memset(name, 0xE4, sizeof name);
    assert_true(write_one(ONYM_BENCH_HTTPS, ONYM_BENCH_REFUSED, onym_span_of(name, sizeof name),
                          &reply, out) < ONYM_BENCH_REQUEST_MAX);
}

static void
register_is_a_create_of_values_that_decode(void **state)
{
    static uint8_t out[ONYM_BENCH_REQUEST_MAX];
    uint8_t room[256];
    struct onym_writer w = onym_writer_over(room, sizeof room);
    struct onym_bench_reply reply;
    struct onym_admin_values values;
    struct onym_message m;

    (void)state;
    onym_bench_change_name(&identity, 2, 7, &w);
    assert_true(
        onym_span_equal(onym_writer_written(&w), onym_span_text("88.1/bench.000000AB.2.7")));
    m = message_of(
        out, write_one(ONYM_BENCH_TCP, ONYM_BENCH_REGISTER, onym_writer_written(&w), &reply, out));
    assert_int_equal(m.header.opcode, ONYM_OP_CREATE);
    assert_int_equal(m.envelope.session_id, 10001);
    assert_int_equal(onym_admin_values_decode(&m.body, &values), ONYM_OK);
    assert_true(onym_span_equal(values.name, onym_writer_written(&w)));
    assert_int_equal(values.values.count, 5);
    assert_true(reply.code_only);
    m = message_of(
        out, write_one(ONYM_BENCH_TCP, ONYM_BENCH_UPDATE, onym_writer_written(&w), &reply, out));
    assert_int_equal(m.header.opcode, ONYM_OP_MODIFY_VALUES);
    assert_int_equal(onym_admin_values_decode(&m.body, &values), ONYM_OK);
    assert_int_equal(values.values.count, 1);
}

static void
register_over_http_is_a_put_with_json(void **state)
{
    static uint8_t out[ONYM_BENCH_REQUEST_MAX + 1];
    struct onym_bench_reply reply;
    size_t len = write_one(ONYM_BENCH_HTTPS, ONYM_BENCH_REGISTER, onym_span_text("88.1/x"), &reply,
                           out);
    const char *text = (const char *)out;
    const char *body;
    json_t *values;

    (void)state;
    out[len] = '\0';
    assert_memory_equal(text, "PUT /api/handles/88.1/x?overwrite=false HTTP/1.1\r\n", 50);
    /* 301%3A0.NA/88.1:s3cret */
    assert_non_null(strstr(text, "\r\nAuthorization: Basic MzAxJTNBMC5OQS84OC4xOnMzY3JldA==\r\n"));
    body = strstr(text, "\r\n\r\n") + 4;
    assert_int_equal(strtoul(strstr(text, "Content-Length: ") + 16, NULL, 10), strlen(body));
    values = json_loads(body, 0, NULL);
    assert_int_equal(json_array_size(values), 5);
    json_decref(values);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_the_longest_name_are_one_packet),
        cmocka_unit_test(register_is_a_create_of_values_that_decode),
        cmocka_unit_test(register_over_http_is_a_put_with_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
