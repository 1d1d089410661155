/* The table `outcome`: what became of an operation, by its id, so that one sent again gets its
 * first answer and is not done twice. An outcome is written in the transaction of its operation and
 * kept ONYM_OUTCOME_KEPT_MS; older ones are taken away a few at a time by later transactions.
 *
 *   key    16 bytes operation id
 *   value  u1 version 2, u1 marks (1 unchanged, 2 replaced), u6 time (epoch ms), u8 sequence of its
 *          log entry or 0, u6 revision, u6 time the record was created, u8 hash of what was asked,
 * u1 length and name of the status, u2 length and name of the identifier. Version 1 has no time of
 * creation
 */
#ifndef ONYM_STORE_OUTCOME_H
#define ONYM_STORE_OUTCOME_H

#include "onym/model/operation.h"

#define ONYM_OUTCOME_KEPT_MS (24U * 3600U * 1000U)

struct onym_outcome {
    enum onym_status status;
    bool unchanged, replaced;
    uint64_t time_ms;
    uint64_t sequence;
    uint64_t revision;
    uint64_t created_ms; /* of the record that revision is of; 0 when it is not known */
    uint64_t asked;      /* onym_outcome_asked; another hash under the same id is another request */
    onym_span name;      /* registered spelling; empty when nothing was changed */
};

/* Where the search for old outcomes goes on; zero at the start. Kept by who prunes. */
struct onym_outcome_place {
    uint8_t next[ONYM_OPERATION_ID_LEN];
};

/* A hash of what is asked: the same for the same request sent again, whenever and from wherever,
 * and whatever suffix was minted for it. */
uint64_t onym_outcome_asked(const struct onym_operation *op);

#endif
