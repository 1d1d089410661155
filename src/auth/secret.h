/* HS_SECKEY answers to a challenge: proof that the peer knows a shared secret. Source:
 * proto/handle.md H-11.4, H-11.5.
 *
 *   version < 2.1 | MD5(K | data | K), 16 bytes without the byte in front
 *   01, 02, 03    | MD5, SHA-1, SHA-256 of K | data | K
 *   12, 13        | HMAC-SHA1, HMAC-SHA256 under K
 *   22            | str salt, u4 iterations, u4 key bits, str mac: HMAC-SHA1 under
 *                 | PBKDF2-HMAC-SHA1(K'), where K' is K read as Latin-1 and written as UTF-8
 *
 * data is nonce | digest, K the data of the HS_SECKEY value. A value in hashed form holds 40
 * digits, and then these digits are K: whoever verifies needs not know which form it is.
 *
 * Form 22 may cost 100 000 rounds, some 30 to 100 milliseconds: never on a loop's time. */
#ifndef ONYM_AUTH_SECRET_H
#define ONYM_AUTH_SECRET_H

#include "auth/policy.h"
#include "auth/sign.h"
#include "base/rng.h"

enum onym_secret_form {
    ONYM_SECRET_BARE_MD5 = 0, /* version < 2.1 */
    ONYM_SECRET_MD5 = 0x01,
    ONYM_SECRET_SHA1 = 0x02,
    ONYM_SECRET_SHA256 = 0x03,
    ONYM_SECRET_HMAC_SHA1 = 0x12,
    ONYM_SECRET_HMAC_SHA256 = 0x13,
    ONYM_SECRET_PBKDF2 = 0x22
};

#define ONYM_SECRET_LEN_MAX        1024U /* bytes of K; longer ones and empty ones prove nothing */
#define ONYM_SECRET_ITERATIONS_MAX 100000U
#define ONYM_SECRET_KEY_BITS_MIN   128U
#define ONYM_SECRET_KEY_BITS_MAX   512U
#define ONYM_SECRET_SALT_LEN_MAX   64U
#define ONYM_SECRET_MAC_LEN_MAX    32U
#define ONYM_SECRET_ANSWER_LEN_MAX 256U /* holds every answer */
#define ONYM_SECRET_HASHED_LEN     40U

/* What clients of 2.7 and later use. */
#define ONYM_SECRET_ITERATIONS_USUAL 10000U
#define ONYM_SECRET_KEY_BITS_USUAL   160U
#define ONYM_SECRET_SALT_LEN_USUAL   16U

struct onym_secret_answer {
    enum onym_secret_form form;
    onym_span salt;      /* PBKDF2 only, as are the next two */
    uint32_t iterations; /* 1 to ONYM_SECRET_ITERATIONS_MAX */
    uint32_t key_bits;   /* a multiple of 8 */
    onym_span mac;       /* of exactly the form's length */
};

/* Takes an answer apart; nothing is computed. version as in onym_challenged. Spans borrow.
 * ONYM_MALFORMED: a length past the end or not the form's, bytes behind. ONYM_CREDENTIAL_INVALID:
 * an unknown form, or PBKDF2 numbers outside the bounds above. *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_secret_answer_decode(onym_span answer, uint16_t version,
                                                         struct onym_secret_answer *out);

/* ONYM_OK: whoever answered knows the secret. Statuses of decode; ONYM_CREDENTIAL_INVALID also for
 * a form that policy forbids and for a secret that is empty or over ONYM_SECRET_LEN_MAX;
 * ONYM_AUTH_FAILED: the answer is wrong (compared in constant time); ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_secret_answer_verify(onym_span secret,
                                                         const struct onym_challenged *about,
                                                         onym_span answer,
                                                         const struct onym_auth_policy *policy);

/* Answers in the form and with the salt, iterations and key bits of `how` (its mac is not looked
 * at). ONYM_OK and *len set, ONYM_INVALID for numbers outside the bounds, ONYM_CREDENTIAL_INVALID
 * for the secret as above, ONYM_NO_SPACE, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_secret_answer_compute(onym_span secret,
                                                          const struct onym_challenged *about,
                                                          const struct onym_secret_answer *how,
                                                          uint8_t *out, size_t cap, size_t *len);

/* Answers as a client of about->version does: the first row of the table, 02, or 22 with a fresh
 * salt and the usual numbers. Statuses of compute. */
ONYM_MUST_USE enum onym_status onym_secret_answer_make(onym_span secret,
                                                       const struct onym_challenged *about,
                                                       struct onym_rng *rng, uint8_t *out,
                                                       size_t cap, size_t *len);

/* The hashed form of a secret: lower-case hex digits of its SHA-1, without a NUL. ONYM_OK or
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_secret_hashed(onym_span secret,
                                                  char out[ONYM_SECRET_HASHED_LEN]);

#endif
