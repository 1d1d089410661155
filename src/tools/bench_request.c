#include "tools/bench_request.h"

#include "base/bytes.h"
#include "base/require.h"
#include "base/writer.h"
#include "tools/bench_http.h"
#include "tools/bench_login.h"
#include "wire/header.h"

#include <stdio.h>

#define BODY (ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN)

void
onym_bench_form_init(struct onym_bench_form *form, enum onym_bench_transport transport,
                     const char *host, bool closes, uint32_t expiration,
                     const struct onym_bench_identity *identity)
{
    enum { FLAGS = ONYM_ENVELOPE_LEN + 8 };

    *form = (struct onym_bench_form){
        .transport = transport, .identity = identity, .closes = closes};
    onym_bench_query_form_init(&form->query, expiration);
    form->whole = form->query;
    onym_put_u32(form->whole.front + FLAGS,
                 onym_get_u32(form->whole.front + FLAGS) & ~ONYM_FLAG_PUBLIC_ONLY);
    onym_bench_query_form_select(&form->whole, ONYM_BENCH_PRIVATE_INDEX, NULL);
    (void)snprintf(form->tail, sizeof form->tail, " HTTP/1.1\r\nHost: %s\r\n%s\r\n", host,
                   closes ? "Connection: close\r\n" : "");
    if (identity != NULL && identity->as != NULL) {
        struct onym_writer w = onym_writer_over((uint8_t *)form->basic, sizeof form->basic - 1);

        onym_bench_change_basic(identity, &w);
        ONYM_REQUIRE(w.status == ONYM_OK);
    }
}

/* A request for one value that needs proof. The empty credential at its end may be left out, and
 * is, so that the request of the longest name still is one packet. */
static size_t
write_refused(const struct onym_bench_form *form, onym_span name, uint32_t request_id, uint8_t *out)
{
    enum { MESSAGE_LEN = 16 };
    size_t len = onym_bench_query_write(&form->whole, name, request_id, out);

    onym_put_u32(out + MESSAGE_LEN, onym_get_u32(out + MESSAGE_LEN) - 4);
    return len - 4;
}

static size_t
write_change(const struct onym_bench_form *form, const struct onym_bench_ask *ask, uint8_t *out)
{
    uint8_t body[ONYM_BENCH_CHANGE_MAX];
    struct onym_writer w = onym_writer_over(body, sizeof body);
    bool update = ask->kind == ONYM_BENCH_UPDATE;
    size_t len;

    onym_bench_change_handle(form->identity, ask->name, update, ask->note, &w);
    ONYM_REQUIRE(w.status == ONYM_OK);
    len = onym_bench_login_request(update ? ONYM_OP_MODIFY_VALUES : ONYM_OP_CREATE, ask->session,
                                   ask->request_id, onym_writer_written(&w), out,
                                   ONYM_BENCH_REQUEST_MAX);
    ONYM_REQUIRE(len > 0);
    return len;
}

static bool
is_change(enum onym_bench_kind kind)
{
    return kind == ONYM_BENCH_REGISTER || kind == ONYM_BENCH_UPDATE;
}

static size_t
write_handle(const struct onym_bench_form *form, const struct onym_bench_ask *ask, uint8_t *out)
{
    size_t len;

    if (is_change(ask->kind)) {
        return write_change(form, ask, out);
    }
    if (ask->kind == ONYM_BENCH_REFUSED) {
        return write_refused(form, ask->name, ask->request_id, out);
    }
    len = onym_bench_query_write(&form->query, ask->name, ask->request_id, out);
    if (ask->kind == ONYM_BENCH_MALFORMED) {
        onym_put_u32(out + BODY, UINT16_MAX); /* the name's length */
    }
    return len;
}

static void
put_escaped(struct onym_writer *w, onym_span name)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c != '\0' && strchr("-._~/:", c) != NULL)) {
            onym_writer_u8(w, c);
        } else {
            onym_writer_u8(w, '%');
            onym_writer_u8(w, (uint8_t)hex[c >> 4]);
            onym_writer_u8(w, (uint8_t)hex[c & 15]);
        }
    }
}

/* What follows the name in a request that changes a record. */
static void
put_change(const struct onym_bench_form *form, const struct onym_bench_ask *ask,
           struct onym_writer *w)
{
    uint8_t body[ONYM_BENCH_CHANGE_MAX];
    struct onym_writer b = onym_writer_over(body, sizeof body);
    char length[80];

