/* HS_PUBKEY data from integers of a given size, and PEM texts from DER, for the tests of keys. */
#ifndef ONYM_TESTS_UNIT_AUTH_KEY_MAKE_H
#define ONYM_TESTS_UNIT_AUTH_KEY_MAKE_H

#include "auth/keys.h"
#include "auth_test.h"
#include "base/writer.h"

#include <openssl/evp.h>

/* An integer of exactly that many bits: first and last bit set, zeros between. */
static inline onym_span
integer(void **state, unsigned bits)
{
    size_t len = (bits + 7) / 8;
    uint8_t *room = vectors_room(state, len);

    room[0] = (uint8_t)(1U << ((bits - 1) % 8));
    room[len - 1] |= 1;
    return onym_span_of(room, len);
}

static inline onym_span
small_integer(void **state, uint8_t value)
{
    uint8_t *room = vectors_room(state, 1);

    room[0] = value;
    return onym_span_of(room, 1);
}

/* type, u2 0, the integers, and for RSA the four zero bytes. */
static inline onym_span
hs_pubkey(void **state, const char *type, const onym_span *integers, size_t count)
{
    size_t cap = 16384;
    uint8_t *room = vectors_room(state, cap);
    struct onym_writer w = onym_writer_over(room, cap);

    onym_writer_counted(&w, onym_span_text(type));
    onym_writer_u16(&w, 0);
    for (size_t i = 0; i < count; i++) {
        onym_writer_counted(&w, integers[i]);
    }
    if (strcmp(type, "RSA_PUB_KEY") == 0) {
        onym_writer_u32(&w, 0);
    }
    assert_int_equal(w.status, ONYM_OK);
    return onym_writer_written(&w);
}

/* What becomes of the data: a status, and the key is freed at once. */
static inline enum onym_status
judged(onym_span data)
{
    struct onym_key *key = NULL;
    enum onym_status status = onym_key_from_hs_pubkey(data, &key);

    onym_key_free(key);
    return status;
}

/* Armours DER bytes as a public key on one line. */
static inline onym_span
public_pem(void **state, onym_span der)
{
    size_t cap = 4 * der.len + 128;
    char *room = (char *)vectors_room(state, cap);
    size_t len = (size_t)snprintf(room, cap, "-----BEGIN PUBLIC KEY-----\n");

    len += (size_t)EVP_EncodeBlock((unsigned char *)room + len, der.at, (int)der.len);
    len += (size_t)snprintf(room + len, cap - len, "\n-----END PUBLIC KEY-----");
    return onym_span_of(room, len);
}

#endif
