#include "base/require.h"
#include "service/http_query.h"
#include "service/openapi.h"
#include "service/routes_priv.h"
#include "wire/frame.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

/* A message that came over HTTP; source: proto/handle.md 14.3. The path repeats the identifier for
 * people and proxies; the message decides. */
void
onym_routes_tunnel(struct onym_http_call *c)
{
    struct onym_answer_call call = {.by = ONYM_BY_TCP,
                                    .dialogue = &c->connection->dialogue,
                                    .now_s = (uint32_t)(c->now_ms / 1000),
                                    .arena = c->service->arena,
                                    .reply_len_max = ONYM_MESSAGE_LEN_MAX};
    struct onym_frame frame = onym_frame_cut(c->content);
    struct onym_reply reply = {.parts = 0};
    uint8_t envelope[ONYM_ENVELOPE_LEN];
    enum onym_verdict verdict;

    if (frame.verdict == ONYM_FRAME_MORE) {
        onym_http_fail_text(c, ONYM_MALFORMED, 400,
                            "the body is not one whole message with its envelope");
        return;
    }
    verdict = frame.verdict == ONYM_FRAME_REFUSE
                  ? onym_answer_error(c->service->answerer, &call, &frame.envelope,
                                      onym_span_of(NULL, 0), ONYM_MALFORMED, &reply)
                  : onym_answer(c->service->answerer, &call, &frame.envelope, frame.message,
                                &reply);
    if (verdict != ONYM_VERDICT_REPLY) {
        onym_http_fail_text(c, ONYM_BUSY, 503, "no room for an answer");
        return;
    }
    onym_http_json(c, 200, reply.status);
    c->type = "application/x-hdl-message";
    c->pretty = false;
    c->reply->is_resolution = true;
    onym_envelope_encode(&reply.envelope, envelope);
    onym_writer_bytes(&c->body, onym_span_of(envelope, sizeof envelope));
    for (size_t i = 0; i < reply.parts; i++) {
        onym_writer_bytes(&c->body, reply.part[i]);
    }
}

void
onym_routes_site(struct onym_http_call *c)
{
    static const char front[] = "{\"format\":\"site\",\"value\":";
    struct onym_writer *w = &c->body;
    size_t at;

    onym_http_json(c, 200, ONYM_OK);
    onym_json_put(w, "{\"responseCode\":1,\"site\":");
    at = w->len;
    if (!onym_json_put_site(w, c->service->answerer->site)) {
        onym_http_fail_text(c, ONYM_ERROR, 0, "this node has no site information");
        return;
    }
    if (w->status == ONYM_OK) {
        /* the structure alone: without {"format", "value"} around it */
        ONYM_REQUIRE(memcmp(w->at + at, front, sizeof front - 1) == 0);
        memmove(w->at + at, w->at + at + sizeof front - 1, w->len - at - (sizeof front - 1));
        w->len -= sizeof front - 1;
    }
}

void
onym_routes_status(struct onym_http_call *c)
{
    struct onym_writer *w = &c->body;
    bool changes = c->connection->caller.tls && c->service->backend != NULL;
    char time[ONYM_TIME_TEXT_MAX];

    onym_http_json(c, 200, ONYM_OK);
    onym_time_format(c->now_ms, time);
    onym_json_put(w, "{\"version\":");
    onym_json_put_string(w, onym_span_text(c->service->version));
    onym_json_put(w, ",\"protocol\":\"");
    onym_json_put_u64(w, ONYM_VERSION_OWN >> 8);
    onym_json_put(w, ".");
    onym_json_put_u64(w, ONYM_VERSION_OWN & 255);
    onym_json_put(w,
                  changes ? "\",\"changes\":true,\"time\":\"" : "\",\"changes\":false,\"time\":\"");
    onym_json_put(w, time);
    onym_json_put(w, "\"}");
}

void
onym_routes_contract(struct onym_http_call *c)
{
    onym_http_json(c, 200, ONYM_OK);
    onym_writer_bytes(&c->body, onym_span_of(onym_openapi_json, onym_openapi_json_len));
}

/* For people who paste an identifier behind the address. Bytes that may not stand in a header, or
 * that a browser would read as the end of the path, go as %XX; what is encoded stays so. */
void
onym_routes_redirect(struct onym_http_call *c)
{
    onym_span rest = onym_span_from(c->request->target, 1);
    struct onym_writer *w = &c->extra;

    c->status = 302;
    c->outcome = ONYM_OK;
    c->type = NULL;
    if (c->request->target.at[0] != '/') { /* absolute form: its path */
        rest = onym_span_from(c->request->path, 1);
    }
    onym_json_put(w, "Location: /api/handles/");
    for (size_t i = 0; i < rest.len; i++) {
        uint8_t byte = rest.at[i];

        if (byte > 0x20 && byte < 0x7F && strchr("\"<>\\^`{|}", byte) == NULL) {
            onym_writer_u8(w, byte);
        } else {
            static const char hex[] = "0123456789ABCDEF";

            onym_writer_u8(w, '%');
            onym_writer_u8(w, (uint8_t)hex[byte >> 4]);
            onym_writer_u8(w, (uint8_t)hex[byte & 15]);
        }
    }
    onym_json_put(w, "\r\n");
}

/* No Access-Control-Allow-Origin: pages of other sites may not read from here. */
void
onym_routes_options(struct onym_http_call *c, unsigned allowed)
{
    c->status = 200;
    c->outcome = ONYM_OK;
    c->type = NULL;
    onym_routes_allow(c, allowed);
    if (onym_http_header(c, "origin").len > 0) {
        onym_http_put_header(c, "Access-Control-Expose-Headers",
                             onym_span_text("Content-Length,Allow,ETag,X-Request-Id"));
    }
}
