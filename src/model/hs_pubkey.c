#include "onym/model/hs_pubkey.h"

#include "base/reader.h"
#include "base/writer.h"

static const char pem_front[] = "-----BEGIN PUBLIC KEY-----";

const char *
onym_key_kind_name(enum onym_key_kind kind)
{
    static const char *const names[] = {
        [ONYM_KEY_RSA] = "RSA_PUB_KEY", [ONYM_KEY_DSA] = "DSA_PUB_KEY",
        [ONYM_KEY_DH] = "DH_PUB_KEY",   [ONYM_KEY_SM2] = "SM2_PUB_KEY",
        [ONYM_KEY_SM9] = "SM9_PUB_KEY", [ONYM_KEY_PEM] = "PEM",
    };

    return names[kind];
}

static onym_span
read_integer(struct onym_reader *r)
{
    onym_span integer = onym_reader_counted(r, ONYM_COUNT_MAX);

    if (integer.len == 0) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    return integer;
}

/* The kind the type text names; false for one we do not know. A PEM text is no type. */
static bool
kind_of(onym_span type, enum onym_key_kind *kind)
{
    for (unsigned i = 0; i < ONYM_KEY_PEM; i++) {
        if (onym_span_equal(type, onym_span_text(onym_key_kind_name((enum onym_key_kind)i)))) {
            *kind = (enum onym_key_kind)i;
            return true;
        }
    }
    return false;
}

static void
read_fields(struct onym_reader *r, struct onym_hs_pubkey *key)
{
    static const uint8_t zeros[4] = {0, 0, 0, 0};

    switch (key->kind) {
    case ONYM_KEY_RSA:
        key->as.rsa.exponent = read_integer(r);
        key->as.rsa.modulus = read_integer(r);
        key->as.rsa.no_tail = r->left.len == 0;
        if (onym_span_equal(r->left, onym_span_of(zeros, sizeof zeros))) {
            (void)onym_reader_bytes(r, sizeof zeros);
        }
        break;
    case ONYM_KEY_DSA:
        key->as.dsa.q = read_integer(r);
        key->as.dsa.p = read_integer(r);
        key->as.dsa.g = read_integer(r);
        key->as.dsa.y = read_integer(r);
        break;
    case ONYM_KEY_DH:
        key->as.dh.y = read_integer(r);
        key->as.dh.p = read_integer(r);
        key->as.dh.g = read_integer(r);
        break;
    case ONYM_KEY_SM2:
    case ONYM_KEY_SM9:
        key->as.text = onym_reader_counted(r, ONYM_COUNT_MAX);
        break;
    case ONYM_KEY_PEM:
        key->as.text = onym_reader_bytes(r, r->left.len);
        break;
    }
}

enum onym_status
onym_hs_pubkey_decode(onym_span data, struct onym_hs_pubkey *out)
{
    struct onym_reader r = onym_reader_over(data);
    struct onym_hs_pubkey key = {.kind = ONYM_KEY_PEM};

    if (!onym_span_equal(onym_span_front(data, sizeof pem_front - 1), onym_span_text(pem_front))) {
        onym_span type = onym_reader_counted(&r, ONYM_COUNT_MAX);

        if (onym_reader_u16(&r) != 0) {
            onym_reader_fail(&r, ONYM_MALFORMED);
        }
        if (r.status == ONYM_OK && !kind_of(type, &key.kind)) {
            return ONYM_UNSUPPORTED;
        }
    }
    read_fields(&r, &key);
    if (r.left.len > 0) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }

    if (r.status == ONYM_OK) {
        *out = key;
    }
    return r.status;
}

static void
write_fields(struct onym_writer *w, const struct onym_hs_pubkey *key)
{
    switch (key->kind) {
    case ONYM_KEY_RSA:
        onym_writer_counted(w, key->as.rsa.exponent);
        onym_writer_counted(w, key->as.rsa.modulus);
        onym_writer_u32(w, 0);
        break;
    case ONYM_KEY_DSA:
        onym_writer_counted(w, key->as.dsa.q);
        onym_writer_counted(w, key->as.dsa.p);
        onym_writer_counted(w, key->as.dsa.g);
        onym_writer_counted(w, key->as.dsa.y);
        break;
    case ONYM_KEY_DH:
        onym_writer_counted(w, key->as.dh.y);
        onym_writer_counted(w, key->as.dh.p);
        onym_writer_counted(w, key->as.dh.g);
        break;
    case ONYM_KEY_SM2:
    case ONYM_KEY_SM9:
        onym_writer_counted(w, key->as.text);
        break;
    case ONYM_KEY_PEM:
        onym_writer_bytes(w, key->as.text);
        break;
    }
}

enum onym_status
onym_hs_pubkey_encode(const struct onym_hs_pubkey *key, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (key->kind != ONYM_KEY_PEM) {
        onym_writer_counted(&w, onym_span_text(onym_key_kind_name(key->kind)));
        onym_writer_u16(&w, 0);
    }
    write_fields(&w, key);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
