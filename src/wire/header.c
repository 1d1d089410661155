#include "wire/header.h"

#include "base/reader.h"
#include "base/writer.h"

#define BODY_LEN_AT 20U /* in a header */

enum onym_status
onym_envelope_decode(onym_span bytes, struct onym_envelope *out)
{
    if (bytes.len < ONYM_ENVELOPE_LEN) {
        return ONYM_MALFORMED;
    }
    *out = (struct onym_envelope){
        .version = ONYM_VERSION(bytes.at[0], bytes.at[1]),
        .suggested = ONYM_VERSION(bytes.at[2] & 3, bytes.at[3]),
        .flags = bytes.at[2] & 0xE0U,
        .session_id = onym_get_u32(bytes.at + 4),
        .request_id = onym_get_u32(bytes.at + 8),
        .sequence = onym_get_u32(bytes.at + 12),
        .message_len = onym_get_u32(bytes.at + 16),
    };
    return ONYM_OK;
}

void
onym_envelope_encode(const struct onym_envelope *e, uint8_t out[ONYM_ENVELOPE_LEN])
{
    onym_put_u16(out, e->version);
    out[2] = (uint8_t)((e->flags & 0xE0U) | ((e->suggested >> 8) & 3U));
    out[3] = (uint8_t)e->suggested;
    onym_put_u32(out + 4, e->session_id);
    onym_put_u32(out + 8, e->request_id);
    onym_put_u32(out + 12, e->sequence);
    onym_put_u32(out + 16, e->message_len);
}

static void
read_header(const uint8_t *at, struct onym_header *out)
{
    *out = (struct onym_header){
        .opcode = onym_get_u32(at),
        .response_code = onym_get_u32(at + 4),
        .flags = onym_get_u32(at + 8),
        .site_serial = onym_get_u16(at + 12),
        .recursion = at[14],
        .reserved = at[15],
        .expiration = onym_get_u32(at + 16),
        .body_len = onym_get_u32(at + BODY_LEN_AT),
    };
}

enum onym_status
onym_header_decode(onym_span bytes, struct onym_header *out)
{
    if (bytes.len < ONYM_HEADER_LEN) {
        return ONYM_MALFORMED;
    }
    read_header(bytes.at, out);
    return ONYM_OK;
}

void
onym_header_encode(const struct onym_header *h, uint8_t out[ONYM_HEADER_LEN])
{
    onym_put_u32(out, h->opcode);
    onym_put_u32(out + 4, h->response_code);
    onym_put_u32(out + 8, h->flags);
    onym_put_u16(out + 12, h->site_serial);
    out[14] = h->recursion;
    out[15] = h->reserved;
    onym_put_u32(out + 16, h->expiration);
    onym_put_u32(out + BODY_LEN_AT, h->body_len);
}

/* What is cut out goes straight to where it stays: a copy of a structure just filled waits until
 * its narrow fields have reached the cache. */
enum onym_status
onym_message_cut(const struct onym_envelope *envelope, onym_span message, struct onym_message *out)
{
    struct onym_reader r = onym_reader_over(message);
    onym_span header = onym_reader_bytes(&r, ONYM_HEADER_LEN);
    onym_span credential = onym_span_of(NULL, 0);
    onym_span body;
    bool has_credential;

    if (envelope->message_len > ONYM_MESSAGE_LEN_MAX || message.len != envelope->message_len) {
        return ONYM_MALFORMED;
    }
    if ((envelope->flags & (ONYM_ENVELOPE_COMPRESSED | ONYM_ENVELOPE_ENCRYPTED)) != 0) {
        return ONYM_UNSUPPORTED;
    }
    if (header.len == 0) {
        return ONYM_MALFORMED;
    }
    body = onym_reader_bytes(&r, onym_get_u32(header.at + BODY_LEN_AT));
    has_credential = r.left.len > 0;
    if (has_credential) {
        credential = onym_reader_counted(&r, ONYM_MESSAGE_LEN_MAX);
    }
    if (r.status != ONYM_OK) {
        return r.status;
    }
    out->envelope = *envelope;
    read_header(header.at, &out->header);
    out->body = body;
    out->digested = onym_span_of(message.at, ONYM_HEADER_LEN + body.len);
    out->has_credential = has_credential;
    out->credential = credential;
    return ONYM_OK;
}

enum onym_status
onym_message_encode(const struct onym_message *m, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);
    struct onym_envelope envelope = m->envelope;
    struct onym_header header = m->header;
    uint8_t *front = onym_writer_take(&w, ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN);

    onym_writer_bytes(&w, m->body);
    if (m->has_credential) {
        onym_writer_counted(&w, m->credential);
    }
    if (w.status != ONYM_OK) {
        return w.status;
    }
    envelope.message_len = (uint32_t)(w.len - ONYM_ENVELOPE_LEN);
    header.body_len = (uint32_t)m->body.len;
    onym_envelope_encode(&envelope, front);
    onym_header_encode(&header, front + ONYM_ENVELOPE_LEN);
    *len = w.len;
    return ONYM_OK;
}

uint16_t
onym_version_for_reply(const struct onym_envelope *request)
{
    uint16_t wanted = request->suggested >> 8 != 0 ? request->suggested : request->version;

    return wanted < ONYM_VERSION_OWN ? wanted : ONYM_VERSION_OWN;
}
