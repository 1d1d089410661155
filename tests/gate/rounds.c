#include "gate/rounds.h"

#include "base/bytes.h"
#include "wire/resolve.h"

#include <stdio.h>

#define FLAGS_USUAL (ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY)

static void
note(struct gate_node *n, uint32_t said)
{
    n->answers += said == n->expected;
    n->wrong += said != n->expected;
}

/* ---- requests of the Handle protocol, made beforehand ---- */

/* Asks for the names PREFIX/WHAT-NNNN, scattered over `of` records. */
static void
make_requests(struct gate_node *n, const char *what, unsigned of, uint32_t flags,
              const struct onym_query *wanted)
{
    n->pipeline_len = 0;
    for (unsigned i = 0; i < GATE_REQUESTS; i++) {
        struct gate_request *rq = &n->request[i];
        struct onym_query query = *wanted;
        struct onym_message m = {.envelope = {.version = ONYM_VERSION(2, 11),
                                              .suggested = ONYM_VERSION(2, 11),
                                              .request_id = i + 1},
                                 .header = {.opcode = ONYM_OP_RESOLVE,
                                            .flags = flags,
                                            .site_serial = 0xFFFF,
                                            .expiration = GATE_NOW_S + 60},
                                 .has_credential = true};
        char name[64];
        uint8_t body[256];
        size_t len;

        (void)snprintf(name, sizeof name, "%s-%04u", what, i * 37 % of);
        query.name = onym_span_text(name);
        gate_need(onym_query_encode(&query, body, sizeof body, &len) == ONYM_OK, "encode a query");
        m.body = onym_span_of(body, len);
        gate_need(onym_message_encode(&m, rq->bytes, sizeof rq->bytes, &rq->len) == ONYM_OK,
                  "encode a request");
        memcpy(n->pipeline + n->pipeline_len, rq->bytes, rq->len);
        n->pipeline_len += rq->len;
    }
}

static void
ask_parts(struct gate_node *n)
{
    make_requests(n, GATE_PREFIX "/part", GATE_PARTS, FLAGS_USUAL,
                  &(struct onym_query){.name.len = 0});
}

static void
ask_wide(struct gate_node *n)
{
    make_requests(n, GATE_PREFIX "/wide", GATE_WIDE, FLAGS_USUAL,
                  &(struct onym_query){.name.len = 0});
}

/* All values, of records of which one is private: nobody is proven over UDP. */
static void
ask_closed(struct gate_node *n)
{
    make_requests(n, GATE_PREFIX "/closed", GATE_CLOSED, ONYM_FLAG_RECURSE,
                  &(struct onym_query){.name.len = 0});
}

static void
ask_by_index(struct gate_node *n)
{
    static const uint8_t indexes[] = {0, 0, 0, 1, 0, 0, 0, 3};

    make_requests(n, GATE_PREFIX "/part", GATE_PARTS, FLAGS_USUAL,
                  &(struct onym_query){
                      .indexes = {.raw = onym_span_of(indexes, sizeof indexes), .count = 2}});
}

static void
ask_by_type(struct gate_node *n)
{
    static const uint8_t types[] = "\0\0\0\3URL\0\0\0\5MODEL";

    make_requests(
        n, GATE_PREFIX "/part", GATE_PARTS, FLAGS_USUAL,
        &(struct onym_query){.types = {.raw = onym_span_of(types, sizeof types - 1), .count = 2}});
}

static void
ask_missing(struct gate_node *n)
{
    make_requests(n, GATE_PREFIX "/none", GATE_PARTS, FLAGS_USUAL,
                  &(struct onym_query){.name.len = 0});
}

static void
ask_foreign(struct gate_node *n)
{
    make_requests(n, GATE_FOREIGN "/part", GATE_PARTS, FLAGS_USUAL,
                  &(struct onym_query){.name.len = 0});
}

/* The name is longer than the message. */
static void
ask_badly(struct gate_node *n)
{
    ask_parts(n);
    for (unsigned i = 0; i < GATE_REQUESTS; i++) {
        n->request[i].bytes[ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN] = 0x7F;
    }
}

/* ---- UDP ---- */

static void
take_packet(void *of, onym_span envelope, const onym_span *parts, size_t count)
{
    struct gate_node *n = of;

    if (onym_get_u32(envelope.at + 12) == 0 && count > 0) { /* the first packet of an answer */
        note(n, onym_get_u32(parts[0].at + 4));
    }
}

