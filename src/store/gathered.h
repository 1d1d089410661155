/* A digest over many short pieces. They are gathered, because giving a piece to the hash costs as
 * much as hashing a hundred bytes of it. */
#ifndef ONYM_STORE_GATHERED_H
#define ONYM_STORE_GATHERED_H

#include "auth/digest.h"

#define ONYM_GATHERED_MAX 4096U /* bytes before the hash is given them */

struct onym_gathered {
    struct onym_digester *digester; /* borrowed; runs no other digest between start and finish */
    size_t used;
    uint8_t bytes[ONYM_GATHERED_MAX];
};

/* Starts, takes one piece behind the others, and ends, as those of auth/digest.h. */
void onym_gathered_start(struct onym_gathered *gathered, struct onym_digester *digester,
                         enum onym_digest algorithm);
void onym_gathered_add(struct onym_gathered *gathered, onym_span piece);
void onym_gathered_finish(struct onym_gathered *gathered, uint8_t out[ONYM_DIGEST_BYTES_MAX]);

#endif
