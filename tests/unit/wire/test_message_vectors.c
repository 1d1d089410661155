/* Every golden message: any part of it and any flipped bit of it is refused, or survives being
 * decoded, encoded and decoded again. */
#include "support/roundtrip.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

static const char *const messages[] = {"message", "captured-message", NULL};

static void
expect_same(const struct test_vector *vector, void *context)
{
    (void)context;
    if (roundtrip_message(vector->bytes) != ROUNDTRIP_SAME) {
        fail_msg("%s", vector->name);
    }
}

static void
vectors_of_messages_survive_a_round_trip(void **state)
{
    (void)state;
    assert_true(test_vectors_each(messages, expect_same, NULL) > 0);
}

static void
flip_each_bit(const struct test_vector *vector, void *context)
{
    size_t *accepted = context;
    uint8_t *bytes = malloc(vector->bytes.len);

    assert_non_null(bytes);
    memcpy(bytes, vector->bytes.at, vector->bytes.len);
    for (size_t i = 0; i < vector->bytes.len * 8; i++) {
        enum roundtrip outcome;

        bytes[i / 8] ^= (uint8_t)(1U << (i % 8));
        outcome = roundtrip_message(onym_span_of(bytes, vector->bytes.len));
        bytes[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (outcome == ROUNDTRIP_DIFFERENT) {
            fail_msg("%s: bit %zu", vector->name, i);
        }
        *accepted += outcome == ROUNDTRIP_SAME ? 1U : 0U;
    }
    free(bytes);
}

static void
vectors_with_a_flipped_bit_are_refused_or_survive(void **state)
{
    size_t accepted = 0;

    (void)state;
    assert_true(test_vectors_each(messages, flip_each_bit, &accepted) > 0);
    assert_true(accepted > 0); /* data bytes may hold anything */
}

static void
cut_stream(const struct test_vector *vector, void *context)
{
    (void)context;
    for (size_t len = 0; len < vector->bytes.len; len++) {
        if (roundtrip_message(onym_span_front(vector->bytes, len)) != ROUNDTRIP_REFUSED) {
            fail_msg("%s: accepted after %zu bytes", vector->name, len);
        }
    }
}

static void
vectors_cut_short_are_refused(void **state)
{
    (void)state;
    assert_true(test_vectors_each(messages, cut_stream, NULL) > 0);
}

/* The message is shorter and its envelope says so: only the whole credential field may go. */
static void
cut_message(const struct test_vector *vector, void *context)
{
    struct onym_envelope envelope;
    onym_span message = onym_span_from(vector->bytes, ONYM_ENVELOPE_LEN);
    struct onym_message whole;
    struct onym_message m;

    (void)context;
    assert_int_equal(onym_envelope_decode(vector->bytes, &envelope), ONYM_OK);
    assert_int_equal(onym_message_cut(&envelope, message, &whole), ONYM_OK);
    for (size_t len = 0; len < message.len; len++) {
        bool without_credential = len == whole.digested.len;

        envelope.message_len = (uint32_t)len;
        assert_int_equal(onym_message_cut(&envelope, onym_span_front(message, len), &m),
                         without_credential ? ONYM_OK : ONYM_MALFORMED);
        assert_true(!without_credential || !m.has_credential);
    }
}

static void
vectors_with_a_shorter_message_are_refused_but_for_the_credential(void **state)
{
    (void)state;
    assert_true(test_vectors_each(messages, cut_message, NULL) > 0);
}

/* The body is shorter and its header says so: only what may be missing may go. */
static void
cut_body(const struct test_vector *vector, void *context)
{
    struct onym_envelope envelope;
    struct onym_message whole;
    struct onym_body body;
    size_t least;

    (void)context;
    assert_int_equal(onym_envelope_decode(vector->bytes, &envelope), ONYM_OK);
    assert_int_equal(
        onym_message_cut(&envelope, onym_span_from(vector->bytes, ONYM_ENVELOPE_LEN), &whole),
        ONYM_OK);
    assert_int_equal(onym_body_decode(&whole, &body), ONYM_OK);
    least = whole.body.len - roundtrip_optional_tail(&body);
    for (size_t len = 0; len < whole.body.len; len++) {
        struct onym_message shorter = whole;
        struct onym_body cut;
        bool no_handle;

        shorter.body = onym_span_front(whole.body, len);
        if (onym_body_decode(&shorter, &cut) != ONYM_OK) {
            continue;
        }
        /* the handle in the reply to a create may be missing as a whole */
        no_handle = body.kind == ONYM_BODY_NAME && cut.kind == ONYM_BODY_EMPTY;
        if (len < least && !no_handle) {
            fail_msg("%s: body accepted after %zu of %zu bytes", vector->name, len, whole.body.len);
        }
    }
}

static void
vectors_with_a_shorter_body_are_refused_but_for_optional_fields(void **state)
{
    (void)state;
    assert_true(test_vectors_each(messages, cut_body, NULL) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_messages_survive_a_round_trip),
        cmocka_unit_test(vectors_with_a_flipped_bit_are_refused_or_survive),
        cmocka_unit_test(vectors_cut_short_are_refused),
        cmocka_unit_test(vectors_with_a_shorter_message_are_refused_but_for_the_credential),
        cmocka_unit_test(vectors_with_a_shorter_body_are_refused_but_for_optional_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
