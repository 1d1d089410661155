/* Agreeing on a session key. */
#include "auth/session.h"

#include "key_make.h"

static const char vector[] = "session-key/dh-aes";

static onym_span
number_of(void **state, const char *field)
{
    return hex_bytes(state,
                     json_string_value(json_object_get(vectors_record(state, vector), field)));
}

static onym_span
group(void **state, onym_span y, onym_span p, onym_span g)
{
    const onym_span fields[] = {y, p, g};

    return hs_pubkey(state, "DH_PUB_KEY", fields, 3);
}

static void
expect_vector(void **state, const char *ours, const char *number, const char *theirs)
{
    onym_span own = vector_hex(state, vector, ours);
    struct onym_session_secret secret;
    uint8_t out[ONYM_DH_DATA_MAX];
    size_t len = 0;
    struct onym_dh *dh = NULL;

    assert_int_equal(onym_dh_fixed(own, number_of(state, number), &dh), ONYM_OK);
    assert_int_equal(onym_dh_public(dh, out, own.len, &len), ONYM_OK);
    assert_true(onym_span_equal(onym_span_of(out, len), own));
    assert_int_equal(onym_dh_public(dh, out, own.len - 1, &len), ONYM_NO_SPACE);
    assert_int_equal(onym_dh_secret(dh, vector_hex(state, vector, theirs), &secret), ONYM_OK);
    assert_true(onym_span_equal(onym_span_of(secret.bytes, sizeof secret.bytes),
                                vector_hex(state, vector, "hex")));
    onym_dh_free(dh);
}

static void
key_of_the_reference(void **state)
{
    expect_vector(state, "client_public", "client_x", "server_public");
    expect_vector(state, "server_public", "server_x", "client_public");
}

static void
both_sides_agree(void **state)
{
    struct onym_session_secret a;
    struct onym_session_secret b;
    uint8_t *client_key = vectors_room(state, ONYM_DH_DATA_MAX);
    uint8_t *server_key = vectors_room(state, ONYM_DH_DATA_MAX);
    size_t client_len = 0;
    size_t server_len = 0;
    struct onym_dh *client = NULL;
    struct onym_dh *server = NULL;

    assert_int_equal(onym_dh_start(&client), ONYM_OK);
    assert_int_equal(onym_dh_public(client, client_key, ONYM_DH_DATA_MAX, &client_len), ONYM_OK);
    assert_int_equal(onym_dh_answer(onym_span_of(client_key, client_len), 2049, &server),
                     ONYM_SESSION_FAILED);
    assert_int_equal(onym_dh_answer(onym_span_of(client_key, client_len), 2048, &server), ONYM_OK);
    assert_int_equal(onym_dh_public(server, server_key, ONYM_DH_DATA_MAX, &server_len), ONYM_OK);
    assert_int_equal(onym_dh_secret(client, onym_span_of(server_key, server_len), &a), ONYM_OK);
    assert_int_equal(onym_dh_secret(server, onym_span_of(client_key, client_len), &b), ONYM_OK);
    assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
    onym_dh_free(server);
    /* another session agrees on something else */
    assert_int_equal(onym_dh_answer(onym_span_of(client_key, client_len), 1024, &server), ONYM_OK);
    assert_int_equal(onym_dh_secret(server, onym_span_of(client_key, client_len), &b), ONYM_OK);
    assert_memory_not_equal(a.bytes, b.bytes, sizeof a.bytes);
    onym_dh_free(server);
    onym_dh_free(client);
    onym_dh_free(NULL);
}

static enum onym_status
answer(onym_span client_key, unsigned bits_min)
{
    struct onym_dh *dh = NULL;
    enum onym_status status = onym_dh_answer(client_key, bits_min, &dh);

    onym_dh_free(dh);
    return status;
}

static void
groups_are_bounded(void **state)
{
    onym_span two = small_integer(state, 2);
    onym_span even = integer(state, 1024);
    uint8_t *room = vectors_room(state, even.len);

    memcpy(room, even.at, even.len);
    room[even.len - 1] = 2;
    assert_int_equal(answer(group(state, two, integer(state, 1023), two), ONYM_DH_BITS_FLOOR),
                     ONYM_SESSION_FAILED);
    assert_int_equal(answer(group(state, two, integer(state, 1024), two), ONYM_DH_BITS_FLOOR),
                     ONYM_OK);
    assert_int_equal(answer(group(state, two, integer(state, 4096), two), ONYM_DH_BITS_FLOOR),
                     ONYM_OK);
    assert_int_equal(answer(group(state, two, integer(state, 4097), two), ONYM_DH_BITS_FLOOR),
                     ONYM_SESSION_FAILED);
    assert_int_equal(answer(group(state, two, integer(state, 65536), two), ONYM_DH_BITS_FLOOR),
                     ONYM_SESSION_FAILED);
    assert_int_equal(answer(group(state, two, integer(state, 511), two), 0), ONYM_SESSION_FAILED);
    assert_int_equal(answer(group(state, two, integer(state, 512), two), 0), ONYM_OK);
    assert_int_equal(answer(group(state, two, onym_span_of(room, even.len), two), 0),
                     ONYM_SESSION_FAILED);
}

