#include "service/body_room.h"

#include "base/hash.h"

#include <arpa/inet.h>

uint32_t
onym_body_source(const struct onym_body_room *room, onym_span address)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr v6;
    onym_span who = address;

    if (address.len < sizeof text && address.len > 0) {
        memcpy(text, address.at, address.len);
        if (inet_pton(AF_INET6, text, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
            who = onym_span_of(v6.s6_addr, 8);
        }
    }
    return (uint32_t)(onym_hash64(who, room->seed) % ONYM_BODY_SOURCES);
}

bool
onym_body_room_take(struct onym_body_room *room, uint32_t source, size_t bytes)
{
    size_t max = room->max > 0 ? room->max : ONYM_BODY_ROOM_DEFAULT;
    size_t share = max / ONYM_BODY_SHARE;

    if (bytes > share || room->by_source[source] > share - bytes || room->used > max - bytes) {
        return false;
    }
    onym_body_room_add(room, source, bytes);
    return true;
}

void
onym_body_room_add(struct onym_body_room *room, uint32_t source, size_t bytes)
{
    room->used += bytes;
    room->by_source[source] += bytes;
}

void
onym_body_room_give(struct onym_body_room *room, uint32_t source, size_t bytes)
{
    room->used -= bytes;
    room->by_source[source] -= bytes;
}
