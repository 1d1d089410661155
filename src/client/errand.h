/* One request over TCP that may need proof of who asks - a change, a list, a look at private values
 * - without sockets: bytes and time in, bytes, waits and an outcome out. Tests own the clock.
 * Source: proto/handle.md sections 8, 11 and 15.
 *
 *   OPEN -> OPENING -> READY -> SENDING -> WAITING -- reply ------------------------> ENDED
 *     ^        |         ^                    |
 *     |        |         +---- challenge -----+    the answer goes over the same connection,
 *     +--------+                                   or over a new one when the server closed it
 *    next server, or the answer's new connection
 *
 * What makes it differ from an exchange (client/exchange.h), which resolves:
 * - A change goes out once. When it may have arrived and nothing that can be believed came back,
 *   the outcome is unknown (ONYM_UNCERTAIN); as long as it cannot have arrived, or the server has
 *   only asked for proof, it is failed. Another server is tried only while nothing was sent.
 * - A challenge is answered once, and only when its digest is that of the request.
 * - Names of a list are handed out part by part; nothing is gathered, so a list may be long.
 *
 * When a connection is lost:
 *
 *                | request                        | answer to the challenge
 *   not open yet | next server, else failed       | failed
 *   not sent     | next server, else failed       | a new connection, once
 *   partly sent  | next server, else failed       | failed
 *   sent         | change: unknown; read: as not sent, but unknown
 */
#ifndef ONYM_CLIENT_ERRAND_H
#define ONYM_CLIENT_ERRAND_H

#include "auth/digest.h"
#include "base/writer.h"
#include "client/exchange.h"
#include "client/proof.h"

/* A nonce that is accepted; every server seen sends 16 bytes. */
#define ONYM_ERRAND_NONCE_MIN 8U
#define ONYM_ERRAND_NONCE_MAX 64U

struct onym_errand; /* opaque; about 1.6 MiB of address space, touched only as far as used */

/* As onym_exchange_new. Servers that may not be asked over TCP are left out. */
ONYM_MUST_USE enum onym_status onym_errand_new(const struct onym_client_options *options,
                                               struct onym_rng rng, struct onym_errand **out);
void onym_errand_free(struct onym_errand *x); /* NULL is fine */

/* Answers challenges with this proof from now on; NULL: not at all. It must outlive its use. */
void onym_errand_identify(struct onym_errand *x, const struct onym_proof *proof);

/* What is sent, and who hears the names of a list. */
struct onym_errand_order {
    uint32_t opcode;                        /* enum onym_opcode */
    uint32_t flags;                         /* operation flags of wire/header.h */
    enum onym_status draft;                 /* not ONYM_OK: the draft could not be written */
    size_t body_len;                        /* bytes of it */
    bool (*each)(void *of, onym_span name); /* opcodes 105 and 302 */
    void *of;
};

/* Room for the body of the next request. Results of earlier questions do not lie in it, so a body
 * may be made of them. */
struct onym_writer onym_errand_draft(struct onym_errand *x);

/* Begins with the body just drafted. A draft that failed, or a client without a server for TCP,
 * ends at once with ONYM_INVALID; see onym_errand_next. */
void onym_errand_start(struct onym_errand *x, const struct onym_errand_order *order,
                       struct onym_moment now);

/* What to do now, as onym_exchange_next: the transport is always TCP, SEND is said once for the
 * request and once for an answer. */
struct onym_wish onym_errand_next(struct onym_errand *x, struct onym_moment now);

/* The connection stands. */
void onym_errand_opened(struct onym_errand *x, struct onym_moment now);
/* All bytes of the last SEND have left this program. Before this, a lost connection means that the
 * server cannot have the whole request. */
void onym_errand_sent(struct onym_errand *x, struct onym_moment now);
/* The connection could not be made, or broke, or its peer closed it; `why` is static. */
void onym_errand_lost(struct onym_errand *x, const char *why, bool local, struct onym_moment now);
/* Bytes arrived, cut anywhere. Computes the proof when they hold a challenge. */
void onym_errand_stream(struct onym_errand *x, onym_span bytes, struct onym_moment now);

/* After END: everything but elapsed_us. Spans live until the next start or free. */
const struct onym_client_result *onym_errand_result(const struct onym_errand *x);

/* The challenge of the last errand, for people who look for a fault. */
struct onym_errand_challenge {
    bool seen;
    uint32_t id;         /* session id of the envelope */
    uint16_t version;    /* the answer's form follows it */
    uint8_t digest_code; /* enum onym_digest_code */
    uint8_t digest_len;
    uint8_t nonce_len;
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    uint8_t nonce[ONYM_ERRAND_NONCE_MAX];
    bool answered;
};
const struct onym_errand_challenge *onym_errand_challenge(const struct onym_errand *x);

#endif
