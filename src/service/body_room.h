/* Memory for what a worker holds of requests: bodies that are being read, rows and results of many
 * changes. A bound for all of it, and a share of that for each address: bodies come before anybody
 * has proven who they are, and one machine must not take the room of all. An IPv6 address counts
 * as its /64. Only numbers are kept here; who takes allocates. One thread at a time. */
#ifndef ONYM_SERVICE_BODY_ROOM_H
#define ONYM_SERVICE_BODY_ROOM_H

#include "onym/span.h"

#define ONYM_BODY_ROOM_DEFAULT ((size_t)64 << 20)
#define ONYM_BODY_SOURCES      256U /* addresses fall on one of these */
#define ONYM_BODY_SHARE        4U   /* one source takes at most this part of all */

/* The zero struct is usable: the default bound, and sources that can be foreseen. */
struct onym_body_room {
    size_t max;    /* bytes of all; 0 = the default */
    uint64_t seed; /* random: which addresses share a source must not be foreseeable */
    size_t used;
    size_t by_source[ONYM_BODY_SOURCES];
};

/* Which source an address (as text) falls on. */
uint32_t onym_body_source(const struct onym_body_room *room, onym_span address);

/* False: the bound of all or the share of the source does not allow it, and nothing is taken. */
bool onym_body_room_take(struct onym_body_room *room, uint32_t source, size_t bytes);
/* Takes without asking: what must be held in any case. */
void onym_body_room_add(struct onym_body_room *room, uint32_t source, size_t bytes);
/* Needs bytes that were taken for the source. */
void onym_body_room_give(struct onym_body_room *room, uint32_t source, size_t bytes);

#endif
