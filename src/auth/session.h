/* The arithmetic of sessions: agreeing on a key by Diffie-Hellman, encrypting messages with it, and
 * refusing repeats. Source: proto/handle.md section 13. Nothing here knows a session's id, age or
 * identity.
 *
 * Only mode 4 with AES is supported. The group is the client's choice: a bad one hurts nobody but
 * that client, since our half is fresh for every session, and the MAC, not the group, decides who
 * may do what. So size and range are checked, primality is not. */
#ifndef ONYM_AUTH_SESSION_H
#define ONYM_AUTH_SESSION_H

#include "base/rng.h"
#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

#define ONYM_DH_BITS_FLOOR  1024U /* the default floor; what the reference client uses */
#define ONYM_DH_BITS_MAX    4096U
#define ONYM_DH_DATA_MAX    2048U /* holds the HS_PUBKEY data of every half in these bounds */
#define ONYM_DH_KEY_LEN     32U
#define ONYM_DH_CLIENT_BITS 2048U

struct onym_session_secret {
    uint8_t bytes[ONYM_DH_KEY_LEN]; /* all key the MAC, the first 16 the cipher */
};

/* One half of a Diffie-Hellman exchange: a group and a private number. */
struct onym_dh; /* opaque */

/* The server's half, in the group of a client's DH_PUB_KEY (HS_PUBKEY data). ONYM_OK and *out, to
 * be freed with onym_dh_free. ONYM_SESSION_REQUEST_INVALID: not a DH_PUB_KEY. ONYM_SESSION_FAILED:
 * p below bits_min or above ONYM_DH_BITS_MAX bits or even, g or y outside 2 to p - 2.
 * ONYM_NO_MEMORY. bits_min is raised to 512, below which nothing is computed. */
ONYM_MUST_USE enum onym_status onym_dh_answer(onym_span client_key, unsigned bits_min,
                                              struct onym_dh **out);
/* A client's half, in the 2048-bit group 14 of RFC 3526. ONYM_OK or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_dh_start(struct onym_dh **out);
/* A half with a given private number (1 to p - 2, big-endian) in the group of a DH_PUB_KEY: known
 * answers. Statuses of onym_dh_answer, ONYM_INVALID for the number. */
ONYM_MUST_USE enum onym_status onym_dh_fixed(onym_span group_key, onym_span number,
                                             struct onym_dh **out);
void onym_dh_free(struct onym_dh *dh); /* NULL is fine; wipes the private number */

/* Our half's DH_PUB_KEY as HS_PUBKEY data. ONYM_OK and *len set, ONYM_NO_SPACE, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_dh_public(const struct onym_dh *dh, uint8_t *out, size_t cap,
                                              size_t *len);

/* The session key from the peer's DH_PUB_KEY, which must be in our group: the secret big-endian at
 * the group's length, leading zeros gone while more than 32 bytes remain, the first 32. ONYM_OK;
 * ONYM_SESSION_REQUEST_INVALID: not a DH_PUB_KEY; ONYM_SESSION_FAILED: another group, y out of
 * range; ONYM_NO_MEMORY. The caller wipes *out (onym_session_secret_wipe). */
ONYM_MUST_USE enum onym_status onym_dh_secret(const struct onym_dh *dh, onym_span peer_key,
                                              struct onym_session_secret *out);
void onym_session_secret_wipe(struct onym_session_secret *secret);

/* ---- encryption: IV, then AES-128-CBC with PKCS#5 padding ---- */

#define ONYM_SESSION_IV_LEN 16U
/* Bytes a message of len takes when encrypted. */
#define ONYM_SESSION_CIPHER_LEN(len) (ONYM_SESSION_IV_LEN + ((len) / 16U + 1U) * 16U)
#define ONYM_SESSION_CIPHER_LEN_MAX  ONYM_SESSION_CIPHER_LEN(ONYM_MESSAGE_LEN_MAX)

/* Encrypts a message (header, body, credential; at most ONYM_MESSAGE_LEN_MAX) under a fresh IV from
 * rng, which must be unpredictable: onym_rng_system outside tests. version as of the message.
 * ONYM_OK: ONYM_SESSION_CIPHER_LEN(message.len) bytes stand at out; ONYM_SESSION_FAILED: version <
 * 2.4 (ECB), or too long; ONYM_NO_SPACE; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_session_encrypt(const struct onym_session_secret *secret,
                                                    uint16_t version, struct onym_rng *rng,
                                                    onym_span message, uint8_t *out, size_t cap);
/* The reverse; out and cipher must not overlap. ONYM_OK and *len set; ONYM_SESSION_FAILED: version
 * < 2.4; ONYM_SESSION_REJECTED: not IV and whole blocks, too long, or padding that does not fit.
 * The MAC is inside: a caller answers a wrong one with the same status, or it tells an attacker
 * which paddings fit. ONYM_NO_SPACE when cap < cipher.len - 16; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_session_decrypt(const struct onym_session_secret *secret,
                                                    uint16_t version, onym_span cipher,
                                                    uint8_t *out, size_t cap, size_t *len);

/* ---- replay ---- */

#define ONYM_REPLAY_WINDOW 200U

/* The counters seen of a session. Start with zero bytes. */
struct onym_replay_window {
    uint32_t highest; /* 0: none seen */
    uint64_t seen[4]; /* bit i % 256: counter i, for i in (highest - 200, highest] */
};

/* Takes note of a counter whose MAC was right. ONYM_OK, or ONYM_SESSION_REJECTED with the window
 * unchanged: seen before, 0, or too far behind the highest to know (H-13.5). */
ONYM_MUST_USE enum onym_status onym_replay_accept(struct onym_replay_window *window,
                                                  uint32_t counter);

#endif
