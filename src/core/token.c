#include "core/token.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "base/reader.h"
#include "base/writer.h"
#include "onym/model/ident.h"
#include "onym/model/limits.h"

#define VERSION   1U
#define TYPE      "ONYM_TOKEN"
#define FRONT_LEN (sizeof ONYM_TOKEN_FRONT - 1)

bool
onym_token_is_id(onym_span id)
{
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.at[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F')) {
            return false;
        }
    }
    return id.len == ONYM_TOKEN_ID_LEN;
}

bool
onym_token_cut(onym_span text, onym_span *id, onym_span *secret)
{
    if (text.len != ONYM_TOKEN_TEXT_LEN || memcmp(text.at, ONYM_TOKEN_FRONT, FRONT_LEN) != 0 ||
        text.at[FRONT_LEN + ONYM_TOKEN_ID_LEN] != '_') {
        return false;
    }
    *id = onym_span_front(onym_span_from(text, FRONT_LEN), ONYM_TOKEN_ID_LEN);
    *secret = onym_span_from(text, FRONT_LEN + ONYM_TOKEN_ID_LEN + 1);
    return onym_token_is_id(*id);
}

void
onym_token_id_front(struct onym_digester *digester, const struct onym_principal *who,
                    char out[ONYM_TOKEN_ID_FRONT])
{
    uint8_t folded[ONYM_NAME_LEN_MAX];
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    char digits[ONYM_TOKEN_ID_FRONT + 1];
    uint8_t index[4];
    onym_span handle = onym_span_front(who->handle, sizeof folded);
    const onym_span parts[2] = {onym_span_of(index, sizeof index),
                                onym_span_of(folded, handle.len)};

    onym_put_u32(index, who->index);
    onym_ident_upper(handle, folded);
    (void)onym_digest(digester, ONYM_SHA256, parts, 2, digest);
    onym_hex_encode(onym_span_of(digest, ONYM_TOKEN_ID_FRONT / 2), digits);
    memcpy(out, digits, ONYM_TOKEN_ID_FRONT);
}

enum onym_status
onym_token_write(const struct onym_token *t, uint8_t *out, size_t cap,
                 struct onym_value_list *values)
{
    uint8_t data[ONYM_TOKEN_VALUE_MAX];
    struct onym_writer w = onym_writer_over(data, sizeof data);
    struct onym_value value = {
        .index = 1, .type = onym_span_text(TYPE), .ttl_type = ONYM_TTL_RELATIVE, .ttl = 0};
    size_t len = 0;
    enum onym_status status;

    if (t->who.handle.len == 0 || t->who.handle.len > ONYM_NAME_LEN_MAX || !t->scope.limited ||
        t->label.len > ONYM_TOKEN_LABEL_MAX) {
        return ONYM_INVALID;
    }
    onym_writer_u8(&w, VERSION);
    onym_writer_u64(&w, t->ends_ms);
    onym_writer_bytes(&w, onym_span_of(t->secret, sizeof t->secret));
    onym_writer_bytes(&w, onym_span_of(t->key, sizeof t->key));
    onym_writer_u32(&w, t->who.index);
    onym_writer_u16(&w, (uint16_t)t->who.handle.len);
    onym_writer_bytes(&w, t->who.handle);
    onym_writer_u8(&w, t->scope.len);
    onym_writer_bytes(&w, onym_span_of(t->scope.text, t->scope.len));
    onym_writer_bytes(&w, t->label);
    value.data = onym_writer_written(&w);
    status = w.status == ONYM_OK ? onym_value_encode(&value, out, cap, &len) : w.status;
    *values = (struct onym_value_list){.raw = onym_span_of(out, len), .count = 1};
    return status;
}

enum onym_status
onym_token_read(struct onym_value_list values, struct onym_token *out)
{
    struct onym_token t = {.ends_ms = 0};
    struct onym_value value;
    struct onym_reader r;
    onym_span secret;
    onym_span key;
    const char *why;

    if (values.count != 1 || !onym_value_next(&values.raw, &value) ||
        !onym_span_equal(value.type, onym_span_text(TYPE))) {
        return ONYM_CORRUPT;
    }
    r = onym_reader_over(value.data);
    if (onym_reader_u8(&r) != VERSION) {
        return ONYM_CORRUPT;
    }
    t.ends_ms = onym_reader_u64(&r);
    secret = onym_reader_bytes(&r, sizeof t.secret);
    key = onym_reader_bytes(&r, sizeof t.key);
    t.who.index = onym_reader_u32(&r);
    t.who.handle = onym_reader_bytes(&r, onym_reader_u16(&r));
    if (r.status != ONYM_OK || t.who.handle.len == 0 ||
        onym_scope_read(onym_reader_bytes(&r, onym_reader_u8(&r)), &t.scope, &why) != ONYM_OK) {
        return ONYM_CORRUPT;
    }
    t.label = r.left;
    memcpy(t.secret, secret.at, sizeof t.secret);
    memcpy(t.key, key.at, sizeof t.key);
    t.is_operator = true;
    for (size_t i = 0; i < sizeof t.key; i++) {
        t.is_operator = t.is_operator && t.key[i] == 0;
    }
    *out = t;
    return ONYM_OK;
}
