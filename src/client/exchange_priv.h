/* What the two halves of an exchange share: exchange.c keeps the time and the legs,
 * exchange_reply.c judges replies. For these two files alone. */
#ifndef ONYM_CLIENT_EXCHANGE_PRIV_H
#define ONYM_CLIENT_EXCHANGE_PRIV_H

#include "auth/digest.h"
#include "client/exchange.h"

enum onym_exchange_state { STATE_OPEN, STATE_OPENING, STATE_SENDING, STATE_WAITING, STATE_ENDED };

/* How much a leg without an answer tells; what tells more is reported when no leg brings one. */
enum onym_exchange_rank { RANK_NOTHING, RANK_LOCAL, RANK_SILENCE, RANK_REPLY };

/* What lives as long as one question. */
struct onym_question {
    enum onym_exchange_state state;
    size_t leg; /* server * 2 + (0 UDP, 1 TCP) */
    unsigned attempt;
    uint32_t request_id;
    size_t request_len;
    size_t send_offset; /* UDP: message bytes of this attempt sent so far */
    bool wants_digest;
    uint64_t end_ms;  /* of the whole question */
    uint64_t wait_ms; /* of the present state */
    uint32_t bytes;   /* of the reply so far */
    uint32_t packets;
    size_t parts_len; /* value bytes collected from parts before the last */
    uint32_t parts_count;
    enum onym_exchange_rank rank;
    struct onym_client_result fallback; /* of that rank */
    struct onym_client_result result;
};

struct onym_exchange {
    struct onym_client_options options;
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    struct onym_rng rng;
    struct onym_digester *digester;
    struct onym_question q;
    struct onym_gather gather;
    uint8_t packet[ONYM_PACKET_LEN_MAX];
    uint8_t request[ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX];
    uint8_t parts[ONYM_COUNT_MAX]; /* values of a reply in parts, or a body being written */
};

static inline size_t
onym_exchange_server(const struct onym_exchange *x)
{
    return x->q.leg / 2;
}

static inline bool
onym_exchange_over_tcp(const struct onym_exchange *x)
{
    return x->q.leg % 2 == 1;
}

static inline enum onym_transport
onym_exchange_transport(const struct onym_exchange *x)
{
    return onym_exchange_over_tcp(x) ? ONYM_TRANSPORT_TCP : ONYM_TRANSPORT_UDP;
}

/* exchange.c: whether another leg follows the present one. */
bool onym_exchange_has_next_leg(const struct onym_exchange *x);
/* exchange.c: goes there, or ends with the fallback when there is none. */
void onym_exchange_next_leg(struct onym_exchange *x);
/* exchange.c: ends the question; the number of requests sent is kept. */
void onym_exchange_end(struct onym_exchange *x, const struct onym_client_result *result);
/* exchange.c: keeps why this leg brought nothing, unless an earlier one told more. */
void onym_exchange_remember(struct onym_exchange *x, enum onym_exchange_rank rank,
                            enum onym_outcome outcome, enum onym_status status, const char *detail);
/* exchange_reply.c: judges the whole message that gather holds: ends the question, takes one part
 * of it, or goes to the next leg. */
void onym_exchange_judge(struct onym_exchange *x, struct onym_moment now);
/* exchange_reply.c: a reply not to be believed ends the leg. */
void onym_exchange_refuse(struct onym_exchange *x, const char *detail);

#endif