/* Big-endian p - n, for p = 2^1023 + 1. */
static onym_span
below(void **state, onym_span p, unsigned n)
{
    uint8_t *room = vectors_room(state, p.len);

    memcpy(room, p.at, p.len);
    if (n == 1) {
        room[p.len - 1] = 0;
    } else if (n == 2) {
        memset(room, 0xFF, p.len);
        room[0] = 0x7F;
    }
    return onym_span_of(room, p.len);
}

static void
numbers_lie_inside_the_group(void **state)
{
    onym_span p = integer(state, 1024);
    onym_span two = small_integer(state, 2);

    for (uint8_t low = 0; low < 2; low++) {
        onym_span small = small_integer(state, low);

        assert_int_equal(answer(group(state, small, p, two), 1024), ONYM_SESSION_FAILED);
        assert_int_equal(answer(group(state, two, p, small), 1024), ONYM_SESSION_FAILED);
    }
    for (unsigned n = 0; n < 3; n++) {
        enum onym_status expected = n == 2 ? ONYM_OK : ONYM_SESSION_FAILED;

        assert_int_equal(answer(group(state, below(state, p, n), p, two), 1024), expected);
        assert_int_equal(answer(group(state, two, p, below(state, p, n)), 1024), expected);
    }
    assert_int_equal(answer(group(state, integer(state, 1025), p, two), 1024), ONYM_SESSION_FAILED);
}

static void
only_a_dh_key_in_the_same_group_is_a_peer(void **state)
{
    onym_span client = vector_hex(state, vector, "client_public");
    onym_span two = small_integer(state, 2);
    onym_span p = number_of(state, "p");
    struct onym_session_secret secret;
    struct onym_dh *dh = NULL;

    assert_int_equal(answer(vector_hex(state, "key/test-rsa-2048", "hex"), 1024),
                     ONYM_SESSION_REQUEST_INVALID);
    assert_int_equal(answer(onym_span_of(NULL, 0), 1024), ONYM_SESSION_REQUEST_INVALID);
    for (size_t cut = 0; cut < client.len; cut++) {
        assert_int_equal(answer(onym_span_of(client.at, cut), 1024), ONYM_SESSION_REQUEST_INVALID);
    }
    assert_int_equal(onym_dh_answer(client, 1024, &dh), ONYM_OK);
    assert_int_equal(onym_dh_secret(dh, vector_hex(state, "key/test-rsa-2048", "hex"), &secret),
                     ONYM_SESSION_REQUEST_INVALID);
    assert_int_equal(onym_dh_secret(dh, group(state, two, integer(state, 1024), two), &secret),
                     ONYM_SESSION_FAILED);
    assert_int_equal(onym_dh_secret(dh, group(state, two, p, small_integer(state, 3)), &secret),
                     ONYM_SESSION_FAILED);
    assert_int_equal(onym_dh_secret(dh, group(state, small_integer(state, 1), p, two), &secret),
                     ONYM_SESSION_FAILED);
    assert_int_equal(onym_dh_secret(dh, group(state, p, p, two), &secret), ONYM_SESSION_FAILED);
    assert_int_equal(onym_dh_secret(dh, client, &secret), ONYM_OK);
    onym_dh_free(dh);
}

/* The secret 2 at the length of the group: zeros go until 32 bytes are left. */
static void
leading_zeros_go_while_more_than_32_bytes_remain(void **state)
{
    onym_span two = small_integer(state, 2);
    onym_span own = group(state, two, number_of(state, "p"), two);
    uint8_t expected[ONYM_DH_KEY_LEN] = {[ONYM_DH_KEY_LEN - 1] = 2};
    struct onym_session_secret secret;
    struct onym_dh *dh = NULL;

    assert_int_equal(onym_dh_fixed(own, small_integer(state, 1), &dh), ONYM_OK);
    assert_int_equal(onym_dh_secret(dh, own, &secret), ONYM_OK);
    assert_memory_equal(secret.bytes, expected, sizeof expected);
    onym_dh_free(dh);
    assert_int_equal(onym_dh_fixed(own, small_integer(state, 0), &dh), ONYM_INVALID);
    assert_int_equal(onym_dh_fixed(own, number_of(state, "p"), &dh), ONYM_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_of_the_reference),
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(groups_are_bounded),
        cmocka_unit_test(numbers_lie_inside_the_group),
        cmocka_unit_test(only_a_dh_key_in_the_same_group_is_a_peer),
        cmocka_unit_test(leading_zeros_go_while_more_than_32_bytes_remain),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
