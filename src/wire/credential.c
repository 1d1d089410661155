#include "wire/credential.h"

#include "base/reader.h"
#include "base/writer.h"

enum onym_status
onym_credential_decode(onym_span field, struct onym_credential *out)
{
    struct onym_reader r = onym_reader_over(field);
    struct onym_credential c = {0};
    uint32_t rest_len;

    c.version = onym_reader_u8(&r);
    c.reserved = onym_reader_u8(&r);
    c.options = onym_reader_u16(&r);
    c.signer = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    c.counter = onym_reader_u32(&r);
    c.type = onym_reader_counted(&r, ONYM_COUNT_MAX);
    rest_len = onym_reader_u32(&r);
    if (rest_len != r.left.len) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }
    c.hash_name = onym_reader_counted(&r, ONYM_COUNT_MAX);
    c.signature = onym_reader_counted(&r, ONYM_COUNT_MAX);
    if (r.left.len > 0) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }

    if (r.status == ONYM_OK) {
        *out = c;
    }
    return r.status;
}

enum onym_status
onym_credential_encode(const struct onym_credential *c, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u8(&w, c->version);
    onym_writer_u8(&w, c->reserved);
    onym_writer_u16(&w, c->options);
    onym_writer_counted(&w, c->signer);
    onym_writer_u32(&w, c->counter);
    onym_writer_counted(&w, c->type);
    onym_writer_u32(&w, (uint32_t)(8 + c->hash_name.len + c->signature.len));
    onym_writer_counted(&w, c->hash_name);
    onym_writer_counted(&w, c->signature);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
