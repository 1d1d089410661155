/* Memory for what connections leave in it, unused input and unsent output, and how it is shared:
 * an address has at most as much as is left free, so that nobody takes it all from the others. */
#ifndef ONYM_NET_KEPT_H
#define ONYM_NET_KEPT_H

#include "onym/span.h"
#include "onym/status.h"

#include <sys/socket.h>

/* Addresses share a source by chance. */
#define ONYM_KEPT_SOURCES 1024U

struct onym_kept {
    size_t max;
    uint64_t seed; /* by which addresses are sources, so that nobody chooses whose source is his */
    size_t used;
    size_t by_source[ONYM_KEPT_SOURCES];
};

/* The source of a peer, an IPv6 network of 64 bits counting as one address: 1 to
 * ONYM_KEPT_SOURCES - 1; 0 for peers without one, whom nothing but max bounds. */
uint16_t onym_kept_source(const struct onym_kept *kept, const struct sockaddr *peer);

/* False: there is no room for so many bytes of that source. Nothing is taken then. */
ONYM_MUST_USE bool onym_kept_take(struct onym_kept *kept, uint16_t source, size_t bytes);

/* Gives back what was taken. */
void onym_kept_give(struct onym_kept *kept, uint16_t source, size_t bytes);

#endif