static void
udp_batch(struct gate_node *n, struct onym_datagram_service *service)
{
    static const uint8_t address[4] = {192, 0, 2, 1};
    struct onym_moment now = {.epoch_s = GATE_NOW_S, .monotonic_ns = 5000000000U};

    struct onym_ahead ahead[GATE_REQUESTS];
    struct onym_ahead *asked[GATE_REQUESTS];
    size_t left = 0;

    gate_need(onym_view_renew(n->view) == ONYM_OK, "renew the view");
    onym_arena_reset(&n->arena);
    for (size_t i = 0; i < GATE_REQUESTS; i++) {
        asked[left] = &ahead[i];
        left += onym_datagram_ahead(service, onym_span_of(n->request[i].bytes, n->request[i].len),
                                    &ahead[i]);
    }
    onym_resolve_gather(&n->answerer.resolver, asked, left);
    for (size_t i = 0; i < GATE_REQUESTS; i++) {
        struct onym_datagram in = {.data = onym_span_of(n->request[i].bytes, n->request[i].len),
                                   .address = onym_span_of(address, sizeof address),
                                   .port = 9,
                                   .ahead = &ahead[i]};

        onym_datagram_answer(service, &in, now, &n->arena, take_packet, n);
    }
    onym_view_release(n->view);
}

static void
udp_round(struct gate_node *n)
{
    udp_batch(n, &n->datagrams);
}

static void
udp_refuse_round(struct gate_node *n)
{
    struct onym_datagram_service service = n->datagrams;

    service.admit = &n->full;
    udp_batch(n, &service);
}

/* Uses up what the limit lets in. */
static void
ask_too_often(struct gate_node *n)
{
    ask_parts(n);
    n->expected = 1;
    udp_refuse_round(n);
    n->expected = 0;
}

/* ---- TCP ---- */

static void
take_message(void *of, onym_span envelope, const onym_span *parts, size_t count)
{
    take_packet(of, envelope, parts, count);
}

/* Notes what was written into the room handed out last. */
static void
note_room(struct gate_node *n)
{
    if (n->answer != NULL) {
        note(n, onym_get_u32(n->answer + ONYM_ENVELOPE_LEN + 4));
        n->answer = NULL;
    }
}

static uint8_t *
take_room(void *of, size_t len)
{
    struct gate_node *n = of;

    note_room(n);
    gate_need(len <= sizeof n->room - n->room_used, "write all answers to one read");
    n->answer = n->room + n->room_used;
    n->room_used += len;
    return n->answer;
}

static void
nothing(void *of)
{
    (void)of;
}

static bool
never(void *of)
{
    (void)of;
    return false;
}

static void
tcp_feed(struct gate_node *n, onym_span bytes)
{
    struct onym_stream_service service = {.answerer = &n->answerer,
                                          .counters = &n->counters,
                                          .arena = &n->arena,
                                          .by = ONYM_BY_TCP,
                                          .batch = &n->batch};
    struct onym_stream_sink sink = {.of = n,
                                    .send = take_message,
                                    .room = take_room,
                                    .flush = nothing,
                                    .congested = never,
                                    .touch = nothing,
                                    .finish = nothing,
                                    .hold = nothing};
    struct onym_stream_peer peer = {.dialogue = &n->dialogue};

    gate_need(onym_view_renew(n->view) == ONYM_OK, "renew the view");
    onym_arena_reset(&n->arena);
    gate_need(onym_stream_feed(&service, &peer, bytes, GATE_NOW_MS, &sink) == bytes.len,
              "have a stream read to its end");
    note_room(n);
    n->room_used = 0;
    onym_view_release(n->view);
}

static void
tcp_round(struct gate_node *n)
{
    for (size_t i = 0; i < GATE_REQUESTS; i++) {
        tcp_feed(n, onym_span_of(n->request[i].bytes, n->request[i].len));
    }
}

static void
tcp_pipeline_round(struct gate_node *n)
{
    tcp_feed(n, onym_span_of(n->pipeline, n->pipeline_len));
}

/* ---- HTTP ---- */

static void
make_gets(struct gate_node *n, const char *path)
{
    for (unsigned i = 0; i < GATE_REQUESTS; i++) {
        struct gate_request *rq = &n->request[i];
        int len = snprintf((char *)rq->bytes, sizeof rq->bytes,
                           "GET %s-%04u HTTP/1.1\r\nHost: node.example\r\n"
                           "User-Agent: gate/1\r\nAccept: */*\r\n\r\n",
                           path, i * 37 % GATE_PARTS);

        gate_need(len > 0 && (size_t)len < sizeof rq->bytes, "make a request");
        rq->len = (size_t)len;
    }
}

static void
get_facade(struct gate_node *n)
{
    make_gets(n, "/api/handles/" GATE_PREFIX "/part");
}

static void
get_v1(struct gate_node *n)
{
    make_gets(n, "/api/v1/identifiers/" GATE_PREFIX "/part");
}

