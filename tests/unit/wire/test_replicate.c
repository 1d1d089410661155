/* Requests of replication: both forms of the log request, the optional start of a dump. */
#include "wire/replicate.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>

#define ROOM 128U

static const struct onym_log_request position = {
    .last_id = 41, .last_query_ms = 1700000000123, .hash_option = 2, .servers = 3, .server = 1};

static void
log_request_has_a_form_byte_from_2_9_on(void **state)
{
    uint8_t out[ROOM];
    size_t old_len;
    size_t len;
    struct onym_log_request found;
    onym_span body;

    (void)state;
    assert_int_equal(onym_log_request_encode(&position, ONYM_VERSION(2, 8), out, ROOM, &old_len),
                     ONYM_OK);
    assert_int_equal(old_len, 25);
    body = onym_span_of(out, old_len);
    assert_int_equal(onym_log_request_decode(&body, ONYM_VERSION(2, 8), &found), ONYM_OK);
    assert_int_equal(found.last_id, 41);
    assert_true(found.last_query_ms == 1700000000123);
    assert_int_equal(found.server, 1);
    assert_int_equal(onym_log_request_encode(&position, ONYM_VERSION(2, 9), out, ROOM, &len),
                     ONYM_OK);
    assert_int_equal(len, 26);
    assert_int_equal(out[0], 0);
    body = onym_span_of(out, len);
    assert_int_equal(onym_log_request_decode(&body, ONYM_VERSION(2, 9), &found), ONYM_OK);
    assert_int_equal(found.last_id, 41);
    out[0] = 2;
    body = onym_span_of(out, len);
    assert_int_equal(onym_log_request_decode(&body, ONYM_VERSION(2, 9), &found), ONYM_MALFORMED);
}

static void
log_request_by_source_is_json_and_needs_2_9(void **state)
{
    struct onym_log_request request = position;
    struct onym_log_request found;
    uint8_t out[ROOM];
    size_t len;
    onym_span body;

    (void)state;
    request.by_source = true;
    request.states = onym_span_text("{}");
    assert_int_equal(onym_log_request_encode(&request, ONYM_VERSION(2, 8), out, ROOM, &len),
                     ONYM_INVALID);
    assert_int_equal(onym_log_request_encode(&request, ONYM_VERSION(2, 11), out, ROOM, &len),
                     ONYM_OK);
    body = onym_span_of(out, len);
    assert_int_equal(onym_log_request_decode(&body, ONYM_VERSION(2, 11), &found), ONYM_OK);
    assert_true(found.by_source);
    assert_true(onym_span_equal(found.states, request.states));
    assert_int_equal(found.hash_option, 2);
}

static void
dump_request_may_have_a_start(void **state)
{
    struct onym_dump_request dump = {.hash_option = 1, .servers = 2, .server = 1};
    struct onym_dump_request found;
    uint8_t out[ROOM];
    size_t len;
    onym_span body;

    (void)state;
    assert_int_equal(onym_dump_request_encode(&dump, out, ROOM, &len), ONYM_OK);
    assert_int_equal(len, 9);
    body = onym_span_of(out, len);
    assert_int_equal(onym_dump_request_decode(&body, &found), ONYM_OK);
    assert_false(found.has_start);
    dump.has_start = true;
    dump.start = onym_span_text("a/b");
    dump.start_kind = 1;
    assert_int_equal(onym_dump_request_encode(&dump, out, ROOM, &len), ONYM_OK);
    assert_int_equal(len, 20);
    for (size_t cut = 10; cut < len; cut++) {
        body = onym_span_of(out, cut);
        assert_int_equal(onym_dump_request_decode(&body, &found), ONYM_MALFORMED);
    }
    body = onym_span_of(out, len);
    assert_int_equal(onym_dump_request_decode(&body, &found), ONYM_OK);
    assert_true(found.has_start);
    assert_int_equal(found.start_kind, 1);
}

static void
short_replies_need_all_their_bytes(void **state)
{
    static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    onym_span body = onym_span_of(bytes, 8);
    uint64_t id;
    bool keep_alive;

    (void)state;
    assert_int_equal(onym_next_txn_id_decode(&body, &id), ONYM_OK);
    assert_true(id == 0x0102030405060708);
    body = onym_span_of(bytes, 7);
    assert_int_equal(onym_next_txn_id_decode(&body, &id), ONYM_MALFORMED);
    body = onym_span_of(bytes, 1);
    assert_int_equal(onym_log_reply_decode(&body, &keep_alive), ONYM_OK);
    assert_true(keep_alive);
    body = onym_span_of(bytes + 1, 1);
    assert_int_equal(onym_log_reply_decode(&body, &keep_alive), ONYM_OK);
    assert_false(keep_alive);
    assert_int_equal(onym_log_reply_decode(&body, &keep_alive), ONYM_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_request_has_a_form_byte_from_2_9_on),
        cmocka_unit_test(log_request_by_source_is_json_and_needs_2_9),
        cmocka_unit_test(dump_request_may_have_a_start),
        cmocka_unit_test(short_replies_need_all_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
