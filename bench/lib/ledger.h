/* What broken packets were sent lately and what came back for each request id, so that a refusal
 * larger than what it refuses is seen (no amplification for forged sources, proto/handle.md 14.1).
 * Ids count up from packet to packet, so the latest 65536 are known without doubt.
 * A digest that a request asked for belongs to what was asked and is allowed on top. */
#ifndef BENCH_LIB_LEDGER_H
#define BENCH_LIB_LEDGER_H

#include "onym/span.h"

#define BENCH_LEDGER_SLOTS 65536U
#define BENCH_LEDGER_FRONT 96U /* bytes kept of the packets that are shown */

struct bench_ledger_entry {
    uint32_t id, bytes_in, bytes_out, code;
    uint32_t front_len;
    uint8_t front[BENCH_LEDGER_FRONT];
};

/* All zero is the empty ledger. */
struct bench_ledger {
    uint64_t replies;                       /* all packets that came back */
    uint64_t success;                       /* of them answers and referrals */
    uint64_t unmatched;                     /* nothing lately sent carried that id */
    uint64_t refused_in, refused_out;       /* bytes of refused packets and of their refusals */
    uint64_t larger;                        /* refusals larger than the request */
    uint64_t larger_by_digest;              /* larger only by the digest that was asked for */
    struct bench_ledger_entry first_larger; /* the request */
    uint8_t first_larger_reply[BENCH_LEDGER_FRONT]; /* and what it drew */
    uint32_t first_larger_reply_len;
    struct bench_ledger_entry entry[BENCH_LEDGER_SLOTS];
};

/* Notes a packet that is sent under an id no other packet carries; ids count up by one. */
void bench_ledger_sent(struct bench_ledger *ledger, uint32_t id, onym_span packet);

/* Judges a packet that came back; at least 12 bytes. */
void bench_ledger_reply(struct bench_ledger *ledger, onym_span packet);

#endif
