/* Bodies of challenge, answer, login and session: reply 402, opcodes 200, 201, 400, 402, 2001.
 * Opcode 401 carries a handle and nothing else (wire/admin.h); opcode 2000 is shaped like a
 * resolution (wire/resolve.h). Source: proto/handle.md sections 8, 11, 13.1.
 *
 * Every decode moves *body past what it read and leaves the rest there: bytes behind are ignored.
 * Spans borrow from *body. Statuses: ONYM_OK, or ONYM_MALFORMED with *body and *out unchanged: a
 * length past the end, a handle over ONYM_NAME_LEN_MAX, another field over ONYM_COUNT_MAX; what
 * else there is stands with the function. Every encode gives ONYM_OK and sets *len, or
 * ONYM_NO_SPACE. */
#ifndef ONYM_WIRE_SESSION_H
#define ONYM_WIRE_SESSION_H

#include "wire/header.h"

/* Reply 402. From version 2.1 on the digest of the request stands in front of the body
 * (onym_reply_digest_decode) and this is only the nonce; before, nonce and digest are two str
 * fields here and the digest is MD5 without a code. */
struct onym_challenge {
    onym_span nonce;  /* 16 bytes from every server seen */
    onym_span digest; /* version < 2.1 only */
};
#define ONYM_NONCE_LEN 16U
ONYM_MUST_USE enum onym_status onym_challenge_decode(onym_span *body, uint16_t version,
                                                     struct onym_challenge *out);
ONYM_MUST_USE enum onym_status onym_challenge_encode(const struct onym_challenge *challenge,
                                                     uint16_t version, uint8_t *out, size_t cap,
                                                     size_t *len);

/* Request 200: the answer to a challenge; what `answer` holds depends on type (11.3). */
struct onym_challenge_answer {
    onym_span type; /* "HS_SECKEY" or "HS_PUBKEY" */
    onym_span user;
    uint32_t index; /* 0 = any key value of that type in the user's record */
    onym_span answer;
};
ONYM_MUST_USE enum onym_status onym_challenge_answer_decode(onym_span *body,
                                                            struct onym_challenge_answer *out);
ONYM_MUST_USE enum onym_status
onym_challenge_answer_encode(const struct onym_challenge_answer *answer, uint8_t *out, size_t cap,
                             size_t *len);

/* Request 201: verify an answer for another server. The digest field is the algorithm's code and
 * the digest; 16 bytes without a code are MD5, as versions before 2.1 have it. Another code, or a
 * length that is not the code's, is ONYM_MALFORMED. */
struct onym_verify_request {
    onym_span user;
    uint32_t index;
    onym_span nonce;
    uint8_t digest_code; /* enum onym_digest_code; 0 = MD5 without a code */
    onym_span digest;
    onym_span answer;
};
ONYM_MUST_USE enum onym_status onym_verify_request_decode(onym_span *body,
                                                          struct onym_verify_request *out);
ONYM_MUST_USE enum onym_status onym_verify_request_encode(const struct onym_verify_request *verify,
                                                          uint8_t *out, size_t cap, size_t *len);

/* Reply to 201: u1, bit 0 = the answer is right; other bits are ignored and written as 0. */
ONYM_MUST_USE enum onym_status onym_verify_reply_decode(onym_span *body, bool *valid);
ONYM_MUST_USE enum onym_status onym_verify_reply_encode(bool valid, uint8_t *out, size_t cap,
                                                        size_t *len);

/* Opcode 400. The writers of both directions count the mode as four bytes and leave two zero bytes
 * at the end of the body; they are written and may be missing. */
enum onym_session_mode {
    ONYM_SESSION_CLIENT_KEY = 1,
    ONYM_SESSION_SERVER_KEY = 2,
    ONYM_SESSION_HANDLE_KEY = 3,
    ONYM_SESSION_DIFFIE_HELLMAN = 4
};
#define ONYM_SESSION_NO_INDEX 0xFFFFFFFFU /* identity_index without an identity */

struct onym_session_setup {
    uint16_t mode;
    uint32_t timeout_s;
    onym_span identity; /* may be empty */
    uint32_t identity_index;
    onym_span public_key; /* modes 1 and 4: HS_PUBKEY data */
    onym_span key_name;   /* mode 3 */
    uint32_t key_index;   /* mode 3 */
    bool no_tail;         /* set by decode: the two zero bytes were missing; encode ignores it */
};
/* ONYM_UNSUPPORTED for a mode that is none of the four, since what follows is then unknown; encode
 * refuses such a mode with ONYM_INVALID. */
ONYM_MUST_USE enum onym_status onym_session_setup_decode(onym_span *body,
                                                         struct onym_session_setup *out);
ONYM_MUST_USE enum onym_status onym_session_setup_encode(const struct onym_session_setup *setup,
                                                         uint8_t *out, size_t cap, size_t *len);

struct onym_session_reply {
    uint16_t mode;
    onym_span data; /* by mode; onym_session_key_cut takes it apart for modes 1 and 4 */
    bool no_tail;   /* as above */
};
ONYM_MUST_USE enum onym_status onym_session_reply_decode(onym_span *body,
                                                         struct onym_session_reply *out);
ONYM_MUST_USE enum onym_status onym_session_reply_encode(const struct onym_session_reply *reply,
                                                         uint8_t *out, size_t cap, size_t *len);

enum onym_session_cipher {
    ONYM_CIPHER_DES = 1,
    ONYM_CIPHER_TRIPLE_DES = 2,
    ONYM_CIPHER_AES = 3,
    ONYM_CIPHER_SM4 = 4
};
/* What a session reply's data holds in modes 1 and 4: u4 cipher and the key; before version 2.4 the
 * key only, and the cipher is DES. ONYM_MALFORMED when the cipher is cut short. */
struct onym_session_key {
    uint32_t cipher; /* enum onym_session_cipher; the decoder accepts any */
    onym_span key;   /* mode 4: HS_PUBKEY data of kind DH; mode 1: encrypted to the client */
};
ONYM_MUST_USE enum onym_status onym_session_key_cut(onym_span data, uint16_t version,
                                                    struct onym_session_key *out);
ONYM_MUST_USE enum onym_status onym_session_key_join(const struct onym_session_key *key,
                                                     uint16_t version, uint8_t *out, size_t cap,
                                                     size_t *len);

/* Request 402: str, the session key encrypted to the server. */
ONYM_MUST_USE enum onym_status onym_session_exchange_decode(onym_span *body, onym_span *key);
ONYM_MUST_USE enum onym_status onym_session_exchange_encode(onym_span key, uint8_t *out, size_t cap,
                                                            size_t *len);

/* Request 2001: who wants to log in with a key. */
struct onym_key_login {
    onym_span user;
    uint32_t index;
};
ONYM_MUST_USE enum onym_status onym_key_login_decode(onym_span *body, struct onym_key_login *out);
ONYM_MUST_USE enum onym_status onym_key_login_encode(const struct onym_key_login *login,
                                                     uint8_t *out, size_t cap, size_t *len);

#endif
