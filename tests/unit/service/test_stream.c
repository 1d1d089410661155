/* Reads of several connections whose messages are looked at together before they are fed. */
#include "unit/service/fixture.h"

#define REQUESTS_MAX 80U

/* count requests for the record, numbered from first; the length of all. */
static size_t
make_many(struct fixture *f, uint8_t *out, unsigned count, const char *name)
{
    size_t len = 0;

    make_resolve(f, name, FLAGS_USUAL, ONYM_VERSION(2, 11));
    for (unsigned i = 0; i < count; i++) {
        memcpy(out + len, f->request, f->request_len);
        len += f->request_len;
    }
    return len;
}

static void
look(struct fixture *f, const onym_span *reads, size_t count)
{
    struct onym_stream_service service = streams_of(f);

    f->batch.count = f->batch.next = 0;
    f->out_len = f->packets = f->in_room = 0;
    for (size_t i = 0; i < count; i++) {
        onym_stream_cut(&f->batch, reads[i]);
    }
    onym_stream_fetch(&service);
}

/* All that was sent: so many whole answers with this response code. */
static void
expect_answers(struct fixture *f, unsigned count, uint32_t code)
{
    onym_span left = onym_span_of(f->out, f->out_len);

    for (unsigned i = 0; i < count; i++) {
        struct onym_frame frame = onym_frame_cut(left);
        struct onym_message m;

        assert_int_equal(frame.verdict, ONYM_FRAME_MESSAGE);
        assert_int_equal(onym_message_cut(&frame.envelope, frame.message, &m), ONYM_OK);
        assert_int_equal(m.header.response_code, code);
        left = onym_span_from(left, frame.used);
    }
    assert_int_equal(left.len, 0);
}

static void
reads_looked_at_together_are_answered_each(void **state)
{
    static uint8_t bytes[2][REQUESTS_MAX * 128];
    struct fixture *f = *state;
    struct onym_dialogue dialogue[2] = {0};
    onym_span reads[2];

    reads[0] = onym_span_of(bytes[0], make_many(f, bytes[0], 3, "88.1.2/A"));
    reads[1] = onym_span_of(bytes[1], make_many(f, bytes[1], 2, "88.1.2/none"));
    look(f, reads, 2);
    assert_int_equal(f->batch.count, 5);
    assert_int_equal(feed(f, &dialogue[0], reads[0]), reads[0].len);
    expect_answers(f, 3, 1);
    f->out_len = 0;
    assert_int_equal(feed(f, &dialogue[1], reads[1]), reads[1].len);
    expect_answers(f, 2, 100);
    assert_int_equal(f->batch.next, f->batch.count);
}

/* What was looked at is of no use to another read, even one that is as long and lies elsewhere. */
static void
a_read_that_is_never_fed_is_passed_over(void **state)
{
    static uint8_t bytes[3][REQUESTS_MAX * 128];
    struct fixture *f = *state;
    struct onym_dialogue dialogue = {0};
    onym_span reads[3];

    reads[0] = onym_span_of(bytes[0], make_many(f, bytes[0], 2, "88.1.2/none"));
    reads[1] = onym_span_of(bytes[1], make_many(f, bytes[1], 2, "88.1.2/A"));
    reads[2] = onym_span_of(bytes[2], make_many(f, bytes[2], 2, "88.1.2/A"));
    look(f, reads, 2);
    assert_int_equal(feed(f, &dialogue, reads[2]), reads[2].len); /* not looked at */
    assert_int_equal(f->batch.next, 0);
    assert_int_equal(feed(f, &dialogue, reads[1]), reads[1].len);
    expect_answers(f, 4, 1);
    assert_int_equal(f->batch.next, f->batch.count);
}

