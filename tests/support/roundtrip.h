/* decode, encode, decode: the second message must be the first. Used by unit tests over the vectors
 * and by fuzzing, so it knows nothing of cmocka. */
#ifndef ONYM_TESTS_SUPPORT_ROUNDTRIP_H
#define ONYM_TESTS_SUPPORT_ROUNDTRIP_H

#include "wire/body.h"
#include "wire/credential.h"

enum roundtrip {
    ROUNDTRIP_REFUSED,  /* the decoder said no */
    ROUNDTRIP_SAME,     /* accepted, and the same after encoding and decoding again */
    ROUNDTRIP_DIFFERENT /* accepted, and broken by our own encoder: a bug */
};

/* Envelope and message. The envelope is compared too; what the decoder ignores is not. */
enum roundtrip roundtrip_message(onym_span bytes);
/* One value with nothing behind it. */
enum roundtrip roundtrip_value(onym_span bytes);
enum roundtrip roundtrip_hs_admin(onym_span data);
enum roundtrip roundtrip_hs_site(onym_span data);
enum roundtrip roundtrip_hs_vlist(onym_span data);
enum roundtrip roundtrip_hs_pubkey(onym_span data);

/* Whether two bodies say the same; trailing bytes and missing unused bytes do not count. */
bool roundtrip_same_body(const struct onym_body *a, const struct onym_body *b);

/* The bytes that decode may do without in this body: what the last fields that may be missing take,
 * and what is ignored (proto/handle.md 8, 10.4, 13.2, 17.3). */
size_t roundtrip_optional_tail(const struct onym_body *body);

#endif
