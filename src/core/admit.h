/* How many answers a source network may draw over UDP, so that forged sources cannot turn the node
 * into an amplifier. Token buckets per IPv4 /24 or IPv6 /64 in a table of fixed size, one table per
 * worker; pure, with the time as a parameter. */
#ifndef ONYM_CORE_ADMIT_H
#define ONYM_CORE_ADMIT_H

#include "onym/span.h"

/* Slots of the table; a new network replaces the one of its set that was quiet longest. */
#define ONYM_ADMIT_SETS 2048U
#define ONYM_ADMIT_WAYS 4U

struct onym_admit_bucket {
    uint64_t network; /* keyed hash of the network; 0 = empty */
    uint64_t filled_ns;
    uint64_t busy_told_ns; /* when the last "busy" went out; 0 = never */
    double tokens;
};

/* Networks that are never limited. */
#define ONYM_ADMIT_EXEMPT_MAX 64U

struct onym_admit_network {
    uint8_t address[16]; /* network order, the front 4 or 16 bytes */
    uint8_t len;         /* 4 or 16 */
    uint8_t bits;
};

struct onym_admit {
    uint64_t seed;     /* random per process, so that sets cannot be aimed at */
    double per_second; /* packets; 0 = no limit */
    size_t exempt_count;
    struct onym_admit_network exempt[ONYM_ADMIT_EXEMPT_MAX];
    struct onym_admit_bucket bucket[ONYM_ADMIT_SETS][ONYM_ADMIT_WAYS];
};

enum onym_admission {
    ONYM_ADMIT_ANSWER, /* within the limit */
    ONYM_ADMIT_BUSY,   /* over it: one short "server too busy" may go out now */
    ONYM_ADMIT_DROP    /* over it: say nothing */
};

/* No network is known and none exempt. per_second: packets to one network; 0 = no limit. */
void onym_admit_init(struct onym_admit *admit, uint64_t seed, uint32_t per_second);

/* Adds a network (4 or 16 bytes of address and a prefix length) that is never limited; beyond
 * ONYM_ADMIT_EXEMPT_MAX nothing is added. */
void onym_admit_exempt(struct onym_admit *admit, onym_span address, uint8_t bits);

/* Asks for one request from `address` (4 or 16 bytes, network order). A bucket holds one tenth of a
 * second's packets, at least 16. Over the limit a busy answer is due once a second per network. */
enum onym_admission onym_admit_ask(struct onym_admit *admit, onym_span address, uint64_t now_ns);

/* Takes the packets of an answer beyond the first from the same bucket; it may go below zero. */
void onym_admit_charge(struct onym_admit *admit, onym_span address, uint32_t packets);

#endif
