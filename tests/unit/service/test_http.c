#include "unit/service/http_play.h"

#define HOST  "Host: node.example\r\n"
#define JSON  "Content-Type: application/json\r\n"
#define GET_A "GET /api/handles/" PREFIX "/A HTTP/1.1\r\n" HOST "\r\n"

static size_t
append(uint8_t *out, size_t len, const char *text)
{
    memcpy(out + len, text, strlen(text));
    return len + strlen(text);
}

/* Requests of every kind, one behind the other. */
static size_t
make_pipeline(uint8_t *out, size_t cap)
{
    uint8_t message[512];
    size_t message_len = play_message(message, sizeof message, PREFIX "/a");
    char head[256];
    size_t len = 0;

    assert_true(cap >= 4096);
    len = append(out, len, GET_A);
    len = append(out, len,
                 "\r\nHEAD /api/v1/identifiers/" PREFIX "%2FA HTTP/1.1\r\n" HOST
                 "X-Request-Id: two\r\n\r\n");
    len = append(out, len,
                 "PUT /api/handles/" PREFIX "/B HTTP/1.1\r\n" HOST JSON
                 "Transfer-Encoding: chunked\r\n\r\n"
                 "e;x=\"y\"\r\n[{\"index\":1, \"\r\n1E\r\ntype\":\"URL\",\"data\":\"u\\u4e00\"}"
                 "]\r\n0\r\nA: b\r\n\r\n");
    (void)snprintf(head, sizeof head,
                   "POST /x HTTP/1.1\r\n" HOST "Content-Type: application/x-hdl-message\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   message_len);
    len = append(out, len, head);
    memcpy(out + len, message, message_len);
    len += message_len;
    len = append(out, len, "GET /api/nope HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
    len = append(out, len, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    return append(out, len,
                  "GET /api/v1/status HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET / HTTP");
}

static void
restart(struct play *p)
{
    play_connect(p, false);
    p->rng = onym_rng_seeded(1);
}

static void
http_answers_alike_however_input_is_torn(void **state)
{
    struct play *p = *state;
    uint8_t input[4096];
    size_t len = make_pipeline(input, sizeof input);
    uint8_t *whole = malloc(OUT_MAX);
    size_t whole_len;

    assert_non_null(whole);
    restart(p);
    (void)play_feed(p, onym_span_of(input, len));
    assert_int_equal(p->answers, 7);
    assert_true(p->closed);
    whole_len = p->out_len;
    memcpy(whole, p->out, whole_len);
    for (size_t cut = 0; cut <= len; cut++) {
        restart(p);
        (void)play_feed(p, onym_span_of(input, cut));
        (void)play_feed(p, onym_span_of(input + cut, len - cut));
        assert_int_equal(p->out_len, whole_len);
        assert_memory_equal(p->out, whole, whole_len);
    }
    restart(p);
    for (size_t i = 0; i < len; i++) {
        (void)play_feed(p, onym_span_of(input + i, 1));
    }
    assert_int_equal(p->out_len, whole_len);
    assert_memory_equal(p->out, whole, whole_len);
    free(whole);
}

static void
http_answers_a_pipeline_in_order(void **state)
{
    struct play *p = *state;
    char text[4096] = "";
    const char *at;

    for (unsigned i = 0; i < 20; i++) {
        size_t len = strlen(text);

        (void)snprintf(text + len, sizeof text - len,
                       "GET /api/site HTTP/1.1\r\n" HOST "X-Request-Id: r%u\r\n\r\n", i);
    }
    play_say(p, text);
    assert_int_equal(p->answers, 20);
    p->out[p->out_len] = '\0';
    at = (const char *)p->out;
    for (unsigned i = 0; i < 20; i++) {
        char wanted[64];

        (void)snprintf(wanted, sizeof wanted, "X-Request-Id: r%u\r\n", i);
        at = strstr(at, wanted);
        assert_non_null(at);
    }
}

/* What proxies and servers have been made to disagree about: one refusal, the end of the
 * connection, and nothing of what follows is answered. */
static void
http_refuses_what_is_smuggled(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
         "0\r\n\r\n",
         400},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\na", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\na", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length : 1\r\n\r\na", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "A: b\nContent-Length: 0\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "A: b\rContent-Length: 0\r\n\r\n", 400},
        {"POST /x HTTP/1.1\n" HOST "\r\n", 400},
        {"GET /api/site HTTP/1.1\r\n\r\n", 400},
        {"GET /api/site HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n000000001\r\na\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n a: b\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nA b\r\n\r\n", 400},
        {"POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\rX", 400},
        {"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];

        (void)snprintf(text, sizeof text, "%s" GET_A, cases[i].request);
        play_say(p, text);
        if (p->answers != 1 || !p->closed || play_status(p) != cases[i].status) {
            fail_msg("%s\n-> %u answers, %.*s", cases[i].request, p->answers, (int)p->out_len,
                     (const char *)p->out);
        }
        assert_int_equal(play_number(p, "code"), 4);
        (void)play_feed(p, onym_span_text(GET_A)); /* nothing more comes of it */
        assert_int_equal(p->answers, 1);
    }
}

/* ---- limits ---- */

/* Sends head and then `len` bytes of filler with `tail` behind them, in pieces of 64 KiB. */
static void
send_long(struct play *p, const char *head, size_t len, const char *tail)
{
    static const size_t piece = 65536;
    uint8_t *filler = malloc(piece);

    assert_non_null(filler);
    memset(filler, ' ', piece);
    play_connect(p, p->caller.tls);
    (void)play_feed(p, onym_span_text(head));
    while (len > 0 && !p->closed) {
        size_t n = len < piece ? len : piece;

        (void)play_feed(p, onym_span_of(filler, n));
        len -= n;
    }
    (void)play_feed(p, onym_span_text(tail));
    free(filler);
}

static void
send_sized(struct play *p, const char *line, const char *type, size_t len, const char *tail)
{
    char head[512];

    (void)snprintf(head, sizeof head,
                   "%s HTTP/1.1\r\n" HOST "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", line,
                   type, len + strlen(tail));
    send_long(p, head, len, tail);
}

static void
http_takes_bodies_up_to_their_limit(void **state)
{
    struct play *p = *state;
    static const char record[] = "[{\"index\":1,\"type\":\"URL\",\"data\":\"u\"}]";
    static const char put[] = "PUT /api/handles/" PREFIX "/B";
    char chunk[256];

    play_connect(p, false);
    send_sized(p, put, "application/json", ONYM_HTTP_RECORD_MAX - (sizeof record - 1), record);
    assert_int_equal(play_status(p), 403); /* read, understood, and to be proven */
    assert_int_equal(play_number(p, "responseCode"), 402);
    assert_false(p->closed);
    send_sized(p, put, "application/json", ONYM_HTTP_RECORD_MAX - (sizeof record - 1) + 1, record);
    assert_int_equal(play_status(p), 413);
    assert_true(p->closed);
    /* the same without an announced length */
    (void)snprintf(chunk, sizeof chunk,
                   "%s HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", put,
                   (size_t)ONYM_HTTP_RECORD_MAX);
    send_long(p, chunk, ONYM_HTTP_RECORD_MAX, "\r\n0\r\n\r\n");
    assert_int_equal(play_status(p), 400); /* blanks are no JSON */
    assert_false(p->closed);
    (void)snprintf(chunk, sizeof chunk,
                   "%s HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", put,
                   (size_t)ONYM_HTTP_RECORD_MAX + 1);
    send_long(p, chunk, (size_t)ONYM_HTTP_RECORD_MAX + 1, "\r\n0\r\n\r\n");
    assert_int_equal(play_status(p), 413);
    assert_true(p->closed);
    /* a path that takes no body drops one */
    send_sized(p, "GET /api/site", "text/plain", ONYM_HTTP_BODY_MAX, "");
    assert_int_equal(play_status(p), 200);
    send_sized(p, "GET /api/site", "text/plain", (size_t)ONYM_HTTP_BODY_MAX + 1, "");
    assert_int_equal(play_status(p), 413);
    assert_int_equal(p->service.bodies.used, 0);
}

static void
http_bounds_the_bodies_of_all_connections(void **state)
{
    struct play *p = *state;
    static const char put[] = "PUT /api/handles/" PREFIX "/B";

    p->service.bodies.max = 4 * 16384;
    send_sized(p, put, "application/json", 16384, "");
    assert_int_equal(play_status(p), 400);
    send_sized(p, put, "application/json", 16385, "");
    assert_int_equal(play_status(p), 503);
    assert_true(p->closed);
    assert_int_equal(play_number(p, "responseCode"), 3);
    assert_int_equal(p->service.bodies.used, 0);
}

static void
body_room_is_shared_by_addresses(void **state)
{
    struct onym_body_room room = {.max = 4000, .seed = 1};
    uint32_t one = onym_body_source(&room, onym_span_text("192.0.2.1"));
    uint32_t other = onym_body_source(&room, onym_span_text("198.51.100.7"));

    (void)state;
    assert_int_not_equal(one, other);
    assert_int_equal(onym_body_source(&room, onym_span_text("2001:db8::1")),
                     onym_body_source(&room, onym_span_text("2001:db8::ffff:2")));
    assert_int_not_equal(onym_body_source(&room, onym_span_text("2001:db8::1")),
                         onym_body_source(&room, onym_span_text("2001:db8:0:1::1")));
    assert_int_not_equal(onym_body_source(&room, onym_span_text("::ffff:192.0.2.1")),
                         onym_body_source(&room, onym_span_text("::ffff:198.51.100.7")));
    assert_true(onym_body_room_take(&room, one, 999));
    assert_false(onym_body_room_take(&room, one, 2));
    assert_true(onym_body_room_take(&room, one, 1));
    assert_true(onym_body_room_take(&room, other, 1000));
    room.used = 3001; /* with others */
    onym_body_room_give(&room, other, 1000);
    assert_true(onym_body_room_take(&room, other, 1000));
    assert_false(onym_body_room_take(&room, (other + 1) % ONYM_BODY_SOURCES, 1000));
}

/* Bodies come before anybody proves who they are: one address must leave room for the others. */
static void
http_bodies_of_one_address_leave_room_for_others(void **state)
{
    struct play *p = *state;
    static const char put[] = "PUT /api/handles/" PREFIX "/B";
    uint32_t stranger;

    p->service.bodies.max = 4 * 16384;
    stranger = onym_body_source(&p->service.bodies, onym_span_text("203.0.113.5"));
    assert_int_not_equal(stranger,
                         onym_body_source(&p->service.bodies, p->connection.caller.address));
    while (onym_body_room_take(&p->service.bodies, stranger, 1024)) {
    }
    send_sized(p, put, "application/json", 16384, "");
    assert_int_equal(play_status(p), 400);
    onym_body_room_give(&p->service.bodies, stranger, 16384);
    assert_int_equal(p->service.bodies.used, 0);
}

static void
http_announces_cost_no_memory(void **state)
{
    struct play *p = *state;

    play_say(p, "PUT /api/handles/" PREFIX "/B HTTP/1.1\r\n" HOST JSON
                "Content-Length: 2000000\r\n\r\n[");
    assert_int_equal(p->answers, 0);
    assert_true(p->service.bodies.used <= 4096);
    assert_int_equal(onym_http_progress(&p->connection).stage, ONYM_HTTP_BODY);
    assert_int_equal(onym_http_progress(&p->connection).body_left, 1999999);
    play_connect(p, true);
    assert_int_equal(p->service.bodies.used, 0);
}

/* ---- the rest of HTTP ---- */

static void
http_tells_to_continue_once(void **state)
{
    struct play *p = *state;
    static const char head[] = "PUT /api/handles/" PREFIX "/B HTTP/1.1\r\n" HOST JSON
                               "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";

    play_say(p, head);
    assert_int_equal(play_status(p), 100);
    assert_int_equal(p->answers, 0);
    p->out_len = 0;
    (void)play_feed(p, onym_span_text("["));
    assert_int_equal(p->out_len, 0);
    (void)play_feed(p, onym_span_text("]"));
    assert_int_equal(p->answers, 1);
    /* not when the body is there already, and not in front of a tunnelled answer */
    play_connect(p, true);
    char text[512];
    (void)snprintf(text, sizeof text, "%s[]", head);
    play_say(p, text);
    assert_int_equal(p->answers, 1);
    assert_int_not_equal(play_status(p), 100);
    play_say(p, "POST /x HTTP/1.1\r\n" HOST "Content-Type: application/x-hdl-message\r\n"
                "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(p->out_len, 0);
    play_say(p, "PUT /api/handles/x HTTP/1.1\r\n" HOST "Expect: miracles\r\n\r\n");
    assert_int_equal(play_status(p), 417);
    assert_true(p->closed);
    /* RFC 9110 10.1.1: a client of HTTP/1.0 does not know what 100 is */
    play_say(p, "PUT /api/handles/x HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(p->out_len, 0);
}

static void
http_refuses_bodies_that_are_coded(void **state)
{
    struct play *p = *state;
    char text[64];

    play_say(p, "PUT /api/v1/identifiers/x/y HTTP/1.1\r\n" HOST JSON
                "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(play_status(p), 415);
    assert_string_equal(play_header(p, "Accept-Encoding", text, sizeof text), "identity");
    assert_true(p->closed);
    play_say(p, "PUT /api/handles/x/y HTTP/1.1\r\n" HOST JSON
                "Content-Encoding: identity\r\nContent-Encoding: br\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(play_status(p), 415);
    assert_int_equal(play_number(p, "responseCode"), 4);
    play_say(p, "PUT /api/v1/identifiers/x/y HTTP/1.1\r\n" HOST JSON
                "Content-Encoding: Identity\r\nContent-Length: 2\r\n\r\n[]");
    assert_int_equal(play_status(p), 400);
    play_get(p, "/api/site", "Content-Encoding: gzip\r\n"); /* of no body */
    assert_int_equal(play_status(p), 200);
}

static void
http_names_requests(void **state)
{
    struct play *p = *state;
    char text[128];
    char longest[ONYM_HTTP_ID_MAX + 2];
    char request[512];

    play_say(p, "GET /api/site HTTP/1.1\r\n" HOST "X-Request-Id: a.B_9-z\r\n\r\n");
    assert_string_equal(play_header(p, "X-Request-Id", text, sizeof text), "a.B_9-z");
    play_say(p, "GET /api/site HTTP/1.1\r\n" HOST "X-Request-Id: a b\r\n\r\n");
    assert_int_equal(strlen(play_header(p, "X-Request-Id", text, sizeof text)), 16);
    for (size_t over = 0; over < 2; over++) {
        memset(longest, 'x', sizeof longest);
        longest[ONYM_HTTP_ID_MAX + over] = '\0';
        (void)snprintf(request, sizeof request,
                       "GET /api/site HTTP/1.1\r\n" HOST "X-Request-Id: %s\r\n\r\n", longest);
        play_say(p, request);
        assert_int_equal(strlen(play_header(p, "X-Request-Id", text, sizeof text)),
                         over == 0 ? ONYM_HTTP_ID_MAX : 16);
    }
    play_say(p, "GET /api/site HTTP/1.1\r\n" HOST
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
    assert_string_equal(play_header(p, "traceparent", text, sizeof text),
                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    play_say(p, "GET /api/site HTTP/1.1\r\n" HOST "traceparent: 00-nonsense\r\n\r\n");
    assert_string_equal(play_header(p, "traceparent", text, sizeof text), "");
}

static void
http_answers_head_without_body(void **state)
{
    struct play *p = *state;
    char with[64];
    char without[64];

    play_say(p, "GET /api/handles/" PREFIX "/A HTTP/1.1\r\n" HOST "\r\n");
    (void)play_header(p, "Content-Length", with, sizeof with);
    play_say(p, "HEAD /api/handles/" PREFIX "/A HTTP/1.1\r\n" HOST "\r\n");
    (void)play_header(p, "Content-Length", without, sizeof without);
    assert_string_equal(with, without);
    assert_int_equal(play_body(p).len, 0);
    assert_int_equal(play_status(p), 200);
}

static void
http_keeps_or_ends_a_connection(void **state)
{
    struct play *p = *state;
    char text[64];

    play_say(p, GET_A);
    assert_false(p->closed);
    assert_string_equal(play_header(p, "Connection", text, sizeof text), "keep-alive");
    play_say(p, "GET /api/site HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET_A);
    assert_true(p->closed);
    assert_int_equal(p->answers, 1);
    play_say(p, "GET /api/site HTTP/1.0\r\n\r\n");
    assert_true(p->closed);
    play_say(p, "GET /api/site HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_false(p->closed);
    assert_string_equal(play_header(p, "X-Content-Type-Options", text, sizeof text), "nosniff");
    assert_string_equal(play_header(p, "Cache-Control", text, sizeof text), "no-store");
    assert_string_equal(play_header(p, "Date", text, sizeof text), "Tue, 14 Nov 2023 22:13:20 GMT");
}

static void
http_tells_how_far_a_request_is(void **state)
{
    struct play *p = *state;
    struct onym_http_progress now;

    play_connect(p, true);
    assert_int_equal(onym_http_progress(&p->connection).stage, ONYM_HTTP_IDLE);
    (void)play_feed(p, onym_span_text("GE"));
    now = onym_http_progress(&p->connection);
    assert_int_equal(now.stage, ONYM_HTTP_HEAD);
    assert_int_equal(now.taken, 2);
    (void)play_feed(p,
                    onym_span_text("T /api/site HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab"));
    now = onym_http_progress(&p->connection);
    assert_int_equal(now.stage, ONYM_HTTP_BODY);
    assert_int_equal(now.body_left, 3);
    assert_true(now.taken > 40);
    (void)play_feed(p, onym_span_text("cde"));
    assert_int_equal(onym_http_progress(&p->connection).stage, ONYM_HTTP_IDLE);
    assert_int_equal(onym_http_progress(&p->connection).taken, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(http_answers_alike_however_input_is_torn),
        TEST(http_answers_a_pipeline_in_order),
        TEST(http_refuses_what_is_smuggled),
        TEST(http_takes_bodies_up_to_their_limit),
        TEST(http_bounds_the_bodies_of_all_connections),
        TEST(body_room_is_shared_by_addresses),
        TEST(http_bodies_of_one_address_leave_room_for_others),
        TEST(http_announces_cost_no_memory),
        TEST(http_tells_to_continue_once),
        TEST(http_refuses_bodies_that_are_coded),
        TEST(http_names_requests),
        TEST(http_answers_head_without_body),
        TEST(http_keeps_or_ends_a_connection),
        TEST(http_tells_how_far_a_request_is),
    };
#undef TEST

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
