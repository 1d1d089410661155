/* A store with a few records behind the answering functions, and the two mouths. For the tests of
 * this folder; each is one program, so everything is static. */
#ifndef ONYM_TESTS_UNIT_SERVICE_FIXTURE_H
#define ONYM_TESTS_UNIT_SERVICE_FIXTURE_H

#include "base/bytes.h"
#include "service/answer.h"
#include "service/datagram.h"
#include "service/stream.h"
#include "support/temp_store.h"
#include "wire/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S       1700000000U
#define FLAGS_USUAL (ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY)
#define BIG_VALUES  40U

struct fixture {
    struct temp_store store;
    struct onym_view *view;
    struct onym_answerer answerer;
    struct onym_admit admit;
    struct onym_counters counters;
    struct onym_arena arena;
    uint8_t memory[1 << 20];
    uint8_t request[4096];
    size_t request_len;
    uint8_t out[1 << 20]; /* the answer as a client receives it, envelopes included */
    size_t out_len;
    unsigned packets;
    bool finished;
    struct onym_stream_batch batch; /* of the streams */
    bool no_room;                   /* their sink offers none */
    unsigned in_room;               /* messages that were written into it */
};

__attribute__((unused)) static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    uint8_t bytes[32768];
    struct onym_value_list list = {0};
    struct onym_value_list big = {0};
    struct onym_value_list closed = {0};

    assert_non_null(f);
    temp_store_open(&f->store);
    temp_store_home(&f->store, "0.NA/88.1.2");
    temp_value_add(&list, bytes, sizeof bytes, 1, "URL", "https://example.cn/1", ONYM_PERM_DEFAULT);
    temp_value_add(&list, bytes, sizeof bytes, 2, "DESC", "曲轴", ONYM_PERM_DEFAULT);
    temp_value_add(&closed, bytes + 8192, 1024, 300, "HS_SECKEY", "s", ONYM_PERM_ADMIN_READ);
    temp_store_put(&f->store, "88.1.2/A", list, closed);
    for (uint32_t i = 1; i <= BIG_VALUES; i++) {
        char text[256];

        (void)snprintf(text, sizeof text, "%0200u", i);
        temp_value_add(&big, bytes + 10000, 20000, i, i % 2 != 0 ? "ODD" : "EVEN", text,
                       ONYM_PERM_DEFAULT);
    }
    temp_store_put(&f->store, "88.1.2/big", big, (struct onym_value_list){0});
    assert_int_equal(onym_view_open(f->store.env, &f->view), ONYM_OK);
    assert_int_equal(onym_digester_new(&f->answerer.digester), ONYM_OK);
    f->answerer.resolver.view = f->view;
    f->answerer.site = onym_span_text("raw site bytes");
    f->answerer.site_serial = 7;
    f->arena = (struct onym_arena){.at = f->memory, .cap = sizeof f->memory};
    onym_admit_init(&f->admit, 1, 0);
    *state = f;
    return 0;
}

__attribute__((unused)) static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_view_close(f->view);
    onym_digester_free(f->answerer.digester);
    temp_store_close(&f->store);
    free(f);
    return 0;
}

/* ---- making requests ---- */

__attribute__((unused)) static void
make(struct fixture *f, uint32_t opcode, uint32_t flags, uint16_t version, uint32_t session,
     onym_span body)
{
    struct onym_message m = {.envelope = {.version = version,
                                          .suggested = version,
                                          .session_id = session,
                                          .request_id = 77},
                             .header = {.opcode = opcode,
                                        .flags = flags,
                                        .site_serial = 0xFFFF,
                                        .recursion = 3,
                                        .expiration = 1},
                             .body = body,
                             .has_credential = true};

    assert_int_equal(onym_message_encode(&m, f->request, sizeof f->request, &f->request_len),
                     ONYM_OK);
}

__attribute__((unused)) static void
make_resolve(struct fixture *f, const char *name, uint32_t flags, uint16_t version)
{
    struct onym_query query = {.name = onym_span_text(name)};
    uint8_t body[3000];
    size_t len;

    assert_int_equal(onym_query_encode(&query, body, sizeof body, &len), ONYM_OK);
    make(f, ONYM_OP_RESOLVE, flags, version, 0, onym_span_of(body, len));
}

/* ---- the two mouths ---- */

__attribute__((unused)) static void
collect(void *of, onym_span envelope, const onym_span *parts, size_t count)
{
    struct fixture *f = of;

    memcpy(f->out + f->out_len, envelope.at, envelope.len);
    f->out_len += envelope.len;
    for (size_t i = 0; i < count; i++) {
        memcpy(f->out + f->out_len, parts[i].at, parts[i].len);
        f->out_len += parts[i].len;
    }
    f->packets++;
}

