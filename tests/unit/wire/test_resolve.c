/* Bodies of resolution, referrals, errors and the digest in front of replies, at their limits. */
#include "wire/resolve.h"

#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

#define ROOM 70000U

/* A body of a name of name_len bytes and two counts with nothing behind them. */
static onym_span
query_body(uint8_t *room, uint32_t name_len, uint32_t indexes, uint32_t types)
{
    struct onym_writer w = onym_writer_over(room, ROOM);

    onym_writer_u32(&w, name_len);
    if (onym_writer_take(&w, name_len) != NULL) {
        memset(room + 4, 'a', name_len);
    }
    onym_writer_u32(&w, indexes);
    onym_writer_u32(&w, types);
    return onym_writer_written(&w);
}

static void
query_takes_the_longest_name_and_refuses_one_byte_more(void **state)
{
    uint8_t room[ROOM];
    struct onym_query q;

    (void)state;
    assert_int_equal(onym_query_decode(query_body(room, ONYM_NAME_LEN_MAX, 0, 0), &q), ONYM_OK);
    assert_int_equal(q.name.len, ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_query_decode(query_body(room, ONYM_NAME_LEN_MAX + 1, 0, 0), &q),
                     ONYM_MALFORMED);
}

static void
query_refuses_lists_that_are_not_there(void **state)
{
    uint8_t room[ROOM];
    struct onym_query q;

    (void)state;
    assert_int_equal(onym_query_decode(query_body(room, 1, 1, 0), &q), ONYM_MALFORMED);
    assert_int_equal(onym_query_decode(query_body(room, 1, 0, 1), &q), ONYM_MALFORMED);
    assert_int_equal(onym_query_decode(query_body(room, 1, UINT32_MAX, 0), &q), ONYM_MALFORMED);
    assert_int_equal(onym_query_decode(query_body(room, 1, 0, UINT32_MAX), &q), ONYM_MALFORMED);
    assert_int_equal(onym_query_decode(query_body(room, 1, 0x40000000, 0), &q), ONYM_MALFORMED);
}

static void
query_takes_lists_of_the_greatest_count_and_refuses_one_more(void **state)
{
    size_t len = 4 + 1 + 4 + 4 * (size_t)(ONYM_COUNT_MAX + 1) + 4;
    uint8_t *body = calloc(1, len);
    struct onym_query q;

    (void)state;
    assert_non_null(body);
    onym_put_u32(body, 1);
    onym_put_u32(body + 5, ONYM_COUNT_MAX);
    assert_int_equal(onym_query_decode(onym_span_of(body, len), &q), ONYM_OK);
    assert_int_equal(q.indexes.count, ONYM_COUNT_MAX);
    onym_put_u32(body + 5, ONYM_COUNT_MAX + 1);
    assert_int_equal(onym_query_decode(onym_span_of(body, len), &q), ONYM_MALFORMED);
    onym_put_u32(body + 5, 0); /* now types: empty texts take four bytes as well */
    onym_put_u32(body + 9, ONYM_COUNT_MAX);
    assert_int_equal(onym_query_decode(onym_span_of(body, len), &q), ONYM_OK);
    assert_int_equal(q.types.count, ONYM_COUNT_MAX);
    onym_put_u32(body + 9, ONYM_COUNT_MAX + 1);
    assert_int_equal(onym_query_decode(onym_span_of(body, len), &q), ONYM_MALFORMED);
    free(body);
}

static void
query_ignores_bytes_behind(void **state)
{
    uint8_t room[ROOM];
    struct onym_query q;
    onym_span body = query_body(room, 1, 0, 0);

    (void)state;
    memset(room + body.len, 0xEE, 9);
    assert_int_equal(onym_query_decode(onym_span_of(room, body.len + 9), &q), ONYM_OK);
    assert_int_equal(q.types.count, 0);
    assert_false(q.public_only || q.no_referral);
}

static enum onym_status
digest(uint16_t version, uint32_t flags, const uint8_t *body, size_t len, size_t *digest_len,
       size_t *rest_len)
{
    struct onym_message m = {.envelope = {.version = version},
                             .header = {.flags = flags},
                             .body = onym_span_of(body, len)};
    uint8_t code = 77;
    onym_span found = onym_span_of(NULL, 0);
    onym_span rest = onym_span_of(NULL, 0);
    enum onym_status status = onym_reply_digest_decode(&m, &code, &found, &rest);

    *digest_len = found.len;
    *rest_len = rest.len;
    return status;
}

static void
digest_length_follows_its_code(void **state)
{
    static const size_t lens[] = {16, 20, 32};
    uint8_t body[40] = {0};
    size_t found;
    size_t rest;

    (void)state;
    for (uint8_t code = 0; code < 6; code++) {
        size_t len = code >= 1 && code <= 3 ? lens[code - 1] : 0;

        assert_int_equal(onym_digest_code_len(code), len);
        body[0] = code;
        if (len == 0) {
            assert_int_equal(digest(ONYM_VERSION(2, 11), ONYM_FLAG_REQUEST_DIGEST, body,
                                    sizeof body, &found, &rest),
                             ONYM_MALFORMED);
            continue;
        }
        assert_int_equal(
            digest(ONYM_VERSION(2, 11), ONYM_FLAG_REQUEST_DIGEST, body, 1 + len, &found, &rest),
            ONYM_OK);
        assert_int_equal(found, len);
        assert_int_equal(rest, 0);
        assert_int_equal(
            digest(ONYM_VERSION(2, 11), ONYM_FLAG_REQUEST_DIGEST, body, len, &found, &rest),
            ONYM_MALFORMED);
    }
    assert_int_equal(onym_digest_code_len(255), 0);
}

