#include "wire/resolve.h"

#include "base/reader.h"
#include "base/writer.h"
#include "wire/fields.h"

size_t
onym_digest_code_len(uint8_t code)
{
    static const uint8_t len[] = {
        [ONYM_DIGEST_MD5] = 16, [ONYM_DIGEST_SHA1] = 20, [ONYM_DIGEST_SHA256] = 32};

    return code < sizeof len ? len[code] : 0;
}

enum onym_status
onym_query_decode(onym_span body, struct onym_query *out)
{
    struct onym_reader r = onym_reader_over(body);
    struct onym_query q = {0};

    q.name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    q.indexes = onym_fields_indexes(&r);
    q.types = onym_fields_texts(&r);
    /* trailing bytes are ignored: deployed clients send them (proto/handle.md section 8) */

    if (r.status == ONYM_OK) {
        *out = q;
    }
    return r.status;
}

enum onym_status
onym_query_encode(const struct onym_query *query, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, query->name);
    onym_writer_u32(&w, query->indexes.count);
    onym_writer_bytes(&w, query->indexes.raw);
    onym_writer_u32(&w, query->types.count);
    onym_writer_bytes(&w, query->types.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_reply_digest_decode(const struct onym_message *reply, uint8_t *code, onym_span *digest,
                         onym_span *rest)
{
    struct onym_reader r = onym_reader_over(reply->body);
    uint8_t found = 0;
    onym_span bytes = onym_span_of(NULL, 0);

    if ((reply->header.flags & ONYM_FLAG_REQUEST_DIGEST) != 0 &&
        reply->envelope.version >= ONYM_VERSION(2, 1)) {
        found = onym_reader_u8(&r);
        if (onym_digest_code_len(found) == 0) {
            onym_reader_fail(&r, ONYM_MALFORMED);
        }
        bytes = onym_reader_bytes(&r, onym_digest_code_len(found));
    }
    if (r.status == ONYM_OK) {
        *code = found;
        *digest = bytes;
        *rest = r.left;
    }
    return r.status;
}

/* A list that ends the body. */
static struct onym_value_list
read_last_values(struct onym_reader *r)
{
    struct onym_value_list list = onym_fields_values(r);

    if (r->left.len > 0) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    return list;
}

enum onym_status
onym_resolve_reply_decode(onym_span body, struct onym_resolve_reply *out)
{
    struct onym_reader r = onym_reader_over(body);
    struct onym_resolve_reply reply = {0};

    reply.name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    reply.values = read_last_values(&r);

    if (r.status == ONYM_OK) {
        *out = reply;
    }
    return r.status;
}

enum onym_status
onym_resolve_reply_encode(const struct onym_resolve_reply *reply, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, reply->name);
    onym_writer_u32(&w, reply->values.count);
    onym_writer_bytes(&w, reply->values.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_referral_reply_decode(onym_span body, struct onym_referral_reply *out)
{
    struct onym_reader r = onym_reader_over(body);
    struct onym_referral_reply reply = {0};

    reply.name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    reply.has_values = r.left.len > 0;
    if (reply.has_values) {
        reply.values = read_last_values(&r);
    }

    if (r.status == ONYM_OK) {
        *out = reply;
    }
    return r.status;
}

enum onym_status
onym_referral_reply_encode(const struct onym_referral_reply *reply, uint8_t *out, size_t cap,
                           size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, reply->name);
    if (reply->has_values) {
        onym_writer_u32(&w, reply->values.count);
        onym_writer_bytes(&w, reply->values.raw);
    }

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_error_reply_decode(onym_span body, onym_span *text)
{
    struct onym_reader r = onym_reader_over(body);
    onym_span found = onym_reader_counted(&r, ONYM_MESSAGE_LEN_MAX);

    if (r.status == ONYM_OK) {
        *text = found;
    }
    return r.status;
}