__attribute__((unused)) static uint8_t *
room(void *of, size_t len)
{
    struct fixture *f = of;
    uint8_t *at = f->out + f->out_len;

    assert_true(len <= ONYM_STREAM_ROOM_MAX);
    f->out_len += len;
    f->packets++;
    f->in_room++;
    return at;
}

__attribute__((unused)) static void
nothing(void *of)
{
    (void)of;
}

__attribute__((unused)) static bool
never(void *of)
{
    (void)of;
    return false;
}

__attribute__((unused)) static void
finish(void *of)
{
    struct fixture *f = of;

    f->finished = true;
}

__attribute__((unused)) static struct onym_stream_service
streams_of(struct fixture *f)
{
    return (struct onym_stream_service){.answerer = &f->answerer,
                                        .counters = &f->counters,
                                        .arena = &f->arena,
                                        .by = ONYM_BY_TCP,
                                        .batch = &f->batch};
}

/* out is not begun anew. */
__attribute__((unused)) static size_t
feed(struct fixture *f, struct onym_dialogue *dialogue, onym_span bytes)
{
    struct onym_stream_service service = streams_of(f);
    struct onym_stream_sink sink = {.of = f,
                                    .send = collect,
                                    .room = f->no_room ? NULL : room,
                                    .flush = nothing,
                                    .congested = never,
                                    .touch = nothing,
                                    .finish = finish,
                                    .hold = nothing};
    struct onym_stream_peer peer = {.dialogue = dialogue};

    onym_arena_reset(&f->arena);
    return onym_stream_feed(&service, &peer, bytes, (uint64_t)NOW_S * 1000U, &sink);
}

__attribute__((unused)) static size_t
by_tcp(struct fixture *f, struct onym_dialogue *dialogue, onym_span bytes)
{
    f->out_len = 0;
    f->packets = 0;
    f->in_room = 0;
    f->finished = false;
    return feed(f, dialogue, bytes);
}

__attribute__((unused)) static struct onym_message
tcp_answer(struct fixture *f)
{
    struct onym_dialogue dialogue = {0};
    struct onym_envelope envelope;
    struct onym_message m = {0};

    assert_int_equal(by_tcp(f, &dialogue, onym_span_of(f->request, f->request_len)),
                     f->request_len);
    assert_int_equal(f->packets, 1);
    assert_int_equal(onym_envelope_decode(onym_span_of(f->out, f->out_len), &envelope), ONYM_OK);
    assert_int_equal(onym_message_cut(&envelope, onym_span_of(f->out + 20, f->out_len - 20), &m),
                     ONYM_OK);
    assert_int_equal(m.envelope.request_id, 77);
    assert_int_equal(m.header.expiration, NOW_S + ONYM_REPLY_LIFETIME_S);
    assert_int_equal(m.header.site_serial, 7);
    assert_int_equal(m.header.recursion, 3);
    return m;
}

__attribute__((unused)) static void
by_udp_from(struct fixture *f, onym_span data, bool too_long, uint8_t host, uint32_t packets_max)
{
    uint8_t address[4] = {192, 0, 2, host};
    struct onym_datagram_service service = {.answerer = &f->answerer,
                                            .admit = &f->admit,
                                            .counters = &f->counters,
                                            .reply_packets = packets_max};
    struct onym_datagram in = {
        .data = data, .too_long = too_long, .address = onym_span_of(address, 4), .port = 9};
    struct onym_moment now = {.epoch_s = NOW_S, .monotonic_ns = 5000000000U};
    void *memory = malloc(onym_reassembly_size(4, 65536));

    assert_non_null(memory);
    service.reassembly = onym_reassembly_init(memory, 4, 65536);
    f->out_len = 0;
    f->packets = 0;
    onym_arena_reset(&f->arena);
    onym_datagram_answer(&service, &in, now, &f->arena, collect, f);
    free(memory);
}

__attribute__((unused)) static void
by_udp(struct fixture *f)
{
    by_udp_from(f, onym_span_of(f->request, f->request_len), false, 1, 16);
}

__attribute__((unused)) static uint32_t
code_in(const struct fixture *f)
{
    struct onym_header header;

    assert_true(f->packets > 0);
    assert_int_equal(onym_header_decode(onym_span_of(f->out + 20, f->out_len - 20), &header),
                     ONYM_OK);
    return header.response_code;
}

#endif
