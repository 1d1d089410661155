/* Datagrams of the Handle protocol: joins net/udp to service/datagram. One per worker. */
#ifndef ONYM_SERVER_PACKETS_H
#define ONYM_SERVER_PACKETS_H

#include "config/settings.h"
#include "net/udp.h"
#include "service/datagram.h"

struct onym_packets {
    struct onym_view *view; /* the worker's; changes when the store is opened anew */
    struct onym_datagram_service service;
    struct onym_arena *arena;
    struct onym_admit admit;
    struct onym_udp *udp[ONYM_LISTEN_MAX];
    size_t count;
};

/* Lays the limits and the memory for fragments out; answers through answerer. Everything borrowed
 * outlives it. ONYM_OK, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_packets_init(struct onym_packets *packets,
                                                 const struct onym_settings *settings,
                                                 uint64_t seed, struct onym_answerer *answerer,
                                                 struct onym_arena *arena,
                                                 struct onym_counters *counters);

/* Opens the sockets of settings->handle_udp on the loop. Statuses of onym_udp_open. */
ONYM_MUST_USE enum onym_status onym_packets_listen(struct onym_packets *packets, uv_loop_t *loop,
                                                   const struct onym_settings *settings,
                                                   struct onym_fault *fault);

/* Writes the ports that were bound into settings, for addresses with port 0. */
void onym_packets_ports(const struct onym_packets *packets, struct onym_settings *settings);

/* Packets the kernel did not take, of all sockets. */
uint64_t onym_packets_send_failures(const struct onym_packets *packets);

/* Answers what has arrived and closes the sockets; may be called again. */
void onym_packets_close(struct onym_packets *packets);
/* Frees what init took, when the loop has run out. */
void onym_packets_deinit(struct onym_packets *packets);

#endif
