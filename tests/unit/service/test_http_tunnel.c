#include "unit/service/http_play.h"

#define HOST "Host: node.example\r\n"

static void
tunnel_answers_a_message(void **state)
{
    struct play *p = *state;
    uint8_t message[512];
    size_t len = play_message(message, sizeof message, PREFIX "/a");
    char head[256];
    char text[64];
    struct onym_envelope envelope;
    struct onym_message m;
    struct onym_resolve_reply found;
    onym_span body;

    (void)snprintf(head, sizeof head,
                   "POST /" PREFIX "/a HTTP/1.1\r\n" HOST
                   "Content-Type: application/x-hdl-message\r\nContent-Length: %zu\r\n\r\n",
                   len);
    play_connect(p, false);
    (void)play_feed(p, onym_span_text(head));
    (void)play_feed(p, onym_span_of(message, len));
    assert_int_equal(play_status(p), 200);
    assert_string_equal(play_header(p, "Content-Type", text, sizeof text),
                        "application/x-hdl-message");
    assert_string_equal(play_header(p, "Transfer-Encoding", text, sizeof text), "");
    body = play_body(p);
    (void)play_header(p, "Content-Length", text, sizeof text);
    assert_int_equal(strtoul(text, NULL, 10), body.len);
    assert_int_equal(onym_envelope_decode(body, &envelope), ONYM_OK);
    assert_int_equal(envelope.request_id, 77);
    assert_int_equal(onym_message_cut(&envelope, onym_span_from(body, 20), &m), ONYM_OK);
    assert_int_equal(m.header.response_code, 1);
    assert_int_equal(onym_resolve_reply_decode(m.body, &found), ONYM_OK);
    assert_int_equal(found.values.count, 2);
    assert_true(p->reply.is_resolution);
    /* the first bytes of a message are no message */
    (void)snprintf(head, sizeof head,
                   "POST / HTTP/1.1\r\n" HOST "Content-Type: application/x-hdl-message\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   len - 1);
    play_connect(p, false);
    (void)play_feed(p, onym_span_text(head));
    (void)play_feed(p, onym_span_of(message, len - 1));
    assert_int_equal(play_status(p), 400);
    play_say(p, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    assert_int_equal(play_status(p), 415);
}

static void
tunnel_takes_messages_up_to_their_limit(void **state)
{
    struct play *p = *state;
    uint8_t envelope[ONYM_ENVELOPE_LEN];
    struct onym_envelope e = {.version = ONYM_VERSION_OWN, .request_id = 77};
    char head[256];

    for (uint32_t over = 0; over < 2; over++) {
        e.message_len = ONYM_MESSAGE_LEN_MAX + over;
        onym_envelope_encode(&e, envelope);
        (void)snprintf(head, sizeof head,
                       "POST /x HTTP/1.1\r\n" HOST "Content-Type: application/x-hdl-message\r\n"
                       "Content-Length: %u\r\n\r\n",
                       ONYM_HTTP_MESSAGE_MAX + over);
        play_connect(p, false);
        (void)play_feed(p, onym_span_text(head));
        (void)play_feed(p, onym_span_of(envelope, sizeof envelope));
        for (uint32_t sent = 0; sent < e.message_len && !p->closed; sent += 4096) {
            static const uint8_t zeros[4096];
            uint32_t left = e.message_len - sent;

            (void)play_feed(p, onym_span_of(zeros, left < 4096 ? left : 4096));
        }
        assert_int_equal(play_status(p), over == 0 ? 200 : 413);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(tunnel_answers_a_message),
        TEST(tunnel_takes_messages_up_to_their_limit),
    };
#undef TEST

    return cmocka_run_group_tests_name("http_tunnel", tests, NULL, NULL);
}