static void
get_missing(struct gate_node *n)
{
    make_gets(n, "/api/handles/" GATE_PREFIX "/none");
}

static void
http_round(struct gate_node *n)
{
    for (size_t i = 0; i < GATE_REQUESTS; i++) {
        onym_span input = onym_span_of(n->request[i].bytes, n->request[i].len);

        gate_need(onym_view_renew(n->view) == ONYM_OK, "renew the view");
        gate_need(onym_http_feed(&n->connection, &n->http, &input, GATE_NOW_MS, &n->reply) ==
                      ONYM_HTTP_REPLY,
                  "get an HTTP answer");
        note(n, (uint32_t)n->reply.status);
        onym_view_release(n->view);
    }
}

/* ---- a registration, from what is asked to the new record ---- */

static enum onym_status
find_record(void *of, onym_span folded, struct onym_record *out)
{
    return onym_view_record(of, ONYM_KIND_HANDLE, folded, out);
}

static enum onym_status
decide_create(struct gate_node *n, onym_span name, struct onym_value_list values)
{
    struct onym_identity identity = {.handle = onym_span_text(GATE_ADMIN), .index = 301};
    struct onym_record_source source = {.record = find_record, .of = n->view};
    struct onym_operation op = {.action = ONYM_ACTION_CREATE,
                                .name = name,
                                .values = values,
                                .principal = {.handle = identity.handle, .index = identity.index},
                                .now_ms = GATE_NOW_MS};
    struct onym_op_target target;
    struct onym_op_fault fault;
    struct onym_op_outcome outcome;
    const char *why;
    enum onym_status status = onym_op_form(&op, &fault);

    if (status == ONYM_OK) {
        status = onym_op_target(&op, &n->arena, &target);
    }
    if (status == ONYM_OK && onym_view_has(n->view, target.kind, target.folded)) {
        status = ONYM_EXISTS;
    }
    if (status == ONYM_OK &&
        onym_op_before_auth(&op, NULL, &n->arena, &fault) != ONYM_AUTH_NEEDED) {
        status = ONYM_INVALID;
    }
    if (status == ONYM_OK) {
        status = onym_op_before_rights(&op, NULL, &n->arena, &fault);
    }
    if (status == ONYM_OK) {
        status = onym_authz_operation(&identity, &op, NULL, &source, &n->arena, &why);
    }
    return status == ONYM_OK ? onym_op_decide(&op, NULL, &n->arena, &outcome) : status;
}

/* The values of a wide record, under a name that is free. */
static void
create_round(struct gate_node *n)
{
    struct onym_record wide;

    gate_need(onym_view_renew(n->view) == ONYM_OK, "renew the view");
    gate_need(find_record(n->view, onym_span_text(GATE_PREFIX "/WIDE-0007"), &wide) == ONYM_OK,
              "find a record");
    onym_arena_reset(&n->arena);
    note(n, decide_create(n, onym_span_text(GATE_PREFIX "/new-0001"), wide.public_values));
    onym_view_release(n->view);
}

static void
nothing_to_prepare(struct gate_node *n)
{
    (void)n;
}

const struct gate_case gate_cases[] = {
    {"udp.resolve", ask_parts, udp_round, GATE_REQUESTS, 1},
    {"udp.resolve_two_packets", ask_wide, udp_round, GATE_REQUESTS, 1},
    {"udp.resolve_by_index", ask_by_index, udp_round, GATE_REQUESTS, 1},
    {"udp.resolve_by_type", ask_by_type, udp_round, GATE_REQUESTS, 1},
    {"udp.resolve_private_left_out", ask_closed, udp_round, GATE_REQUESTS, 1},
    {"udp.miss", ask_missing, udp_round, GATE_REQUESTS, 100},
    {"udp.referral", ask_foreign, udp_round, GATE_REQUESTS, 302},
    {"udp.malformed", ask_badly, udp_round, GATE_REQUESTS, 4},
    {"udp.rate_limited", ask_too_often, udp_refuse_round, GATE_REQUESTS, 0},
    {"tcp.resolve", ask_parts, tcp_round, GATE_REQUESTS, 1},
    {"tcp.resolve_pipelined", ask_parts, tcp_pipeline_round, GATE_REQUESTS, 1},
    {"http.resolve_facade", get_facade, http_round, GATE_REQUESTS, 200},
    {"http.resolve_v1", get_v1, http_round, GATE_REQUESTS, 200},
    {"http.miss", get_missing, http_round, GATE_REQUESTS, 404},
    {"core.decide_create", nothing_to_prepare, create_round, 1, ONYM_OK},
};
const size_t gate_cases_count = sizeof gate_cases / sizeof gate_cases[0];
