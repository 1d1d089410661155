#include "net/kept.h"

#include "base/hash.h"
#include "net/address.h"

#define NETWORK_LEN 8U /* of IPv6: whoever has one address of a /64 has all of it */

uint16_t
onym_kept_source(const struct onym_kept *kept, const struct sockaddr *peer)
{
    onym_span bytes;

    if (peer->sa_family != AF_INET && peer->sa_family != AF_INET6) {
        return 0;
    }
    bytes = onym_address_bytes(peer);
    bytes = onym_span_front(bytes, bytes.len > NETWORK_LEN ? NETWORK_LEN : bytes.len);
    return (uint16_t)(1 + onym_hash64(bytes, kept->seed) % (ONYM_KEPT_SOURCES - 1));
}

bool
onym_kept_take(struct onym_kept *kept, uint16_t source, size_t bytes)
{
    size_t left = kept->max - kept->used;

    if (bytes > left || (source != 0 && (kept->by_source[source] > left - bytes ||
                                         bytes > left - bytes - kept->by_source[source]))) {
        return false;
    }
    kept->used += bytes;
    kept->by_source[source] += bytes;
    return true;
}

void
onym_kept_give(struct onym_kept *kept, uint16_t source, size_t bytes)
{
    kept->used -= bytes;
    kept->by_source[source] -= bytes;
}