static void
more_messages_than_a_batch_holds_are_all_answered(void **state)
{
    static uint8_t bytes[2][REQUESTS_MAX * 128];
    struct fixture *f = *state;
    struct onym_dialogue dialogue[2] = {0};
    onym_span reads[2];

    for (unsigned count = ONYM_STREAM_BATCH_MAX; count <= ONYM_STREAM_BATCH_MAX + 1; count++) {
        reads[0] = onym_span_of(bytes[0], make_many(f, bytes[0], count, "88.1.2/A"));
        reads[1] = onym_span_of(bytes[1], make_many(f, bytes[1], 2, "88.1.2/A"));
        look(f, reads, 2);
        assert_int_equal(f->batch.count, ONYM_STREAM_BATCH_MAX);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(feed(f, &dialogue[i], reads[i]), reads[i].len);
        }
        expect_answers(f, count + 2, 1);
    }
}

static void
a_torn_message_waits_for_its_rest(void **state)
{
    static uint8_t bytes[2][REQUESTS_MAX * 128];
    struct fixture *f = *state;
    struct onym_dialogue dialogue[2] = {0};
    onym_span reads[2];
    onym_span torn;

    reads[0] = onym_span_of(bytes[0], make_many(f, bytes[0], 3, "88.1.2/A"));
    reads[1] = onym_span_of(bytes[1], make_many(f, bytes[1], 1, "88.1.2/A"));
    torn = onym_span_of(reads[0].at, reads[0].len - 1);
    look(f, (onym_span[]){torn, reads[1]}, 2);
    assert_int_equal(feed(f, &dialogue[0], torn), reads[0].len / 3 * 2);
    assert_int_equal(feed(f, &dialogue[1], reads[1]), reads[1].len);
    expect_answers(f, 3, 1);
    torn = onym_span_from(reads[0], reads[0].len / 3 * 2);
    assert_int_equal(feed(f, &dialogue[0], torn), torn.len);
    expect_answers(f, 4, 1);
}

static void
nothing_follows_what_is_no_message(void **state)
{
    static uint8_t bytes[2][REQUESTS_MAX * 128];
    struct fixture *f = *state;
    struct onym_dialogue dialogue[2] = {0};
    onym_span reads[2];

    reads[0] = onym_span_of(bytes[0], make_many(f, bytes[0], 3, "88.1.2/A"));
    bytes[0][reads[0].len / 3 + 2] |= 0x20; /* the second says that it is a fragment */
    reads[1] = onym_span_of(bytes[1], make_many(f, bytes[1], 1, "88.1.2/A"));
    look(f, reads, 2);
    assert_int_equal(f->batch.count, 3);
    assert_int_equal(feed(f, &dialogue[0], reads[0]), reads[0].len);
    assert_true(f->finished);
    assert_int_equal(f->packets, 2);
    f->out_len = 0;
    assert_int_equal(feed(f, &dialogue[1], reads[1]), reads[1].len);
    expect_answers(f, 1, 1);
}

static void
only_short_replies_are_copied_into_the_room(void **state)
{
    struct fixture *f = *state;
    struct onym_dialogue dialogue = {0};
    uint8_t site[ONYM_STREAM_ROOM_MAX + 1] = {0};
    /* envelope, header and credential are around it */
    size_t around = ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN + 4;

    make(f, ONYM_OP_SITE_INFO, 0, ONYM_VERSION(2, 11), 0, onym_span_of(NULL, 0));
    for (size_t over = 0; over <= 1; over++) {
        f->answerer.site = onym_span_of(site, ONYM_STREAM_ROOM_MAX - around + over);
        assert_int_equal(by_tcp(f, &dialogue, onym_span_of(f->request, f->request_len)),
                         f->request_len);
        assert_int_equal(f->out_len, ONYM_STREAM_ROOM_MAX + over);
        assert_int_equal(f->in_room, 1 - over);
        assert_int_equal(f->packets, 1);
        expect_answers(f, 1, 1);
    }
    f->no_room = true;
    f->answerer.site = onym_span_text("s");
    (void)by_tcp(f, &dialogue, onym_span_of(f->request, f->request_len));
    assert_int_equal(f->in_room, 0);
    expect_answers(f, 1, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_looked_at_together_are_answered_each, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_read_that_is_never_fed_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(more_messages_than_a_batch_holds_are_all_answered, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_torn_message_waits_for_its_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_follows_what_is_no_message, setup, teardown),
        cmocka_unit_test_setup_teardown(only_short_replies_are_copied_into_the_room, setup,
                                        teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
