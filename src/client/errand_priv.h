/* What the two halves of an errand share: errand.c keeps the time and the connections,
 * errand_reply.c judges replies and answers challenges. For these two files alone. */
#ifndef ONYM_CLIENT_ERRAND_PRIV_H
#define ONYM_CLIENT_ERRAND_PRIV_H

#include "client/errand.h"

enum onym_errand_state {
    ERRAND_OPEN,
    ERRAND_OPENING,
    ERRAND_READY,   /* connected, SEND not said yet */
    ERRAND_SENDING, /* SEND said, not all bytes gone */
    ERRAND_WAITING,
    ERRAND_ENDED
};

/* What lives as long as one errand. */
struct onym_errand_run {
    struct onym_errand_order order;
    enum onym_errand_state state;
    bool answering; /* the answer to a challenge is what goes out */
    size_t server;
    uint32_t request_id; /* of the message that waits for its reply */
    size_t request_len;
    size_t answer_len;
    uint64_t end_ms;  /* of the whole errand, or of the next part of a list */
    uint64_t wait_ms; /* of the present state */
    uint32_t bytes;   /* of the reply so far */
    uint32_t packets;
    uint64_t listed;
    size_t parts_len; /* value bytes of a resolution in parts */
    uint32_t parts_count;
    bool local; /* the fallback is this machine's fault */
    bool has_fallback;
    struct onym_client_result fallback; /* of the servers that could not be reached */
    struct onym_client_result result;
    struct onym_errand_challenge challenge;
};

struct onym_errand {
    struct onym_client_options options;
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    struct onym_rng rng;
    struct onym_digester *digester;
    const struct onym_proof *proof;
    struct onym_errand_run r;
    struct onym_gather gather;
    uint8_t answer[ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN + ONYM_PROOF_BODY_MAX + 4U];
    uint8_t request[ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX];
    uint8_t parts[ONYM_COUNT_MAX];
};

/* errand.c: whether the order changes what is registered. */
bool onym_errand_is_change(const struct onym_errand *x);
/* errand.c: ends the errand. */
void onym_errand_end(struct onym_errand *x, const struct onym_client_result *result);
/* errand.c: ends it without an answer that counts. */
void onym_errand_fail(struct onym_errand *x, enum onym_outcome outcome, enum onym_status status,
                      const char *detail);
/* What stands around the body of a message. */
struct onym_errand_frame {
    uint32_t opcode;
    uint32_t flags;
    uint32_t session_id;
    size_t body_len;
};
/* errand.c: writes envelope, header and the empty credential around a body that stands in its place
 * in `message`, under a fresh request id, and gives the length of all. */
size_t onym_errand_write(struct onym_errand *x, uint8_t *message,
                         const struct onym_errand_frame *frame, struct onym_moment now);
/* errand_reply.c: judges the whole message that gather holds. */
void onym_errand_judge(struct onym_errand *x, struct onym_moment now);
/* errand_reply.c: bytes that are no reply, or one not to be believed. */
void onym_errand_refuse(struct onym_errand *x, const char *detail);

#endif