    onym_bench_change_json(form->identity, ask->name, ask->note, &b);
    ONYM_REQUIRE(b.status == ONYM_OK);
    onym_writer_bytes(w,
                      onym_span_text(ask->kind == ONYM_BENCH_REGISTER ? "?overwrite=false" : ""));
    /* the tail ends with the empty line */
    onym_writer_bytes(w, onym_span_of(form->tail, strlen(form->tail) - 2));
    onym_writer_bytes(w, onym_span_text(form->basic));
    (void)snprintf(length, sizeof length,
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", b.len);
    onym_writer_bytes(w, onym_span_text(length));
    onym_writer_bytes(w, onym_writer_written(&b));
}

static size_t
write_http(const struct onym_bench_form *form, const struct onym_bench_ask *ask, uint8_t *out)
{
    struct onym_writer w = onym_writer_over(out, ONYM_BENCH_REQUEST_MAX);

    onym_writer_bytes(&w, onym_span_text(is_change(ask->kind) ? "PUT" : "GET"));
    onym_writer_bytes(&w, onym_span_text(" /api/handles/"));
    put_escaped(&w, ask->name);
    if (is_change(ask->kind)) {
        put_change(form, ask, &w);
    } else {
        onym_writer_bytes(&w, onym_span_text(ask->kind == ONYM_BENCH_MALFORMED ? "?index=first"
                                             : ask->kind == ONYM_BENCH_REFUSED
                                                 ? "?publicOnly=false&index=2011"
                                                 : ""));
        onym_writer_bytes(&w, onym_span_text(form->tail));
    }
    ONYM_REQUIRE(w.status == ONYM_OK);
    return w.len;
}

/* An array of new records. Its length stands in front of it, so the body is written first. */
static size_t
write_batch(const struct onym_bench_form *form, const struct onym_bench_ask *ask, uint8_t *out)
{
    size_t cap = onym_bench_request_max(ask->rows);
    struct onym_writer head = onym_writer_over(out, ONYM_BENCH_REQUEST_MAX);
    struct onym_writer body = onym_writer_over(out + ONYM_BENCH_REQUEST_MAX,
                                               cap - ONYM_BENCH_REQUEST_MAX);
    char length[80];

    for (uint32_t i = 0; i < ask->rows; i++) {
        uint8_t room[ONYM_BENCH_UNDER_MAX + 64];
        struct onym_writer name = onym_writer_over(room, sizeof room);

        onym_bench_change_name(form->identity, ask->thread, ask->number + i, &name);
        onym_writer_bytes(&body, onym_span_text(i == 0 ? "[{\"handle\":\"" : ",{\"handle\":\""));
        onym_writer_bytes(&body, onym_writer_written(&name));
        onym_writer_bytes(&body, onym_span_text("\",\"values\":"));
        onym_bench_change_json(form->identity, onym_writer_written(&name), 0, &body);
        onym_writer_bytes(&body, onym_span_text("}"));
    }
    onym_writer_bytes(&body, onym_span_text("]"));
    onym_writer_bytes(&head, onym_span_text("POST /api/v1/identifiers:batch"));
    onym_writer_bytes(&head, onym_span_of(form->tail, strlen(form->tail) - 2));
    onym_writer_bytes(&head, onym_span_text(form->basic));
    (void)snprintf(length, sizeof length,
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.len);
    onym_writer_bytes(&head, onym_span_text(length));
    ONYM_REQUIRE(head.status == ONYM_OK && body.status == ONYM_OK);
    memmove(out + head.len, out + ONYM_BENCH_REQUEST_MAX, body.len);
    return head.len + body.len;
}

size_t
onym_bench_request_write(const struct onym_bench_form *form, const struct onym_bench_ask *ask,
                         struct onym_bench_reply *reply, uint8_t *out)
{
    static const struct {
        uint16_t expected, or_else;
    } codes[ONYM_BENCH_KINDS] = {
        [ONYM_BENCH_RESOLVE] = {1, 0},   [ONYM_BENCH_MISS] = {100, 0},
        [ONYM_BENCH_MALFORMED] = {4, 0}, [ONYM_BENCH_REFUSED] = {402, 200},
        [ONYM_BENCH_ROUTE] = {1, 0},     [ONYM_BENCH_REGISTER] = {1, 0},
        [ONYM_BENCH_UPDATE] = {1, 0},    [ONYM_BENCH_BATCH] = {ONYM_BENCH_HTTP_CODE + 200, 0},
    };

    onym_bench_reply_init(reply, ask->name, ask->request_id);
    reply->expected = codes[ask->kind].expected;
    reply->or_else = codes[ask->kind].or_else;
    reply->code_only = is_change(ask->kind);
    if (ask->kind == ONYM_BENCH_BATCH) {
        return write_batch(form, ask, out);
    }
    return onym_bench_transport_http(form->transport) ? write_http(form, ask, out)
                                                      : write_handle(form, ask, out);
}