static void
digest_is_there_only_with_its_flag_and_from_2_1_on(void **state)
{
    uint8_t body[40] = {ONYM_DIGEST_SHA1};
    size_t found;
    size_t rest;

    (void)state;
    assert_int_equal(digest(ONYM_VERSION(2, 11), 0, body, 40, &found, &rest), ONYM_OK);
    assert_int_equal(rest, 40);
    assert_int_equal(digest(ONYM_VERSION(2, 0), ONYM_FLAG_REQUEST_DIGEST, body, 40, &found, &rest),
                     ONYM_OK);
    assert_int_equal(rest, 40);
    assert_int_equal(digest(ONYM_VERSION(2, 1), ONYM_FLAG_REQUEST_DIGEST, body, 40, &found, &rest),
                     ONYM_OK);
    assert_int_equal(found, 20);
    assert_int_equal(rest, 19);
}

/* A reply of name "n" and count values without type and data. */
static onym_span
reply_body(uint8_t *room, uint32_t count)
{
    struct onym_writer w = onym_writer_over(room, ROOM);

    onym_writer_counted(&w, onym_span_text("n"));
    onym_writer_u32(&w, count);
    for (uint32_t i = 0; i < count && w.status == ONYM_OK; i++) {
        struct onym_value value = {.index = i + 1};
        size_t len = 0;

        assert_int_equal(onym_value_encode(&value, room + w.len, ROOM - w.len, &len), ONYM_OK);
        w.len += len;
    }
    return onym_writer_written(&w);
}

static void
resolve_reply_takes_the_greatest_number_of_values_and_refuses_one_more(void **state)
{
    uint8_t room[ROOM];
    struct onym_resolve_reply reply;

    (void)state;
    assert_int_equal(onym_resolve_reply_decode(reply_body(room, ONYM_VALUES_MAX), &reply), ONYM_OK);
    assert_int_equal(reply.values.count, ONYM_VALUES_MAX);
    assert_int_equal(onym_resolve_reply_decode(reply_body(room, ONYM_VALUES_MAX + 1), &reply),
                     ONYM_MALFORMED);
}

static void
resolve_reply_ends_with_its_values(void **state)
{
    uint8_t room[ROOM];
    struct onym_resolve_reply reply;
    onym_span body = reply_body(room, 2);

    (void)state;
    assert_int_equal(onym_resolve_reply_decode(onym_span_of(room, body.len + 1), &reply),
                     ONYM_MALFORMED);
    assert_int_equal(onym_resolve_reply_decode(onym_span_of(room, body.len - 1), &reply),
                     ONYM_MALFORMED);
}

static void
referral_tells_an_absent_list_from_an_empty_one(void **state)
{
    uint8_t room[ROOM];
    uint8_t out[64];
    struct onym_referral_reply reply;
    size_t len;

    (void)state;
    assert_int_equal(onym_referral_reply_decode(onym_span_front(reply_body(room, 0), 5), &reply),
                     ONYM_OK);
    assert_false(reply.has_values);
    assert_int_equal(onym_referral_reply_encode(&reply, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(len, 5);
    assert_int_equal(onym_referral_reply_decode(reply_body(room, 0), &reply), ONYM_OK);
    assert_true(reply.has_values);
    assert_int_equal(onym_referral_reply_encode(&reply, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(len, 9);
    assert_int_equal(onym_referral_reply_encode(&reply, out, 8, &len), ONYM_NO_SPACE);
}

static void
error_text_may_be_empty_but_not_missing(void **state)
{
    static const uint8_t empty[4] = {0, 0, 0, 0};
    onym_span text = onym_span_text("x");

    (void)state;
    assert_int_equal(onym_error_reply_decode(onym_span_of(empty, 4), &text), ONYM_OK);
    assert_int_equal(text.len, 0);
    assert_int_equal(onym_error_reply_decode(onym_span_of(empty, 3), &text), ONYM_MALFORMED);
    assert_int_equal(onym_error_reply_decode(onym_span_of(NULL, 0), &text), ONYM_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_takes_the_longest_name_and_refuses_one_byte_more),
        cmocka_unit_test(query_refuses_lists_that_are_not_there),
        cmocka_unit_test(query_takes_lists_of_the_greatest_count_and_refuses_one_more),
        cmocka_unit_test(query_ignores_bytes_behind),
        cmocka_unit_test(digest_length_follows_its_code),
        cmocka_unit_test(digest_is_there_only_with_its_flag_and_from_2_1_on),
        cmocka_unit_test(resolve_reply_takes_the_greatest_number_of_values_and_refuses_one_more),
        cmocka_unit_test(resolve_reply_ends_with_its_values),
        cmocka_unit_test(referral_tells_an_absent_list_from_an_empty_one),
        cmocka_unit_test(error_text_may_be_empty_but_not_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
